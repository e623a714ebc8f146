"""Live sessions: the item of each entity, read and replaced with nobody in between."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from clickstream_platform.realtime.attributes import Item
from clickstream_platform.realtime.dynamodb import ConditionFailed, Dynamo, DynamoError, lowest
from clickstream_platform.realtime.entities import Applied, Rules, apply_events
from clickstream_platform.realtime.live_events import LiveEvent, time_text
from clickstream_platform.realtime.session_parts import sessions_of
from clickstream_platform.realtime.tables import SESSIONS

_MOST_TRIES = 50


class Sessions:
    """The sessions table."""

    def __init__(self, dynamo: Dynamo, rules: Rules) -> None:
        self._dynamo, self._rules = dynamo, rules

    def apply(self, shard: str, events: Sequence[LiveEvent]) -> tuple[dict[str, Applied], str | None]:
        """Take the events of one shard's batch, in the order of the stream, into their entities' items.

        Returns:
            What each entity's events did; and the lowest position of an entity whose item could not be changed.
        """
        entities: dict[str, list[LiveEvent]] = {}
        for event in events:
            entities.setdefault(event.entity_id, []).append(event)
        if not entities:
            return {}, None
        try:
            items = self._dynamo.get_many(SESSIONS.name, [{"entity_id": entity} for entity in entities])
        except DynamoError:
            return {}, events[0].position
        known = {item["entity_id"]: item for item in items}
        tasks = [(known.get(entity), shard, some) for entity, some in entities.items()]
        results = dict(zip(entities, self._dynamo.each(lambda task: self._apply(*task), tasks), strict=True))
        failed = lowest(entities[entity][0].position for entity, applied in results.items() if applied is None)
        return {entity: applied for entity, applied in results.items() if applied is not None}, failed

    def of(self, entity: str) -> list[dict[str, Any]]:
        """An entity's sessions of the last days, the oldest first.

        Raises:
            DynamoError: They cannot be read.
        """
        items = self._dynamo.get_many(SESSIONS.name, [{"entity_id": entity}])
        return [one for item in items for one in sessions_of(entity, item["parts"], self._rules.timeout)]

    def count_live(self, now: datetime) -> int:
        """How many entities were seen within the session timeout before `now` (event time, UTC).

        Raises:
            DynamoError: They cannot be counted.
        """
        since = time_text(now - self._rules.timeout)
        hours = {
            time_text(now - timedelta(hours=back))[:13] for back in range(int(self._rules.timeout.seconds / 3600) + 2)
        }
        return sum(
            self._dynamo.count(
                SESSIONS.name,
                "by_activity",
                "active_hour = :hour AND last_event_time BETWEEN :since AND :now",
                {":hour": hour, ":since": since, ":now": time_text(now)},
            )
            for hour in hours
        )

    def _apply(self, item: Item | None, shard: str, events: list[LiveEvent]) -> Applied | None:
        try:
            for _ in range(_MOST_TRIES):
                applied = apply_events(item, shard, events, self._rules)
                if applied.item is None:
                    return applied
                try:
                    self._dynamo.put(
                        SESSIONS.name,
                        applied.item,
                        "attribute_not_exists(#version) OR #version = :before",
                        {":before": applied.item["version"] - 1},
                        {"#version": "version"},
                    )
                    return applied
                except ConditionFailed as changed:
                    item = changed.item
        except DynamoError:
            pass
        return None
