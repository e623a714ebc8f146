"""The ingest API as API Gateway calls it, in this process, over the emulated AWS; and a Kinesis that refuses."""

import base64
import gzip
import http.client
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace, TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

import pytest

from clickstream_platform.lambdas.environment import settings
from clickstream_platform.lambdas.ingest_api.handler import handler, ingest_api
from clickstream_platform.local_aws.plan import Plan
from clickstream_platform.local_aws.resources import create_all
from clickstream_platform.realtime.tables import IDEMPOTENCY
from clickstream_platform_tests.aws import Aws

REQUEST = "request-1"
STREAM = "clickstream-events"
PATIENT, IMPATIENT = "60", "0.3"

Body = bytes | str | list[Any] | dict[str, Any] | None


class Said(NamedTuple):
    """An answer."""

    status: int
    headers: dict[str, str]
    body: Any

    @property
    def reasons(self) -> list[tuple[int, str, str | None]]:
        return [(one["index"], one["reason"], one["field"]) for one in self.body["refusals"]]


class Api:
    """A new instance of the function, with a stream of two shards and the table that it needs."""

    def __init__(self, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
        self.aws, self._patch = aws, monkeypatch
        create_all(aws.endpoint, Plan(tables=(IDEMPOTENCY,)))
        self.configure(streams=STREAM, storage_timeout_seconds=PATIENT)

    def configure(self, **choices: str) -> None:
        """Start it anew with other settings."""
        for name, value in choices.items():
            self._patch.setenv(f"CLICKSTREAM_{name.upper()}", value)
        self.restart()

    def through(self, endpoint: str, service: str) -> None:
        """Start it anew with another way to a service."""
        self._patch.setenv(f"AWS_ENDPOINT_URL_{service}", endpoint)
        self.restart()

    def restart(self) -> None:
        settings.cache_clear()
        ingest_api.cache_clear()

    def ask(
        self,
        method: str,
        path: str,
        body: Body = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        *,
        rest: bool = False,
    ) -> Said:
        """Send a request; bodies that are bytes go in base64."""
        event = (rest_event if rest else http_event)(method, path, body, dict(headers or {}), dict(query or {}))
        answer = handler(event, SimpleNamespace(aws_request_id=REQUEST))
        assert json.loads(json.dumps(answer)) == answer
        assert all(isinstance(value, str) for value in answer["headers"].values())
        text = answer["body"]
        return Said(answer["statusCode"], answer["headers"], json.loads(text) if text else None)

    def post(self, body: Body, headers: Mapping[str, str] | None = None, **more: Any) -> Said:
        return self.ask("POST", more.pop("path", "/events"), body, headers, **more)

    def on_stream(self, stream: str = STREAM) -> list[dict[str, Any]]:
        """The records of a stream, decoded, with their partition key."""
        kinesis, found = self.aws.client("kinesis"), []
        for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
            place = {"StreamName": stream, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
            records = kinesis.get_records(ShardIterator=kinesis.get_shard_iterator(**place)["ShardIterator"])
            found += [{**json.loads(one["Data"]), "_key": one["PartitionKey"]} for one in records["Records"]]
        return found

    def ids(self, stream: str = STREAM) -> list[str]:
        """The event ids on a stream, sorted."""
        return sorted(one["event_id"] for one in self.on_stream(stream))


def event(event_id: str = "e1", **fields: Any) -> dict[str, Any]:
    """A valid event; a field of `...` is left out."""
    full = {
        "event_id": event_id,
        "event_name": "page_view",
        "event_time": "2026-11-20T10:00:00Z",
        "anonymous_id": "ann",
    }
    return {name: value for name, value in {**full, **fields}.items() if value is not ...}


def events(count: int) -> list[dict[str, Any]]:
    """Valid events of as many people."""
    return [event(f"e{number}", anonymous_id=f"a{number}") for number in range(count)]


def gz(data: Any) -> bytes:
    return gzip.compress(data if isinstance(data, bytes) else json.dumps(data).encode(), mtime=0)


def http_event(method: str, path: str, body: Body, headers: dict[str, str], query: dict[str, str]) -> dict[str, Any]:
    """Payload format 2.0."""
    event = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "headers": headers,
        "requestContext": {"http": {"method": method, "path": path, "sourceIp": "203.0.113.9"}, "stage": "$default"},
        **_encoded(body),
    }
    return {**event, "queryStringParameters": query} if query else event


def rest_event(method: str, path: str, body: Body, headers: dict[str, str], query: dict[str, str]) -> dict[str, Any]:
    """Payload format 1.0, as a custom domain hands it over: with a path of its own before the route."""
    return {
        "resource": path,
        "path": f"/shop{path}",
        "httpMethod": method,
        "headers": {name.title(): value for name, value in headers.items()} or None,
        "queryStringParameters": query or None,
        "requestContext": {"stage": "live", "httpMethod": method, "identity": {"sourceIp": "203.0.113.9"}},
        "body": None,
        **_encoded(body),
    }


def _encoded(body: Body) -> dict[str, Any]:
    if body is None:
        return {"isBase64Encoded": False}
    if isinstance(body, bytes):
        return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    return {"body": body if isinstance(body, str) else json.dumps(body), "isBase64Encoded": False}


Refuse = Callable[[int, Sequence[Mapping[str, Any]]], Mapping[int, str]]


class RefusingKinesis:
    """Forwards `PutRecords` but for the records that `refuse` names an error code for, given the call's number.

    Attributes:
        calls: The partition keys of each call.
    """

    def __init__(self, endpoint: str, refuse: Refuse) -> None:
        self.calls: list[list[str]] = []
        target, lock = urlsplit(endpoint).netloc, threading.Lock()
        kinesis = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                records = asked["Records"]
                with lock:
                    number = len(kinesis.calls)
                    kinesis.calls.append([record["PartitionKey"] for record in records])
                codes = refuse(number, records)
                taken = [record for place, record in enumerate(records) if place not in codes]
                put = iter(self._put({**asked, "Records": taken}) if taken else ())
                said = [
                    {"ErrorCode": codes[place], "ErrorMessage": "slow down"} if place in codes else next(put)
                    for place in range(len(records))
                ]
                content = json.dumps({"FailedRecordCount": len(codes), "Records": said}).encode()
                self.send_response_only(200)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def _put(self, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
                connection = http.client.HTTPConnection(target)
                kept = {name: value for name, value in self.headers.items() if name.lower() != "content-length"}
                connection.request("POST", "/", json.dumps(asked), kept)
                answered: list[dict[str, Any]] = json.loads(connection.getresponse().read())["Records"]
                connection.close()
                return answered

            def log_message(self, format: str, *args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
