"""Where moto's DynamoDB departs from the service's documented behaviour, put right in the server's process.

moto 5.2 checks a condition and writes in two steps: of writes at the same time more than one may find it fulfilled. And
a query of one partition sorts all items of the table first, which takes a second once there are a hundred thousand.
"""

import copy
import inspect
import threading
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table

_WRITES: Final = ("put_item", "update_item", "delete_item", "transact_write_items")
_lock = threading.RLock()


def apply() -> None:
    """Repair moto in this process."""
    for name in _WRITES:
        setattr(DynamoDBBackend, name, _one_at_a_time(getattr(DynamoDBBackend, name)))
    setattr(Table, "query", _of_one_partition(Table.query))  # noqa: B010 - a method may not be assigned to


def _one_at_a_time(write: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(write)
    def alone(*arguments: Any, **named: Any) -> Any:
        with _lock:
            return write(*arguments, **named)

    return alone


def _of_one_partition(query: Callable[..., Any]) -> Callable[..., Any]:
    """Let a query by the table's own key see that partition alone."""
    signature = inspect.signature(query)

    @wraps(query)
    def narrowed(table: Table, hash_key: Any, *arguments: Any, **named: Any) -> Any:
        index = signature.bind(table, hash_key, *arguments, **named).arguments.get("index_name")
        if index is None and hash_key is not None:
            items = table.items
            table = copy.copy(table)
            table.items = {hash_key: items[hash_key]} if hash_key in items else {}  # type: ignore[assignment]
        return query(table, hash_key, *arguments, **named)

    return narrowed
