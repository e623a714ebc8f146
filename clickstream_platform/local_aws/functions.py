"""Functions as Lambda runs them: each in processes of its own that are killed when they take too long."""

import json
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from clickstream_platform.local_aws.environment import ACCOUNT, REGION, local_environment
from clickstream_platform.local_aws.function_process import FunctionEnded, FunctionProcess
from clickstream_platform.local_aws.runtime import Context, answer


@dataclass(frozen=True)
class Function:
    """A function as it is deployed.

    Attributes:
        handler: `module:function`.
        environment: Variables of its own, on top of those that lead to the emulated AWS.
    """

    name: str
    handler: str
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout_seconds: float = 60.0

    @property
    def arn(self) -> str:
        """Its ARN in the emulation."""
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.name}"


@dataclass(frozen=True)
class Result:
    """What an invocation came to.

    Attributes:
        answer: What the handler returned.
        error: None unless the function failed: its exception, a timeout, or the end of its process.
    """

    request_id: str
    answer: Any = None
    error: str | None = None


class Invoker(Protocol):
    """Invokes one function; several threads may do so at once."""

    function: Function

    def invoke(self, event: bytes) -> Result:
        """Invoke it with a JSON event."""


class InProcess:
    """Calls the handler in this process, for tests: no timeout, this environment, the same JSON in between."""

    def __init__(self, handler: Callable[[Any, Any], Any], name: str = "local") -> None:
        self.function = Function(name, "")
        self._handler = handler

    def invoke(self, event: bytes) -> Result:
        """Invoke it with a JSON event."""
        request_id = str(uuid.uuid4())
        context = Context(self.function.name, self.function.arn, request_id, time.time() + 60)
        return _result(request_id, answer(self._handler, json.loads(event), context))


class Processes:
    """Runs a function in as many processes as invocations overlap; a process serves one event at a time."""

    def __init__(self, function: Function, endpoint: str, *, log: Path | None = None) -> None:
        self.function = function
        self._endpoint = endpoint
        self._log = log
        self._lock = threading.Lock()
        self._idle: list[FunctionProcess] = []
        self._all: set[FunctionProcess] = set()
        self._closed = False

    def invoke(self, event: bytes) -> Result:
        """Invoke it with a JSON event, in a warm process if one is free."""
        request_id = str(uuid.uuid4())
        try:
            process = self._take()
        except FunctionEnded as ended:
            return Result(request_id, error=f"Runtime.InitError: {ended}")
        try:
            result = _result(request_id, process.ask(request_id, event))
        except FunctionEnded as ended:
            self._drop(process)
            return Result(request_id, error=str(ended))
        with self._lock:
            self._idle.append(process)
        return result

    def close(self) -> None:
        """Kill every process, also those that are at work."""
        with self._lock:
            self._closed = True
            processes = list(self._all)
        for process in processes:
            self._drop(process)

    def _environment(self) -> dict[str, str]:
        own = {"AWS_LAMBDA_FUNCTION_NAME": self.function.name, "CLICKSTREAM_LOCAL_FUNCTION_ARN": self.function.arn}
        return {**local_environment(self._endpoint), **self.function.environment, **own}

    def _take(self) -> FunctionProcess:
        with self._lock:
            if self._closed:
                raise FunctionEnded("the function was shut down")
            if self._idle:
                return self._idle.pop()
            process = FunctionProcess(
                self.function.handler, self._environment(), self.function.timeout_seconds, self._log
            )
            self._all.add(process)
        try:
            process.wait_until_ready()
        except FunctionEnded:
            self._drop(process)
            raise
        return process

    def _drop(self, process: FunctionProcess) -> None:
        process.kill()
        with self._lock:
            self._all.discard(process)
            if process in self._idle:
                self._idle.remove(process)


def _result(request_id: str, document: bytes) -> Result:
    body = json.loads(document)
    if "error" in body:
        return Result(request_id, error=f"{body['error']['errorType']}: {body['error']['errorMessage']}")
    return Result(request_id, body["answer"])
