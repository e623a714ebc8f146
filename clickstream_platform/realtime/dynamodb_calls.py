"""Calls to DynamoDB over its wire protocol: signed, on connections that are kept, and tried again with patience.

botocore does the same, but loading it takes longer than everything else a function does before its first record
(`benchmarks/cold_start.py`, docs/decisions). It is used all the same for credentials that are not in the environment.
"""

import http.client
import os
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from clickstream_platform.realtime.attributes import Item, from_wire
from clickstream_platform.realtime.signing import Signer, find_credentials

_TRANSIENT = {
    "InternalServerError",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
    "TransactionInProgressException",
}
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 1.0


class DynamoError(Exception):
    """A call that did not succeed, however often it was tried."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class ConditionFailed(DynamoError):
    """A write whose condition does not hold; `item` is what is there instead, None for nothing."""

    def __init__(self, item: Item | None) -> None:
        super().__init__("ConditionalCheckFailedException", "the condition does not hold")
        self.item = item


class Calls:
    """Calls to the tables of the environment's region, with a connection a thread.

    Args:
        patience: Seconds that one call is tried again after throttling, server errors and broken connections.

    Attributes:
        last_error: What last made a call fail for good.
    """

    def __init__(self, patience: float) -> None:
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
        endpoint = os.environ.get("AWS_ENDPOINT_URL_DYNAMODB") or os.environ.get("AWS_ENDPOINT_URL")
        address = urlsplit(endpoint or f"https://dynamodb.{region}.amazonaws.com")
        self._host, self._is_secure = address.netloc, address.scheme == "https"
        self._signer = Signer("dynamodb", region, self._host, find_credentials())
        self._patience = patience
        self._local = threading.local()
        self.last_error: DynamoError | None = None

    def call(self, operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """One answer.

        Raises:
            DynamoError: There is none, or it says that the call is wrong.
        """
        data = msgspec.json.encode(body)
        error = DynamoError("Timeout", f"{operation} was not tried")
        for pause in self.pauses():
            try:
                status, answer = self._post(operation, data)
            except (OSError, http.client.HTTPException) as broken:
                self._local.connection = None
                error = DynamoError(
                    "ConnectionError", f"{operation} at {self._host}: {broken or type(broken).__name__}"
                )
            else:
                if status == 200:
                    return answer
                code = str(answer.get("__type", status)).rpartition("#")[2]
                if code == "ConditionalCheckFailedException":
                    raise ConditionFailed(from_wire(answer["Item"]) if answer.get("Item") else None)
                message = answer.get("message") or answer.get("Message") or ""
                error = DynamoError(code, f"{operation} on {_table_of(body)}: {message}")
                if status < 500 and code not in _TRANSIENT:
                    break
            pause()
        self.last_error = error
        raise error

    def _post(self, operation: str, data: bytes) -> tuple[int, dict[str, Any]]:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            kind = http.client.HTTPSConnection if self._is_secure else http.client.HTTPConnection
            connection = self._local.connection = kind(self._host, timeout=max(self._patience, 1.0))
        connection.request("POST", "/", data, self._signer.headers(f"DynamoDB_20120810.{operation}", data))
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


def _table_of(body: Mapping[str, Any]) -> str:
    return str(body.get("TableName") or next(iter(body["RequestItems"])))
