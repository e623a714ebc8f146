"""The live tables in DynamoDB: items as plain dicts, many at once."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from clickstream_platform.realtime.attributes import Item, from_wire, to_wire
from clickstream_platform.realtime.dynamodb_calls import Calls, ConditionFailed, DynamoError, TransactionCancelled

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

__all__ = ["ConditionFailed", "Dynamo", "DynamoError", "Put", "TransactionCancelled", "lowest"]

T = TypeVar("T")
R = TypeVar("R")

MOST_TOGETHER = 100
"""So many items are written all or none."""

_GET_KEYS, _WRITE_ITEMS, _THREADS = 100, 25, 16


class Put(NamedTuple):
    """An item that is to be written under a condition."""

    table: str
    item: Item
    condition: str
    values: Mapping[str, Any] = {}


class Dynamo:
    """The tables of one account and region.

    Args:
        prefix: Beginning of all table names.
        patience: Seconds that one call is tried again after throttling, server errors and broken connections.
    """

    def __init__(self, prefix: str, *, patience: float) -> None:
        self._prefix, self._calls = prefix, Calls(patience)

    @property
    def last_error(self) -> DynamoError | None:
        """What last made a call fail for good."""
        return self._calls.last_error

    def each(self, work: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
        """The results of all tasks in their order, worked on side by side."""
        return iter([work(tasks[0])]) if len(tasks) == 1 else self._threads.map(work, tasks)

    @cached_property
    def _threads(self) -> "ThreadPoolExecutor":
        from concurrent.futures import ThreadPoolExecutor  # with its logging, only for who has many calls to make

        return ThreadPoolExecutor(_THREADS, thread_name_prefix="dynamodb")

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
        self,
        table: str,
        key: Item,
        change: str,
        condition: str,
        values: Mapping[str, Any],
        names: Mapping[str, str],
        *,
        returns: bool = False,
    ) -> Item:
        """Change one item, made when missing, under a condition ("" for none).

        Returns:
            With `returns` the item as it is now.

        Raises:
            ConditionFailed: The condition does not hold.
            DynamoError: It could not be changed.
        """
        body = {"Key": to_wire(key), "UpdateExpression": change, **({"ReturnValues": "ALL_NEW"} if returns else {})}
        answer = self._conditional("UpdateItem", table, body, condition, values, names)
        return from_wire(answer.get("Attributes", {}))

    def get(self, table: str, key: Item) -> Item | None:
        """One item, as the last write left it.

        Raises:
            DynamoError: It cannot be had.
        """
        body = {"TableName": self._prefix + table, "Key": to_wire(key), "ConsistentRead": True}
        found = self._calls.call("GetItem", body).get("Item")
        return from_wire(found) if found else None

    def delete_many(self, table: str, keys: Sequence[Item]) -> None:
        """Delete items; those that are not there are as good as deleted.

        Raises:
            DynamoError: Some could not be deleted.
        """
        requests = [{"DeleteRequest": {"Key": to_wire(key)}} for key in keys]
        left = [
            one
            for some in self.each(lambda some: self._write(table, some), _cut(requests, _WRITE_ITEMS))
            for one in some
        ]
        if left:
            raise self.last_error or DynamoError("Timeout", f"{len(left)} items of {table} are not deleted")

    def put_together(self, puts: Sequence["Put"]) -> None:
        """Write items of several tables, all of them or none.

        Raises:
            TransactionCancelled: Nothing was written: a condition does not hold, or another writer was there.
            DynamoError: The same, or it is not known whether they were written: try again under the same conditions.
        """
        actions = [
            {
                "Put": {
                    "TableName": self._prefix + put.table,
                    "Item": to_wire(put.item),
                    "ConditionExpression": put.condition,
                    **({"ExpressionAttributeValues": to_wire(put.values)} if put.values else {}),
                }
            }
            for put in puts
        ]
        self._calls.call("TransactWriteItems", {"TransactItems": actions})

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
            page = self._calls.call("Query", wanted)
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
    ) -> dict[str, Any]:
        body |= {
            "TableName": self._prefix + table,
            **(
                {"ConditionExpression": condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
                if condition
                else {}
            ),
            **({"ExpressionAttributeValues": to_wire(values)} if values else {}),
            **({"ExpressionAttributeNames": dict(names)} if names else {}),
        }
        return self._calls.call(operation, body)

    def _get(self, table: str, keys: Sequence[Item], attributes: Sequence[str]) -> list[Item]:
        wanted: dict[str, Any] = {"Keys": [to_wire(key) for key in keys], "ConsistentRead": True}
        if attributes:
            names = {f"#a{place}": name for place, name in enumerate(attributes)}
            wanted |= {"ProjectionExpression": ",".join(names), "ExpressionAttributeNames": names}
        name, found = self._prefix + table, []
        for pause in self._calls.pauses():
            answer = self._calls.call("BatchGetItem", {"RequestItems": {name: wanted}})
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
        left = self._write(table, [{"PutRequest": {"Item": to_wire(item)}} for item in items])
        return [from_wire(request["PutRequest"]["Item"]) for request in left]

    def _write(self, table: str, requests: Sequence[Any]) -> Sequence[Any]:
        name, left = self._prefix + table, requests
        try:
            for pause in self._calls.pauses():
                answer = self._calls.call("BatchWriteItem", {"RequestItems": {name: left}})
                left = answer.get("UnprocessedItems", {}).get(name, [])
                if not left:
                    return []
                pause()
        except DynamoError:
            pass
        return left


def _cut(items: Sequence[T], size: int) -> list[Sequence[T]]:
    return [items[place : place + size] for place in range(0, len(items), size)]


def lowest(positions: Iterable[str]) -> str | None:
    """The lowest of some positions, None of none."""
    return min(positions, default=None)
