"""DynamoDB over its wire protocol, as the live tables need it: items as plain dicts, many at once, and patience.

botocore does the same, but loading it takes longer than everything else a function does before its first record
(`benchmarks/cold_start.py`). It is used all the same where credentials do not come from the environment.
"""

import http.client
import os
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from clickstream_platform.realtime.attributes import Item, from_wire, to_wire
from clickstream_platform.realtime.signing import Signer, find_credentials

T = TypeVar("T")
R = TypeVar("R")

_GET_KEYS, _WRITE_ITEMS, _THREADS = 100, 25, 16
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


class Dynamo:
    """The tables of one account and region.

    Args:
        prefix: Beginning of all table names.
        patience: Seconds that one call is tried again after throttling, server errors and broken connections.

    Attributes:
        last_error: What last made a call fail for good.
    """

    def __init__(self, prefix: str, *, patience: float) -> None:
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
        endpoint = os.environ.get("AWS_ENDPOINT_URL_DYNAMODB") or os.environ.get("AWS_ENDPOINT_URL")
        address = urlsplit(endpoint or f"https://dynamodb.{region}.amazonaws.com")
        self._host, self._is_secure = address.netloc, address.scheme == "https"
        self._signer = Signer("dynamodb", region, self._host, find_credentials())
        self._prefix, self._patience = prefix, patience
        self.last_error: DynamoError | None = None
        self._local = threading.local()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="dynamodb")

    def each(self, work: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
        """The results of all tasks in their order, worked on side by side."""
        return iter([work(tasks[0])]) if len(tasks) == 1 else self._threads.map(work, tasks)

    def get_many(self, table: str, keys: Sequence[Item], attributes: Sequence[str] = ()) -> list[Item]:
        """The items of those keys that exist, in no order; of each only some attributes, if any are named.

        Raises:
            DynamoError: They cannot be had.
        """
        return [
            item
            for found in self.each(lambda some: self._get(table, some, attributes), _cut(keys, _GET_KEYS))
            for item in found
        ]

    def put_many(self, table: str, items: Sequence[Item]) -> list[Item]:
        """Write items, replacing what is there. Returns those that could not be written."""
        return [
            item for left in self.each(lambda some: self._put(table, some), _cut(items, _WRITE_ITEMS)) for item in left
        ]

    def put(self, table: str, item: Item, condition: str, values: Mapping[str, Any], names: Mapping[str, str]) -> None:
        """Write one item under a condition.

        Raises:
            ConditionFailed: The condition does not hold.
            DynamoError: It could not be written.
        """
        self._conditional("PutItem", table, {"Item": to_wire(item)}, condition, values, names)

    def update(
        self, table: str, key: Item, change: str, condition: str, values: Mapping[str, Any], names: Mapping[str, str]
    ) -> None:
        """Change one item, made when missing, under a condition.

        Raises:
            ConditionFailed: The condition does not hold.
            DynamoError: It could not be changed.
        """
        body = {"Key": to_wire(key), "UpdateExpression": change}
        self._conditional("UpdateItem", table, body, condition, values, names)

    def query(self, table: str, where: str, values: Mapping[str, Any], *, only: str = "") -> Iterator[Item]:
        """Items of one partition in the order of their sort key, page after page as they are asked for.

        Raises:
            DynamoError: They cannot be had.
        """
        body = {"ConsistentRead": True, **({"FilterExpression": only} if only else {})}
        for page in self._pages(table, where, values, body):
            yield from map(from_wire, page.get("Items", ()))

    def count(self, table: str, index: str, where: str, values: Mapping[str, Any]) -> int:
        """How many items of one partition of an index there are.

        Raises:
            DynamoError: They cannot be counted.
        """
        pages = self._pages(table, where, values, {"IndexName": index, "Select": "COUNT"})
        return sum(int(page["Count"]) for page in pages)

    def _pages(
        self, table: str, where: str, values: Mapping[str, Any], body: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        wanted = {
            **body,
            "TableName": self._prefix + table,
            "KeyConditionExpression": where,
            "ExpressionAttributeValues": to_wire(values),
        }
        while True:
            page = self._call("Query", wanted)
            yield page
            if not page.get("LastEvaluatedKey"):
                return
            wanted["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _conditional(
        self,
        operation: str,
        table: str,
        body: dict[str, Any],
        condition: str,
        values: Mapping[str, Any],
        names: Mapping[str, str],
    ) -> None:
        body |= {
            "TableName": self._prefix + table,
            "ConditionExpression": condition,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            **({"ExpressionAttributeValues": to_wire(values)} if values else {}),
            **({"ExpressionAttributeNames": dict(names)} if names else {}),
        }
        self._call(operation, body)

    def _get(self, table: str, keys: Sequence[Item], attributes: Sequence[str]) -> list[Item]:
        wanted: dict[str, Any] = {"Keys": [to_wire(key) for key in keys], "ConsistentRead": True}
        if attributes:
            names = {f"#a{place}": name for place, name in enumerate(attributes)}
            wanted |= {"ProjectionExpression": ",".join(names), "ExpressionAttributeNames": names}
        name, found = self._prefix + table, []
        for pause in self._pauses():
            answer = self._call("BatchGetItem", {"RequestItems": {name: wanted}})
            found += [from_wire(item) for item in answer["Responses"].get(name, ())]
            left = answer.get("UnprocessedKeys", {}).get(name, {}).get("Keys")
            if not left:
                return found
            wanted["Keys"] = left
            pause()
        raise DynamoError(
            "ProvisionedThroughputExceededException", f"{len(wanted['Keys'])} keys of {table} are not read"
        )

    def _put(self, table: str, items: Sequence[Item]) -> list[Item]:
        name = self._prefix + table
        left: list[Any] = [{"PutRequest": {"Item": to_wire(item)}} for item in items]
        try:
            for pause in self._pauses():
                answer = self._call("BatchWriteItem", {"RequestItems": {name: left}})
                left = answer.get("UnprocessedItems", {}).get(name, [])
                if not left:
                    return []
                pause()
        except DynamoError:
            pass
        return [from_wire(request["PutRequest"]["Item"]) for request in left]

    def _call(self, operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """One answer.

        Raises:
            DynamoError: There is none, or it says that the call is wrong.
        """
        data = msgspec.json.encode(body)
        error = DynamoError("Timeout", f"{operation} was not tried")
        for pause in self._pauses():
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

    def _pauses(self) -> Iterator[Callable[[], None]]:
        """Attempts until patience ends; each gives what to call before the next: longer pauses, with full jitter."""
        deadline, pause = time.monotonic() + self._patience, _FIRST_PAUSE
        while True:
            yield lambda pause=pause: time.sleep(random.uniform(0, pause))  # type: ignore[misc]
            if time.monotonic() >= deadline:
                return
            pause = min(2 * pause, _LONGEST_PAUSE)


def _table_of(body: Mapping[str, Any]) -> str:
    return str(body.get("TableName") or next(iter(body["RequestItems"])))


def _cut(items: Sequence[T], size: int) -> list[Sequence[T]]:
    return [items[place : place + size] for place in range(0, len(items), size)]


def lowest(positions: Iterable[str]) -> str | None:
    """The lowest of some positions, None of none."""
    return min(positions, default=None)
