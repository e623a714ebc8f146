"""API Gateway on this machine: HTTP requests become a function's events, and its answers become responses.

Payload format 2.0 (HTTP APIs) or 1.0 (REST APIs). Paths are those of `lambdas/http_routes.py`, each with any method.
Not emulated: IAM and other authorizers, throttling, usage plans, custom domains. Whoever reaches the port may call.
"""

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import urlsplit

from clickstream_platform.lambdas.http_routes import ROUTES
from clickstream_platform.local_aws.functions import Invoker, Result
from clickstream_platform.local_aws.gateway_events import Format, Received, Response, event_of, response_of
from clickstream_platform.local_aws.gateway_paths import Paths

MOST_BYTES: Final = 10 << 20
"""Of a body: API Gateway takes no more."""

MOST_EVENT_BYTES: Final = 6 << 20
"""Of the event that is made of it: Lambda takes no more, and base64 makes a body a third longer."""

_DISCARDED_BYTES: Final = 64 << 20
_TOO_LARGE: Final = Response.json(413, {"message": "Request Entity Too Large"})


class Gateway:
    """A server that is running until `stop`.

    Args:
        functions: By name, as routes name them; routes of functions that are not there are not there either.
        host: Address that it listens on.
        port: 0 takes a free one.
        payload: Format of the events.

    Raises:
        OSError: The port cannot be listened on.
    """

    def __init__(
        self, functions: Mapping[str, Invoker], host: str = "127.0.0.1", port: int = 0, payload: Format = "2.0"
    ) -> None:
        self._functions, self._payload = functions, payload
        self._paths = Paths({route.path: route.function for route in ROUTES if route.function in functions})
        self._server = _Server((host, port), _handler_of(self))
        self.endpoint = f"http://{host}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="gateway", daemon=True)

    def start(self) -> "Gateway":
        """Begin."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Take no more requests."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def respond(self, received: Received) -> Response:
        """The response to a request."""
        found = self._paths.find(urlsplit(received.target).path)
        if found is None:
            message, status = ("Not Found", 404) if self._payload == "2.0" else ("Missing Authentication Token", 403)
            return Response.json(status, {"message": message})
        event = json.dumps(event_of(received, found, self._payload)).encode()
        if len(event) > MOST_EVENT_BYTES:
            return _TOO_LARGE
        result = self._functions[found.function].invoke(event)
        return self._failed(result) if result.error is not None else response_of(result.answer, self._payload)

    def _failed(self, result: Result) -> Response:
        late = "Timedout" in (result.error or "")
        if self._payload == "2.0":
            status, message = (503, "Service Unavailable") if late else (500, "Internal Server Error")
        else:
            status, message = (504, "Endpoint request timed out") if late else (502, "Internal server error")
        return Response.json(status, {"message": message})


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


def _handler_of(gateway: Gateway) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            length = self._length()
            if length is None:
                self._write(Response.json(411, {"message": "Length Required"}), ends=True)
            elif length > MOST_BYTES:
                # Clients read the response only once they have sent everything.
                ends = not self._discard(length)
                self._write(_TOO_LARGE, ends=ends)
            else:
                body = self.rfile.read(length)
                if len(body) < length:  # the client went away
                    self.close_connection = True
                    return
                headers = [(name, str(value)) for name, value in self.headers.items()]
                source = str(self.client_address[0])
                self._write(gateway.respond(Received(self.command, self.path, headers, body, source)))

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve

        def _length(self) -> int | None:
            """Bytes of the body; None where that is not said, as chunks are not read here."""
            if "transfer-encoding" in self.headers:
                return None
            given = self.headers.get("content-length", "0").strip()
            return int(given) if given.isascii() and given.isdigit() else None

        def _discard(self, length: int) -> bool:
            if length > _DISCARDED_BYTES:
                return False
            while length > 0 and (part := self.rfile.read(min(length, 1 << 20))):
                length -= len(part)
            return length == 0

        def _write(self, response: Response, *, ends: bool = False) -> None:
            self.close_connection = self.close_connection or ends
            self.send_response_only(response.status)
            for name, value in response.headers:
                if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                    self.send_header(_safe(name), _safe(value))
            if response.status != 204:
                self.send_header("content-length", str(len(response.body)))
            if self.close_connection:
                self.send_header("connection", "close")
            self.end_headers()
            if self.command != "HEAD" and response.status != 204:
                self.wfile.write(response.body)

        def log_message(self, format: str, *args: Any) -> None:
            """Functions have logs of their own."""

    return Handler


def _safe(text: str) -> str:
    """What may stand in a header line."""
    return text.replace("\r", " ").replace("\n", " ").encode("latin-1", "replace").decode("latin-1")
