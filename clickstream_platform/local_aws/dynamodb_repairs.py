"""Where moto's DynamoDB departs from the service's documented behaviour, put right in the server's process.

moto 5.2 checks a condition and writes in two steps: of writes at the same time more than one may find it fulfilled.
"""

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from moto.dynamodb.models import DynamoDBBackend

_WRITES: Final = ("put_item", "update_item", "delete_item", "transact_write_items")
_lock = threading.RLock()


def apply() -> None:
    """Repair moto in this process."""
    for name in _WRITES:
        setattr(DynamoDBBackend, name, _one_at_a_time(getattr(DynamoDBBackend, name)))


def _one_at_a_time(write: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(write)
    def alone(*arguments: Any, **named: Any) -> Any:
        with _lock:
            return write(*arguments, **named)

    return alone
