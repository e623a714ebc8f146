"""`target=domain`: what entities that allow analytics did, added up, one item an entity and replay.

The items of a message's entities and a mark of the message are written in one transaction, each under the condition
that it is as it was read: a message that comes twice, or to two functions at once, counts once.
"""

import random
import time
from collections import Counter, defaultdict
from typing import Any

import pyarrow as pa

from clickstream_platform.realtime.attributes import Item
from clickstream_platform.realtime.dynamodb import Dynamo, Put, TransactionCancelled
from clickstream_platform.realtime.live_events import time_text
from clickstream_platform.realtime.replay_items import mark_of
from clickstream_platform.realtime.tables import REPLAY_PAGES, REPLAYED_ENTITIES

_TRIES = 12
_COLUMNS = ("entity_id", "event_name", "event_time", "value", "items_value")
_FACTOR = {"purchase": 1, "refund": -1}


class Domain:
    """Adds up events per entity; items are kept for `ttl_days`."""

    def __init__(self, dynamo: Dynamo, ttl_days: int) -> None:
        self._dynamo, self._ttl_seconds = dynamo, ttl_days * 86_400

    def add(self, replay_id: str, page: str, message: int, rows: pa.Table) -> None:
        """Add the events of a message, unless they were added before.

        Raises:
            DynamoError: They could not be; it is safe to try again.
        """
        mark = Put(
            REPLAY_PAGES.name,
            {"replay_id": replay_id, "page": mark_of(page, message), "expires_at": self._expires_at()},
            "attribute_not_exists(page)",
        )
        added = _sums(rows)
        for attempt in range(_TRIES):
            try:
                self._dynamo.put_together([mark, *self._puts(replay_id, added)])
                return
            except TransactionCancelled as cancelled:
                if cancelled.reasons[:1] == ["ConditionalCheckFailed"]:
                    return  # the message was counted before
                if attempt == _TRIES - 1:
                    raise
            time.sleep(random.uniform(0, min(1.0, 0.02 * 2**attempt)))

    def _puts(self, replay_id: str, added: dict[str, Item]) -> list[Put]:
        keys = [{"entity_id": entity, "replay_id": replay_id} for entity in added]
        found = (
            {item["entity_id"]: item for item in self._dynamo.get_many(REPLAYED_ENTITIES.name, keys)} if keys else {}
        )
        puts = []
        for entity, sums in added.items():
            before = found.get(entity)
            item = {
                "entity_id": entity,
                "replay_id": replay_id,
                **_merged(before, sums),
                "version": (before["version"] if before else 0) + 1,
                "expires_at": self._expires_at(),
            }
            if before is None:
                puts.append(Put(REPLAYED_ENTITIES.name, item, "attribute_not_exists(entity_id)"))
            else:
                values = {":version": before["version"]}
                puts.append(Put(REPLAYED_ENTITIES.name, item, "version = :version", values))
        return puts

    def _expires_at(self) -> int:
        return int(time.time()) + self._ttl_seconds


def _sums(rows: pa.Table) -> dict[str, Item]:
    """What each entity did in these rows."""
    events: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows.select(_COLUMNS).to_pylist():
        events[row["entity_id"]].append(row)
    return {entity: _sum(of_entity) for entity, of_entity in events.items()}


def _sum(rows: list[dict[str, Any]]) -> Item:
    times = sorted(time_text(row["event_time"]) for row in rows)
    return {
        "events": len(rows),
        "by_name": dict(Counter(row["event_name"] for row in rows)),
        "revenue_cents": sum(_cents(row) for row in rows),
        "first_event_time": times[0],
        "last_event_time": times[-1],
    }


def _cents(row: dict[str, Any]) -> int:
    amount = row["value"] if row["value"] is not None else row["items_value"]
    return 0 if amount is None else int(amount * 100) * _FACTOR.get(row["event_name"], 0)


def _merged(before: Item | None, sums: Item) -> Item:
    if before is None:
        return sums
    return {
        "events": before["events"] + sums["events"],
        "by_name": dict(Counter(before["by_name"]) + Counter(sums["by_name"])),
        "revenue_cents": before["revenue_cents"] + sums["revenue_cents"],
        "first_event_time": min(before["first_event_time"], sums["first_event_time"]),
        "last_event_time": max(before["last_event_time"], sums["last_event_time"]),
    }
