"""One process of a function, seen from outside: asked over pipes, killed when it takes too long."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from clickstream_platform.local_aws.server import open_log

START_SECONDS = 60.0
"""How long importing a handler may take; Lambda allows ten seconds on better machines."""


class FunctionEnded(Exception):
    """A function's process has ended or was killed."""


class FunctionProcess:
    """One process of a function; it serves one event at a time."""

    def __init__(self, handler: str, environment: Mapping[str, str], timeout_seconds: float, log: Path | None) -> None:
        self._timeout = timeout_seconds
        with open_log(log) as errors:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "clickstream_platform.local_aws.runtime", handler],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
                # Ctrl-C in a terminal is for the platform, which lets invocations finish.
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        """Wait for the handler's import."""
        self._exchange(b"", START_SECONDS)

    def ask(self, request_id: str, event: bytes) -> bytes:
        """The answer to one event.

        Raises:
            FunctionEnded: The process was killed for its time, or ended by itself.
        """
        head = json.dumps({"request_id": request_id, "deadline": time.time() + self._timeout})
        return self._exchange(head[:-1].encode() + b',"event":' + event + b"}\n", self._timeout)

    def kill(self) -> None:
        """End it at once."""
        self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue

    def _exchange(self, question: bytes, seconds: float) -> bytes:
        """Write and read with pipes that block: the watch kills the process, and that ends both."""
        late = threading.Event()

        def kill() -> None:
            late.set()
            self._child.kill()

        assert self._child.stdin is not None and self._child.stdout is not None
        watch = threading.Timer(seconds, kill)
        watch.daemon = True
        watch.start()
        try:
            self._child.stdin.write(question)
            self._child.stdin.flush()
            line = self._child.stdout.readline()
        except (BrokenPipeError, ValueError):
            line = b""
        finally:
            watch.cancel()
        if not line.endswith(b"\n"):
            raise FunctionEnded(
                f"Sandbox.Timedout: Task timed out after {seconds:.2f} seconds"
                if late.is_set()
                else "Runtime.ExitError"
            )
        return line
