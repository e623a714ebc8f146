"""The local API Gateway over real HTTP: events in both payload formats, and what becomes of functions' answers."""

import base64
import http.client
import json
import socket
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import pytest

from clickstream_platform.lambdas.file_ingest.upload import read_upload
from clickstream_platform.lambdas.http_api import is_request, read_request
from clickstream_platform.lambdas.http_routes import FILE_INGEST, INGEST_API, ROUTES
from clickstream_platform.local_aws.functions import InProcess, Invoker, Result
from clickstream_platform.local_aws.gateway import MOST_BYTES, Gateway
from clickstream_platform.local_aws.gateway_events import Format
from clickstream_platform.local_aws.gateway_paths import Paths


class Got(NamedTuple):
    """A response."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Speaks to a gateway on one connection that is kept."""

    def __init__(self, gateway: Gateway) -> None:
        self.connection = http.client.HTTPConnection(gateway.endpoint.removeprefix("http://"), timeout=30)

    def ask(self, method: str, target: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Got:
        self.connection.request(method, target, body, dict(headers or {}))
        response = self.connection.getresponse()
        return Got(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())


Serve = Callable[..., Client]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts gateways before functions."""
    started: list[tuple[Gateway, Client]] = []

    def begin(functions: Mapping[str, Invoker], payload: Format = "2.0") -> Client:
        gateway = Gateway(functions, payload=payload).start()
        started.append((gateway, Client(gateway)))
        return started[-1][1]

    yield begin
    for gateway, client in started:
        client.connection.close()
        gateway.stop()


def echo(event: Any, context: Any) -> Any:
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}


def answering(answer: Any) -> InProcess:
    return InProcess(lambda event, context: answer)


@pytest.mark.parametrize("payload", ["2.0", "1.0"])
def test_a_request_is_what_the_function_reads(serve: Serve, payload: Format) -> None:
    client = serve({INGEST_API: InProcess(echo), FILE_INGEST: InProcess(echo)}, payload)
    headers = {"X-Shop": "a", "Content-Type": "text/plain", "X-Forwarded-For": "198.51.100.1"}
    event = client.ask("POST", "/upload/orders?name=a%20b.csv&x=", "ü".encode(), headers).json

    assert is_request(event)
    request = read_request(event, 100)
    assert (request.method, request.path, request.route) == ("POST", "/upload/orders", "/upload/{dataset}")
    assert request.parameters == {"dataset": "orders"}
    assert request.query == {"name": "a b.csv", "x": ""}
    assert request.headers["x-shop"] == "a"
    assert request.body == "ü".encode()
    assert request.source_ip == "127.0.0.1"
    assert not event["isBase64Encoded"]
    assert read_upload(event, 100).name == "a-b.csv"


def test_payload_2_has_lower_case_headers_and_joins_what_is_repeated(serve: Serve) -> None:
    client = serve({INGEST_API: InProcess(echo)})
    client.connection.putrequest("POST", "/events?key=a&key=b%2C")
    for name, value in [("X-One", "1"), ("x-one", "2"), ("Cookie", "a=1; b=2"), ("Content-Length", "0")]:
        client.connection.putheader(name, value)
    client.connection.endheaders()
    event = json.loads(client.connection.getresponse().read())
    assert event["version"] == "2.0"
    assert event["headers"]["x-one"] == "1,2"
    assert event["cookies"] == ["a=1", "b=2"]
    assert (event["rawQueryString"], event["queryStringParameters"]) == ("key=a&key=b%2C", {"key": "a,b,"})
    assert "body" not in event
    assert event["requestContext"]["http"]["method"] == "POST"


def test_payload_1_keeps_headers_as_they_came_and_all_of_what_is_repeated(serve: Serve) -> None:
    client = serve({INGEST_API: InProcess(echo)}, "1.0")
    event = client.ask("POST", "/events?key=a&key=b", headers={"X-One": "1"}).json
    assert event["headers"]["X-One"] == "1"
    assert event["multiValueHeaders"]["X-One"] == ["1"]
    assert event["queryStringParameters"] == {"key": "b"}
    assert event["multiValueQueryStringParameters"] == {"key": ["a", "b"]}
    assert (event["resource"], event["httpMethod"], event["body"]) == ("/events", "POST", None)


@pytest.mark.parametrize(
    ("headers", "body", "is_binary"),
    [
        ({"content-type": "application/json"}, b"{}", False),
        ({"content-type": "application/json; charset=utf-8"}, b"{}", False),
        ({"content-type": "text/csv"}, b"a", False),
        ({"content-type": "text/csv"}, b"\xff", True),
        ({"content-type": "application/json", "content-encoding": "gzip"}, b"{}", True),
        ({"content-type": "application/octet-stream"}, b"a", True),
        ({"content-type": "application/x-ndjson"}, b"{}", True),
        ({}, b"a", True),
    ],
)
def test_bodies_that_are_no_text_come_in_base64(
    serve: Serve, headers: dict[str, str], body: bytes, is_binary: bool
) -> None:
    event = serve({INGEST_API: InProcess(echo)}).ask("POST", "/events", body, headers).json
    assert event["isBase64Encoded"] == is_binary
    assert read_request(event, 100).body == body


@pytest.mark.parametrize("payload", ["2.0", "1.0"])
def test_an_answer_is_the_response(serve: Serve, payload: Format) -> None:
    answer = {
        "statusCode": 201,
        "headers": {"X-A": "1", "content-length": "99", "bad": "x\r\ny: z"},
        "body": base64.b64encode(b"\xff").decode(),
        "isBase64Encoded": True,
    }
    got = serve({INGEST_API: answering(answer)}, payload).ask("POST", "/events")
    assert (got.status, got.body, got.headers["x-a"], got.headers["content-length"]) == (201, b"\xff", "1", "1")
    assert "y" not in got.headers


def test_an_answer_without_a_status_is_the_body_for_http_apis_and_a_fault_for_rest_apis(serve: Serve) -> None:
    functions = {INGEST_API: answering({"a": 1})}
    assert serve(functions).ask("POST", "/events").json == {"a": 1}
    assert serve(functions, "1.0").ask("POST", "/events").status == 502


@pytest.mark.parametrize(
    "answer",
    [
        {"statusCode": "soon"},
        {"statusCode": 99},
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": 200, "body": "*", "isBase64Encoded": True},
        {"statusCode": 200, "headers": ["x"]},
        {"statusCode": 200, "body": "\ud800"},
    ],
)
@pytest.mark.parametrize(("payload", "status"), [("2.0", 500), ("1.0", 502)])
def test_an_answer_that_is_none_is_a_fault(serve: Serve, payload: Format, status: int, answer: Any) -> None:
    assert serve({INGEST_API: answering(answer)}, payload).ask("POST", "/events").status == status


class Failing:
    """Fails as a process of a function does."""

    function = InProcess(echo).function

    def __init__(self, error: str) -> None:
        self._error = error

    def invoke(self, event: bytes) -> Result:
        return Result("r", error=self._error)


@pytest.mark.parametrize(
    ("payload", "error", "status"),
    [
        ("2.0", "ValueError: secret", 500),
        ("2.0", "Sandbox.Timedout: Task timed out", 503),
        ("1.0", "ValueError: secret", 502),
        ("1.0", "Sandbox.Timedout: Task timed out", 504),
    ],
)
def test_a_function_that_fails_says_nothing_to_the_caller(
    serve: Serve, payload: Format, error: str, status: int
) -> None:
    got = serve({INGEST_API: Failing(error)}, payload).ask("POST", "/events")
    assert (got.status, b"secret" in got.body) == (status, False)


def test_paths_that_no_route_has_are_not_found(serve: Serve) -> None:
    client = serve({INGEST_API: InProcess(echo)})
    for path in ("/", "/event", "/events/1", "/upload/orders", "/upload"):
        assert client.ask("POST", path).status == 404
    assert serve({INGEST_API: InProcess(echo)}, "1.0").ask("GET", "/").status == 403


def test_every_declared_path_has_its_function() -> None:
    paths = Paths({route.path: route.function for route in ROUTES})
    for route in ROUTES:
        found = paths.find(route.path.replace("{", "").replace("}", ""))
        assert found is not None
        assert (found.template, found.function) == (route.path, route.function)


def test_plain_paths_go_before_parameters() -> None:
    paths = Paths({"/replay/{replay_id}": "a", "/replay/all": "b", "/replay/{replay_id}/cancel": "c"})
    for path, function, parameters in [
        ("/replay/all", "b", {}),
        ("/replay/r%201", "a", {"replay_id": "r 1"}),
        ("/replay/r1/cancel", "c", {"replay_id": "r1"}),
    ]:
        found = paths.find(path)
        assert found is not None
        assert (found.function, found.parameters) == (function, parameters)
    assert paths.find("/replay/") is None


def test_a_body_that_api_gateway_or_lambda_does_not_take_is_refused_and_the_connection_lives(serve: Serve) -> None:
    client = serve({INGEST_API: InProcess(echo)})
    text = {"content-type": "text/plain"}
    assert client.ask("POST", "/events", b"x" * (6 << 20), text).status == 413  # with what the event has besides
    assert client.ask("POST", "/events", b"x" * (5 << 20)).status == 413  # base64 is longer
    assert client.ask("POST", "/events", b"x" * (MOST_BYTES + 1), text).status == 413
    connection = client.connection.sock
    assert client.ask("POST", "/events", b"x" * (5 << 20), text).status == 200
    assert client.connection.sock is connection


@pytest.mark.parametrize("head", ["Transfer-Encoding: chunked", "Content-Length: -1", "Content-Length: many"])
def test_a_body_of_unknown_length_is_refused(serve: Serve, head: str) -> None:
    client = serve({INGEST_API: InProcess(echo)})
    with socket.create_connection((client.connection.host, client.connection.port), timeout=30) as raw:
        raw.sendall(f"POST /events HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n".encode())
        assert raw.makefile("rb").read().startswith(b"HTTP/1.1 411 ")


def test_a_client_that_goes_away_halfway_invokes_nothing(serve: Serve) -> None:
    called: list[Any] = []
    client = serve({INGEST_API: InProcess(lambda event, context: called.append(event))})
    with socket.create_connection((client.connection.host, client.connection.port), timeout=30) as raw:
        raw.sendall(b"POST /events HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf")
        raw.shutdown(socket.SHUT_WR)
        assert raw.makefile("rb").read() == b""
    assert called == []


def test_answers_without_a_body_have_none(serve: Serve) -> None:
    client = serve({INGEST_API: answering({"statusCode": 204, "headers": {}, "body": ""})})
    got = client.ask("OPTIONS", "/collect")
    assert (got.status, got.body, "content-length" in got.headers) == (204, b"", False)
    head = serve({INGEST_API: answering({"statusCode": 200, "body": "text"})}).ask("HEAD", "/health")
    assert (head.body, head.headers["content-length"]) == (b"", "4")
