"""Which events a unit of a replay is about: by the event index, or by what bronze has of a day."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from clickstream_platform.ingest.store import Store
from clickstream_platform.lambdas.replay.plans import plan_of
from clickstream_platform.realtime.attributes import Item
from clickstream_platform.realtime.dynamodb import Dynamo
from clickstream_platform.realtime.live_events import time_text
from clickstream_platform.realtime.replay_request import ReplayRequest
from clickstream_platform.realtime.tables import EVENT_INDEX

_FIRST_RECEIVED = ("known_at", "record_hash", "source_id", "source_line")
"""The order in which silver takes the first of an event's copies (`transforms/_received_events.py`)."""

_COLUMNS = (
    "event_id",
    "event_name",
    "event_time",
    "event_date",
    "received_at",
    "entity_id",
    "record_hash",
    "source_id",
    "source_line",
)


def select(request: ReplayRequest, unit: int, dynamo: Dynamo, store: Store, most: int, until: datetime) -> pa.Table:
    """The events of a unit.

    Args:
        request: What is replayed.
        unit: Its part: a day, or 0 for all at once.
        dynamo: The live tables.
        store: The lake.
        most: So many events at most.
        until: Objects that were written later are left out: an end, where ingestion goes on.

    Returns:
        A plan's events.

    Raises:
        DynamoError: The index cannot be read.
        IngestError: The lake cannot be read.
    """
    if request.uses_index:
        return _by_index(request, dynamo, most)
    if request.objects:
        paths: Iterable[str] = dict.fromkeys(request.objects)
    else:
        day = request.day_of(unit)
        folder = f"bronze/events/year={day:%Y}/month={day:%m}/day={day:%d}"
        paths = sorted(one.path for one in store.described(folder) if one.modified <= until and one.size)
    return _by_objects(request, store, list(paths), most)


def has_events(request: ReplayRequest, dynamo: Dynamo) -> bool:
    """Whether the index knows of any of an entity's events.

    Raises:
        DynamoError: The index cannot be read.
    """
    return next(_entries(request, dynamo), None) is not None


def _by_index(request: ReplayRequest, dynamo: Dynamo, most: int) -> pa.Table:
    objects: list[str] = []
    rows: list[int] = []
    event_ids: list[str] = []
    for entry in _entries(request, dynamo):
        if len(rows) == most:
            break
        objects.append(entry["object"])
        rows.append(entry["row"])
        event_ids.append(entry["event_id"])
    return plan_of(objects, rows, event_ids)


def _entries(request: ReplayRequest, dynamo: Dynamo) -> Iterator[Item]:
    start, end = request.window
    names = {f":n{place}": name for place, name in enumerate(request.event_names or ())}
    return dynamo.query(
        EVENT_INDEX.name,
        "entity_id = :entity AND time_event BETWEEN :start AND :end",
        # Keys are "<time>#<id>": those of the end itself sort after it.
        {":entity": request.entity_id, ":start": _text(start), ":end": _text(end), **names},
        only=f"event_name IN ({','.join(names)})" if names else "",
    )


def _by_objects(request: ReplayRequest, store: Store, paths: Sequence[str], most: int) -> pa.Table:
    found = [table for number, path in enumerate(paths) if (table := _rows(request, store, number, path)) is not None]
    if not found:
        return plan_of([], [], [])
    events = pa.concat_tables(found)
    if not request.include_duplicates:
        known = pc.coalesce(events.column("received_at"), events.column("event_time"))
        events = events.append_column("known_at", known)
        events = events.sort_by([(name, "ascending") for name in ("event_date", "event_id", *_FIRST_RECEIVED)])
        events = events.group_by(["event_date", "event_id"], use_threads=False).aggregate(
            [("object", "first"), ("row", "first")]
        )
        events = events.rename_columns(
            {"object_first": "object", "row_first": "row", "event_date": "event_date", "event_id": "event_id"}
        )
    events = events.sort_by([("object", "ascending"), ("row", "ascending")]).slice(0, most)
    names = pa.array(paths, pa.string()).take(events.column("object").combine_chunks())
    return pa.table({"object": names, "row": events.column("row"), "event_id": events.column("event_id")})


def _rows(request: ReplayRequest, store: Store, number: int, path: str) -> pa.Table | None:
    """The rows of an object that are meant, each with the object's number and its place; None for no object."""
    data = store.get(path)
    if data is None:
        return None
    table = pq.read_table(pa.BufferReader(data), columns=list(_COLUMNS), partitioning=None)
    count = table.num_rows
    table = table.append_column("object", pa.repeat(pa.scalar(number, pa.int32()), count))
    table = table.append_column("row", pa.array(range(count), pa.int32()))
    wanted = []
    if request.start and request.end:
        times = table.column("event_time")
        wanted += [pc.greater_equal(times, request.start), pc.less(times, request.end)]
    if request.entity_id is not None:
        wanted.append(pc.equal(table.column("entity_id"), request.entity_id))
    if request.event_names:
        wanted.append(pc.is_in(table.column("event_name"), value_set=pa.array(request.event_names)))
    return _filtered(table, wanted)


def _filtered(table: pa.Table, masks: list[Any]) -> pa.Table:
    if not masks:
        return table
    mask = masks[0]
    for another in masks[1:]:
        mask = pc.and_(mask, another)
    return table.filter(mask)


def _text(moment: datetime) -> str:
    return time_text(moment.astimezone(UTC))
