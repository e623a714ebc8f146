"""Calls to AWS services of the JSON protocol: signed, on connections that are kept, and tried again with patience.

botocore does the same, but loading it takes longer than everything else a function does before its first record
(`benchmarks/cold_start.py`, docs/decisions). It is used all the same for credentials that are not in the environment.
"""

import http.client
import os
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import msgspec

from clickstream_platform.realtime.signing import Signer, find_credentials

_TRANSIENT = {
    "InternalServerError",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "ServiceUnavailable",
    "ThrottlingException",
    "TransactionInProgressException",
}
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 1.0


class AwsError(Exception):
    """A call that did not succeed, however often it was tried.

    Attributes:
        code: What AWS calls the error.
        is_transient: Whether a later try may succeed: throttling, server errors, broken connections.
    """

    def __init__(self, code: str, message: str, *, is_transient: bool = False) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.is_transient = code, is_transient


class Service(NamedTuple):
    """A service: its name in addresses, the beginning of its operations' names, and its protocol's version."""

    name: str
    target: str
    version: str


DYNAMODB: Final = Service("dynamodb", "DynamoDB_20120810", "1.0")
KINESIS: Final = Service("kinesis", "Kinesis_20131202", "1.1")
SQS: Final = Service("sqs", "AmazonSQS", "1.0")


class AwsCalls:
    """Calls to one service in the environment's region, with a connection a thread.

    Args:
        service: The service.
        patience: Seconds that one call is tried again after throttling, server errors and broken connections.

    Attributes:
        last_error: What last made a call fail for good.
    """

    def __init__(self, service: Service, patience: float) -> None:
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
        endpoint = os.environ.get(f"AWS_ENDPOINT_URL_{service.name.upper()}") or os.environ.get("AWS_ENDPOINT_URL")
        address = urlsplit(endpoint or f"https://{service.name}.{region}.amazonaws.com")
        self._host, self._is_secure = address.netloc, address.scheme == "https"
        self._service = service
        self._signer = Signer(service.name, region, self._host, find_credentials(), service.version)
        self._patience = patience
        self._local = threading.local()
        self.last_error: AwsError | None = None

    def call(self, operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """One answer.

        Raises:
            AwsError: There is none, or it says that the call is wrong.
        """
        data = msgspec.json.encode(body)
        error = AwsError("Timeout", f"{operation} was not tried", is_transient=True)
        for pause in self.pauses():
            try:
                status, answer = self._post(operation, data)
            except (OSError, http.client.HTTPException) as broken:
                self._local.connection = None
                why = f"{operation} at {self._host}: {broken or type(broken).__name__}"
                error = AwsError("ConnectionError", why, is_transient=True)
            else:
                if status == 200:
                    return answer
                code = str(answer.get("__type", status)).rpartition("#")[2]
                self.refused(code, answer)
                message = answer.get("message") or answer.get("Message") or ""
                is_transient = status >= 500 or code in _TRANSIENT
                error = AwsError(code, f"{operation} on {_subject(body)}: {message}", is_transient=is_transient)
                if not is_transient:
                    break
            pause()
        self.last_error = error
        raise error

    def refused(self, code: str, answer: Mapping[str, Any]) -> None:
        """Raise something of its own for an error code that a service's caller waits for."""

    def _post(self, operation: str, data: bytes) -> tuple[int, dict[str, Any]]:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            kind = http.client.HTTPSConnection if self._is_secure else http.client.HTTPConnection
            connection = self._local.connection = kind(self._host, timeout=max(self._patience, 1.0))
        connection.request("POST", "/", data, self._signer.headers(f"{self._service.target}.{operation}", data))
        response = connection.getresponse()
        content = response.read()
        try:
            answer = msgspec.json.decode(content) if content else {}
        except msgspec.DecodeError:
            answer = {"message": content[:200].decode("utf-8", "replace")}
        return response.status, answer if isinstance(answer, dict) else {}

    def pauses(self) -> Iterator[Callable[[], None]]:
        """Attempts until patience ends; each gives what to call before the next: longer pauses, with full jitter."""
        deadline, pause = time.monotonic() + self._patience, _FIRST_PAUSE
        while True:
            yield lambda pause=pause: time.sleep(random.uniform(0, pause))  # type: ignore[misc]
            if time.monotonic() >= deadline:
                return
            pause = min(2 * pause, _LONGEST_PAUSE)


def _subject(body: Mapping[str, Any]) -> str:
    for name in ("TableName", "StreamName", "QueueUrl"):
        if name in body:
            return str(body[name])
    return str(next(iter(body.get("RequestItems", ())), "the account"))
