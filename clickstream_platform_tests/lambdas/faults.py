"""An AWS that fails: a proxy before the emulation that breaks requests by plan, and functions that are killed."""

import http.client
import importlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

_MODULE = "clickstream_platform.lambdas.{}.handler"
_THROTTLED = b'{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"slow down"}'
_SERVER_ERROR = b'{"__type":"InternalServerError","message":"broken"}'


class FaultyProxy:
    """Forwards requests to `endpoint`; `decide` names what goes wrong with each.

    `throttle` and `error` refuse the request, `lost` carries it out and breaks the connection before the answer, `kill`
    calls `on_kill` before and `kill_after` after it is carried out. None forwards.
    """

    def __init__(self, endpoint: str, decide: Callable[[], str | None]) -> None:
        self.decide, self.on_kill = decide, lambda: None
        target = urlsplit(endpoint).netloc
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                fault = proxy.decide()
                if fault in ("throttle", "error"):
                    is_throttle = fault == "throttle" and "x-amz-target" in self.headers
                    self._answer(400 if is_throttle else 500, {}, _THROTTLED if is_throttle else _SERVER_ERROR)
                    return
                if fault == "kill":
                    proxy.on_kill()
                    self.close_connection = True
                    return
                connection = http.client.HTTPConnection(target)
                connection.request(self.command, self.path, body, dict(self.headers))
                response = connection.getresponse()
                content = response.read()
                connection.close()
                if fault in ("lost", "kill_after"):
                    if fault == "kill_after":
                        proxy.on_kill()
                    self.close_connection = True
                    return
                self._answer(response.status, dict(response.getheaders()), content)

            def _answer(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
                self.send_response_only(status)
                for name, value in headers.items():
                    if name.lower() not in ("content-length", "connection", "transfer-encoding", "date", "server"):
                        self.send_header(name, value)
                if self.command != "HEAD":
                    self.send_header("content-length", str(len(content)))
                else:
                    self.send_header("content-length", headers.get("Content-Length", "0"))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _serve

            def log_message(self, format: str, *args: Any) -> None:
                return

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                return  # a killed function leaves its connections behind

        self._server = Server(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class Faults:
    """Draws what goes wrong: one request in five on average, one in every nine at least, until `most` have failed."""

    def __init__(self, seed: int, most: int) -> None:
        self._random, self._most = random.Random(seed), most
        self._until_next = self._random.randint(1, 9)
        self.count = 0
        self._lock = threading.Lock()

    def __call__(self) -> str | None:
        with self._lock:
            self._until_next -= 1
            if self.count >= self._most or self._until_next:
                return None
            self._until_next = self._random.randint(1, 9)
            self.count += 1
            return self._random.choice(["throttle", "error", "lost", "kill", "kill_after"])


class ForkingFunction:
    """A function's handler in a child for each invocation: it can be killed at any moment, for nothing.

    The process that forks has everything imported and no thread of its own.
    """

    def __init__(self, environment: Mapping[str, str], function: str = "stream_processor") -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, function],
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._children: list[int] = []

    def start(self, *events: Mapping[str, Any]) -> None:
        """Begin with an invocation for each event, all at the same time."""
        self._write(list(events))
        self._children = json.loads(self._read())

    def results(self) -> list[Any]:
        """What each of them answered; None of one that was killed."""
        results: list[Any] = json.loads(self._read())
        self._children = []
        return results

    def kill(self) -> None:
        """Kill what runs now."""
        for child in self._children:
            try:
                os.kill(child, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)

    def _write(self, message: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()

    def _read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the forking process ended"
        return line


def _fork(event: Mapping[str, Any]) -> tuple[int, int]:
    """Run the handler in a child; its id, and the pipe that its answer comes from."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    try:
        os.close(reading)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        handler = importlib.import_module(_MODULE.format(sys.argv[1])).handler
        os.write(writing, json.dumps(handler(event, None)).encode())
        os._exit(0)
    finally:
        os._exit(1)


def _answer(child: int, pipe: int) -> Any:
    with os.fdopen(pipe) as answer:
        content = answer.read()
    _, status = os.waitpid(child, 0)
    return json.loads(content) if status == 0 and content else None


def _main() -> None:
    # What a first batch loads, once instead of in every child: the bucket's client, crawlers, and pandas, which pyarrow
    # looks for at its first array where it is installed.
    import pyarrow as pa

    import clickstream_platform.ingest.remote_store  # noqa: F401

    importlib.import_module(_MODULE.format(sys.argv[1]))
    from clickstream_platform.contract.agents import read_agent

    read_agent("Mozilla/5.0")
    pa.array([1])

    for line in sys.stdin:
        running = [_fork(event) for event in json.loads(line)]
        print(json.dumps([child for child, _ in running]), flush=True)
        print(json.dumps([_answer(*one) for one in running]), flush=True)


if __name__ == "__main__":
    _main()
