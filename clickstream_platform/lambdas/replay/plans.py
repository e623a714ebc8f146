"""Plans: which events a unit of a replay has, kept in the lake before the first message is sent.

A plan is written once. Whatever arrives or goes while a replay runs, a step that is tried again sends the same
messages. It names objects, rows and event ids, and no person.
"""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from clickstream_platform.ingest.store import Store

_SCHEMA = pa.schema([("object", pa.string()), ("row", pa.int32()), ("event_id", pa.string())])
_BEFORE = b"clickstream.before"
_MOST_MESSAGE_BYTES = 180_000
"""SQS takes 262,144; a message has other fields, too."""

MESSAGES_A_PAGE = 200


class Pointers(msgspec.Struct, frozen=True):
    """What a message says of its events: where they are, and what they are called.

    Attributes:
        object: Path of the bronze object in the lake.
        rows: Rows in it, from 0.
        event_ids: What is expected there: rows move when a person is erased.
    """

    object: str
    rows: list[int]
    event_ids: list[str]


class Plan(NamedTuple):
    """The events of a unit, in the order that they are sent in.

    Attributes:
        events: Columns `object`, `row`, `event_id`.
        before: Events selected by the units before.
    """

    events: pa.Table
    before: int

    def messages(self, most_events: int) -> list[Pointers]:
        """The events as messages: consecutive ones of the same object, so many at most."""
        return list(_messages(self.events, most_events))


def read_plan(store: Store, replay_id: str, unit: int) -> Plan | None:
    """The plan of a unit; None where it is not made yet."""
    data = store.get(_path(replay_id, unit))
    if data is None:
        return None
    events = pq.read_table(pa.BufferReader(data))
    return Plan(events, int(events.schema.metadata[_BEFORE]))


def keep_plan(store: Store, replay_id: str, unit: int, plan: Plan) -> Plan:
    """Keep a plan, unless there is one; the one that is kept."""
    sink = pa.BufferOutputStream()
    events = plan.events.cast(_SCHEMA).replace_schema_metadata({_BEFORE: str(plan.before).encode()})
    pq.write_table(events, sink, compression="zstd")
    if store.create(_path(replay_id, unit), sink.getvalue().to_pybytes()):
        return plan
    kept = read_plan(store, replay_id, unit)
    return plan if kept is None else kept


def delete_plans(store: Store, replay_id: str) -> None:
    """Delete all plans of a replay."""
    for path in list(store.list(f"_replays/{replay_id}")):
        store.delete(path)


def plan_of(objects: list[str], rows: list[int], event_ids: list[str]) -> pa.Table:
    """The events of a plan."""
    return pa.table([objects, rows, event_ids], schema=_SCHEMA)


def _path(replay_id: str, unit: int) -> str:
    return f"_replays/{replay_id}/{unit:06d}.parquet"


def _messages(events: pa.Table, most_events: int) -> Iterator[Pointers]:
    columns = (events.column(name).to_pylist() for name in _SCHEMA.names)
    path, held = "", 0
    rows: list[int] = []
    ids: list[str] = []
    for name, row, event_id in zip(*columns, strict=True):
        size = len(event_id.encode()) * 2 + 16
        if rows and (name != path or len(rows) == most_events or held + size > _MOST_MESSAGE_BYTES):
            yield Pointers(path, rows, ids)
            rows, ids, held = [], [], 0
        path = name
        rows.append(row)
        ids.append(event_id)
        held += size
    if rows:
        yield Pointers(path, rows, ids)
