"""The bronze rows that a message points at."""

import time
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from clickstream_platform.ingest.bronze_schemas import EVENTS
from clickstream_platform.ingest.store import Store
from clickstream_platform.lambdas.replay.plans import Pointers

_KEPT_SECONDS = 30.0
_KEPT_OBJECTS = 2


class ObjectGone(LookupError):
    """The object is not in the lake: deleted, or archived. The message is tried again, and ends as a dead letter."""


class Found(NamedTuple):
    """What is there of a message's events.

    Attributes:
        rows: All columns of bronze, in the order of the message.
        missing: How many are no longer in their object.
    """

    rows: pa.Table
    missing: int


class BronzeRows:
    """Reads rows of bronze objects; messages that follow each other often point at the same one."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: dict[str, tuple[float, pa.Table]] = {}

    def find(self, pointers: Pointers) -> Found:
        """The rows, by their places where these are right, else by their ids.

        Raises:
            ObjectGone: There is no such object.
            IngestError: It cannot be read.
        """
        table = self._object(pointers.object)
        count = table.num_rows
        places = pa.array([row if row < count else None for row in pointers.rows], pa.int32())
        ids = table.column("event_id").take(places).to_pylist()
        if ids == pointers.event_ids:
            return Found(table.take(places), 0)
        # Rows move when others are taken out of their object.
        where: dict[str, list[int]] = {}
        for place, event_id in enumerate(table.column("event_id").to_pylist()):
            where.setdefault(event_id, []).append(place)
        found: list[int] = []
        for event_id in pointers.event_ids:
            if left := where.get(event_id):
                found.append(left.pop(0))
        return Found(table.take(pa.array(found, pa.int32())), len(pointers.event_ids) - len(found))

    def _object(self, path: str) -> pa.Table:
        now = time.monotonic()
        kept = self._kept.get(path)
        if kept and now - kept[0] < _KEPT_SECONDS:
            return kept[1]
        data = self._store.get(path)
        if data is None:
            raise ObjectGone(f"{path} is not in the lake")
        table = _completed(pq.read_table(pa.BufferReader(data), partitioning=None))
        self._kept = {**dict(list(self._kept.items())[-(_KEPT_OBJECTS - 1) :]), path: (now, table)}
        return table


def _completed(table: pa.Table) -> pa.Table:
    """The table with all columns of today, null where it was written before there was such a column."""
    for field in EVENTS:
        if field.name not in table.column_names:
            table = table.append_column(field, pa.nulls(table.num_rows, field.type))
    return table
