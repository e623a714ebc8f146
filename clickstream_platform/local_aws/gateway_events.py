"""The events that API Gateway makes of requests, and the responses it makes of answers, in both payload formats."""

import base64
import binascii
import json
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple, Self, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from clickstream_platform.local_aws.environment import ACCOUNT
from clickstream_platform.local_aws.gateway_paths import Found

Format: TypeAlias = Literal["1.0", "2.0"]

_TEXT = ("text/", "application/json", "application/javascript", "application/xml")


class Received(NamedTuple):
    """A request: `target` is its path with the query, headers are as they came, repeated ones too."""

    method: str
    target: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    source_ip: str

    def header(self, wanted: str) -> str:
        """The last one of that name, or nothing."""
        return next((value for name, value in reversed(self.headers) if name.lower() == wanted), "")


class Response(NamedTuple):
    """What goes back."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes

    @classmethod
    def json(cls, status: int, body: Any) -> Self:
        """A response with a JSON body."""
        return cls(status, [("content-type", "application/json")], json.dumps(body).encode())


def event_of(received: Received, found: Found, payload: Format) -> dict[str, Any]:
    """The event of a request that belongs to a route.

    A body is handed over as text where its content type is text and it has no content encoding, otherwise in base64.
    """
    address = urlsplit(received.target)
    query = parse_qsl(address.query, keep_blank_values=True)
    return (_http if payload == "2.0" else _rest)(received, found, address.path, address.query, query)


def response_of(answer: Any, payload: Format) -> Response:
    """The response that a function's answer stands for.

    An HTTP API takes an answer without a status for the body itself; a REST API answers 502 to what it cannot read.
    """
    fault = Response.json(500, {"message": "Internal Server Error"})
    if payload == "1.0":
        fault = Response.json(502, {"message": "Internal server error"})
    if not isinstance(answer, dict) or "statusCode" not in answer:
        return Response.json(200, answer) if payload == "2.0" else fault
    try:
        status, text = int(answer["statusCode"]), answer.get("body") or ""
        body = base64.b64decode(text, validate=True) if answer.get("isBase64Encoded") else text.encode()
        headers = [(name, str(value)) for name, value in (answer.get("headers") or {}).items()]
    except (TypeError, ValueError, AttributeError, binascii.Error):
        return fault
    if not 100 <= status <= 599:
        return fault
    several = (answer.get("multiValueHeaders") or {}).items() if payload == "1.0" else ()
    headers += [(name, str(value)) for name, values in several for value in values]
    headers += [("set-cookie", str(cookie)) for cookie in (answer.get("cookies") or ()) if payload == "2.0"]
    return Response(status, headers, body)


def _http(
    received: Received, found: Found, path: str, raw_query: str, query: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    headers, cookies = _joined((name.lower(), value) for name, value in received.headers), []
    if cookie := headers.pop("cookie", ""):
        cookies = [part.strip() for part in cookie.split(";")]
    now = time.time()
    return {
        "version": "2.0",
        "routeKey": f"ANY {found.template}",
        "rawPath": path,
        "rawQueryString": raw_query,
        **({"cookies": cookies} if cookies else {}),
        "headers": headers,
        **({"queryStringParameters": _joined(query)} if query else {}),
        **({"pathParameters": found.parameters} if found.parameters else {}),
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "local",
            "domainName": headers.get("host", ""),
            "domainPrefix": "local",
            "http": {
                "method": received.method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": received.source_ip,
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": str(uuid.uuid4()),
            "routeKey": f"ANY {found.template}",
            "stage": "$default",
            "time": _clf(now),
            "timeEpoch": int(now * 1000),
        },
        **_body(received),
    }


def _rest(
    received: Received, found: Found, path: str, raw_query: str, query: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    now = time.time()
    return {
        "version": "1.0",
        "resource": found.template,
        "path": path,
        "httpMethod": received.method,
        "headers": dict(received.headers),
        "multiValueHeaders": _grouped(received.headers),
        "queryStringParameters": dict(query) or None,
        "multiValueQueryStringParameters": _grouped(query) or None,
        "pathParameters": found.parameters or None,
        "stageVariables": None,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "local",
            "httpMethod": received.method,
            "identity": {"sourceIp": received.source_ip, "userAgent": received.header("user-agent")},
            "path": f"/local{path}",
            "protocol": "HTTP/1.1",
            "requestId": str(uuid.uuid4()),
            "requestTime": _clf(now),
            "requestTimeEpoch": int(now * 1000),
            "resourcePath": found.template,
            "stage": "local",
        },
        "body": None,
        **_body(received),
    }


def _body(received: Received) -> dict[str, Any]:
    if not received.body:
        return {"isBase64Encoded": False}
    kind = received.header("content-type").strip().lower()
    if kind.startswith(_TEXT) and not received.header("content-encoding"):
        try:
            return {"body": received.body.decode(), "isBase64Encoded": False}
        except UnicodeDecodeError:
            pass  # whatever it is said to be, it cannot stand in JSON as it is
    return {"body": base64.b64encode(received.body).decode(), "isBase64Encoded": True}


def _joined(pairs: Any) -> dict[str, str]:
    """Repeated names once, with their values behind commas."""
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _grouped(pairs: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return grouped


def _clf(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
