"""Requests that API Gateway hands over, of REST APIs (payload 1.0) and HTTP APIs (payload 2.0), and answers to them."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import unquote

import msgspec

Answer: TypeAlias = dict[str, Any]
"""What API Gateway takes for an answer: `statusCode`, `headers`, `body`."""


class Refusal(Exception):
    """A request that is refused.

    Attributes:
        status: HTTP status.
        headers: What the answer carries besides.
        details: Fields of the answer besides its `error`.
    """

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None, **details: Any) -> None:
        super().__init__(message)
        self.status, self.headers, self.details = status, dict(headers or {}), details


class Request(NamedTuple):
    """A request.

    Attributes:
        path: Decoded, without the stage.
        headers: By lower-case name.
        parameters: Those of the path.
        body: Decoded from base64; empty where only the head was read.
        source_ip: Of who sent it, as API Gateway sees it.
        route: Path of the route that API Gateway found (`/upload/{dataset}`), whatever a custom domain puts before it;
            the path itself where the route takes any.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    parameters: Mapping[str, str]
    body: bytes
    source_ip: str | None
    route: str


def is_request(event: Mapping[str, Any]) -> bool:
    """Whether an event is a request that API Gateway hands on."""
    return "requestContext" in event and ("httpMethod" in event or "http" in event["requestContext"])


def read_request(event: Mapping[str, Any], max_bytes: int) -> Request:
    """The request of an event of API Gateway.

    Raises:
        Refusal: Its body is longer than `max_bytes`, or is not the base64 that it is said to be.
    """
    return read_head(event)._replace(body=read_body(event, max_bytes))


def read_head(event: Mapping[str, Any]) -> Request:
    """The request without its body, for who decides before reading one."""
    context = event["requestContext"]
    http = context.get("http", {})
    path = str(event.get("rawPath") or event.get("path") or "/")
    stage = str(context.get("stage") or "")
    if "http" in context and stage not in ("", "$default") and path.startswith(f"/{stage}/"):
        path = path[len(stage) + 1 :]  # HTTP APIs leave the stage's name in the path, REST APIs do not
    path = unquote(path)
    identity = context.get("identity") or {}
    return Request(
        method=str(event.get("httpMethod") or http.get("method") or "GET").upper(),
        path=path,
        headers={str(name).lower(): str(value) for name, value in (event.get("headers") or {}).items()},
        query={str(name): str(value) for name, value in (event.get("queryStringParameters") or {}).items()},
        parameters={str(name): str(value) for name, value in (event.get("pathParameters") or {}).items()},
        body=b"",
        source_ip=http.get("sourceIp") or identity.get("sourceIp"),
        route=_route(event) or path,
    )


def read_body(event: Mapping[str, Any], max_bytes: int) -> bytes:
    """The bytes of a request's body.

    Raises:
        Refusal: They are more than `max_bytes`, or not the base64 that they are said to be.
    """
    text = event.get("body") or ""
    too_large = Refusal(413, f"the body is longer than {max_bytes} bytes")
    if len(text) // 4 * 3 > max_bytes + 3:
        raise too_large
    if event.get("isBase64Encoded"):
        try:
            body = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise Refusal(400, "the body is not base64, although it is said to be") from None
    else:
        body = text.encode("utf-8", "surrogatepass")
    if len(body) > max_bytes:
        raise too_large
    return body


def answer(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Answer:
    """A JSON answer; without a body where that is None."""
    if body is None:
        return {"statusCode": status, "headers": dict(headers or {}), "body": ""}
    said = {"content-type": "application/json", **(headers or {})}
    return {"statusCode": status, "headers": said, "body": msgspec.json.encode(body, enc_hook=str).decode()}


def refused(refusal: Refusal, correlation_id: str) -> Answer:
    """The answer that says why."""
    body = {"error": str(refusal), **refusal.details, "correlation_id": correlation_id}
    return answer(refusal.status, body, refusal.headers)


def _route(event: Mapping[str, Any]) -> str:
    route = str(event.get("resource") or event.get("routeKey") or "").rpartition(" ")[2]
    return route if route.startswith("/") and "+}" not in route else ""
