"""DynamoDB clients whose calls meet what a test wants them to meet."""

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from clickstream_platform.realtime.dynamodb import Dynamo
from clickstream_platform_tests.aws import Aws
from clickstream_platform_tests.lambdas.faults import FaultyProxy
from clickstream_platform_tests.lambdas.stream import created

Behind = Callable[..., tuple[Dynamo, list[str | None]]]
Scripted = Callable[..., tuple[Dynamo, list[Any]]]


@pytest.fixture
def behind(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Behind]:
    """A client whose calls go through a proxy that fails them by a list of faults."""
    created(aws)
    proxies: list[FaultyProxy] = []

    def client(*faults: str | None, patience: float = 5) -> tuple[Dynamo, list[str | None]]:
        met: list[str | None] = []
        plan = iter(faults)

        def decide() -> str | None:
            met.append(next(plan, None))
            return met[-1]

        proxies.append(FaultyProxy(aws.endpoint, decide).__enter__())
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", proxies[-1].endpoint)
        return Dynamo("clickstream-", patience=patience), met

    yield client
    for proxy in proxies:
        proxy.__exit__(None, None, None)


@pytest.fixture
def scripted(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    """A client of a server that gives answers of a list, the last one again and again; and what it was asked."""
    servers: list[ThreadingHTTPServer] = []

    def client(*answers: tuple[int, bytes], patience: float = 5) -> tuple[Dynamo, list[Any]]:
        asked: list[Any] = []
        script = itertools.chain(answers, itertools.repeat(answers[-1]))

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                asked.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                status, body = next(script)
                self.send_response_only(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                return

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        servers[-1].daemon_threads = True
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", f"http://127.0.0.1:{servers[-1].server_port}")
        return Dynamo("clickstream-", patience=patience), asked

    yield client
    for server in servers:
        server.shutdown()
        server.server_close()
