"""The event index: for each event of an entity, when it was and where it lies in bronze.

It also tells which records say again what an earlier one said. An entry keeps the position of the record that made it:
a record that finds another's position there is a duplicate; one that finds its own is being tried again.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from clickstream_platform.realtime.attributes import Item
from clickstream_platform.realtime.dynamodb import Dynamo, DynamoError, lowest
from clickstream_platform.realtime.live_events import LiveEvent
from clickstream_platform.realtime.tables import EVENT_INDEX

_MOST_ID_BYTES = 900  # DynamoDB's sort keys have 1,024 bytes at most


class Indexed(NamedTuple):
    """What became of a batch.

    Attributes:
        fresh: The events that no other record told of before.
        duplicates: How many others there were.
        failed: The lowest position that could not be indexed.
    """

    fresh: list[LiveEvent]
    duplicates: int
    failed: str | None


class EventIndex:
    """The index, whose entries are kept `ttl_days` after their event arrived."""

    def __init__(self, dynamo: Dynamo, ttl_days: int) -> None:
        self._dynamo, self._ttl_seconds = dynamo, ttl_days * 86_400

    def add(self, shard: str, events: Sequence[LiveEvent]) -> Indexed:
        """Enter the events of one shard's batch, in the order of the stream."""
        first: dict[tuple[str, str], LiveEvent] = {}
        for event in events:
            first.setdefault((event.entity_id, sort_key(event)), event)
        try:
            known = self._positions(first)
        except DynamoError:
            return Indexed([], 0, events[0].position)
        fresh = {
            key: event
            for key, event in first.items()
            if known.get(key) is None or known[key] == place_of(shard, event.position)
        }
        left = self._dynamo.put_many(EVENT_INDEX.name, [self._entry(shard, key, event) for key, event in fresh.items()])
        failed = lowest(first[item["entity_id"], item["time_event"]].position for item in left)
        return Indexed(list(fresh.values()), len(events) - len(fresh), failed)

    def is_first_in_cell(self, shard: str, event: LiveEvent, start: str, end: str) -> bool:
        """Whether no earlier record of the entity is of the same name, channel and country between two times.

        For events that come so late that their entity's recent past is no longer at hand.

        Raises:
            DynamoError: It cannot be looked up.
        """
        mine = (event.position, shard)
        return all(
            mine <= _in_order(entry["place"])
            for entry in self._between(event.entity_id, start, end, "is_counted = :true", {":true": True})
            if (entry["event_name"], entry["channel"], entry["country"])
            == (event.event_name, event.channel, event.country)
        )

    def first_touch(self, entity: str, start: str, end: str, arrived_until: int) -> Item | None:
        """The earliest click at `start <= time < end` that arrived by then (epoch seconds).

        Raises:
            DynamoError: It cannot be looked up.
        """
        only = "attribute_exists(marketing_touch) AND arrived_at <= :until"
        return next(self._between(entity, start, end, only, {":until": arrived_until}), None)

    def _between(self, entity: str, start: str, end: str, only: str, values: Item) -> Iterator[Item]:
        where = "entity_id = :entity AND time_event BETWEEN :start AND :end"
        return self._dynamo.query(
            EVENT_INDEX.name, where, {":entity": entity, ":start": start, ":end": end, **values}, only=only
        )

    def _positions(self, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
        wanted = [{"entity_id": entity, "time_event": key} for entity, key in keys]
        items = self._dynamo.get_many(EVENT_INDEX.name, wanted, ("entity_id", "time_event", "place"))
        return {(item["entity_id"], item["time_event"]): item["place"] for item in items}

    def _entry(self, shard: str, key: tuple[str, str], event: LiveEvent) -> Item:
        touch = {
            "channel": event.channel,
            "source": event.source,
            "medium": event.medium,
            "campaign": event.campaign,
        }
        return {
            "entity_id": key[0],
            "time_event": key[1],
            "event_id": event.event_id,
            "event_name": event.event_name,
            "channel": event.channel,
            "country": event.country,
            "is_counted": event.is_counted,
            "marketing_touch": touch if event.is_touch and event.is_counted else None,
            "object": event.object,
            "row": event.row,
            "place": place_of(shard, event.position),
            "arrived_at": int(event.arrived_at),
            "expires_at": int(event.arrived_at) + self._ttl_seconds,
        }


def sort_key(event: LiveEvent) -> str:
    """`<event time>#<event id>`; of very long ids a hash."""
    name = event.event_id
    if len(name.encode()) > _MOST_ID_BYTES:
        name = "sha256:" + hashlib.sha256(name.encode()).hexdigest()
    return f"{event.time}#{name}"


def place_of(shard: str, position: str) -> str:
    """A record's place in the whole stream."""
    return f"{shard}/{position}"


def _in_order(place: str) -> tuple[str, str]:
    """Places of all shards in an order: sequence numbers rise with time."""
    shard, _, position = place.rpartition("/")
    return position, shard
