"""All of live state, taken one batch further.

The steps are index, sessions, metrics, first clicks. Where one fails for a record, the steps after it see only the
records before that one, so that every step has seen all records below the position that is reported, and the retry
brings the rest.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from clickstream_platform.realtime.dynamodb import Dynamo, DynamoError, lowest
from clickstream_platform.realtime.entities import Applied, Rules
from clickstream_platform.realtime.event_index import EventIndex
from clickstream_platform.realtime.first_clicks import FirstClicks
from clickstream_platform.realtime.live_events import LiveEvent, moment_of, time_text
from clickstream_platform.realtime.metrics import WINDOW_MINUTES, Metrics, cell_of
from clickstream_platform.realtime.sessions import Sessions


class Outcome(NamedTuple):
    """What became of a batch.

    Attributes:
        duplicates: Records that said again what an earlier one said.
        failed: The lowest position that has to be tried again; None when all is done.
        error: Why.
    """

    duplicates: int
    failed: str | None
    error: str | None = None


class LiveState:
    """Index, sessions, metrics and first clicks."""

    def __init__(self, dynamo: Dynamo, rules: Rules, *, metrics_ttl_days: int, index_ttl_days: int) -> None:
        self._dynamo = dynamo
        self.index = EventIndex(dynamo, index_ttl_days)
        self.sessions = Sessions(dynamo, rules)
        self.metrics = Metrics(dynamo, metrics_ttl_days)
        self.first_clicks = FirstClicks(dynamo, self.index, rules.window, index_ttl_days)

    def apply(self, shard: str, events: Sequence[LiveEvent]) -> Outcome:
        """Take the events of one shard's batch, in the order of the stream.

        Args:
            shard: The shard's name, with that of its stream.
            events: The events.
        """
        if not events:
            return Outcome(0, None)
        indexed = self.index.add(shard, events)
        failed = indexed.failed
        counted = _before(failed, [event for event in indexed.fresh if event.is_counted])

        entities, later = self.sessions.apply(shard, counted)
        failed, counted = _narrowed(failed, later, counted)

        firsts, later = self._firsts(shard, entities)
        failed, counted = _narrowed(failed, later, counted)

        failed, counted = _narrowed(failed, self.metrics.add(shard, counted, firsts), counted)
        checkouts = [one for applied in entities.values() for one in applied.checkouts]
        asked = [one for one in checkouts if failed is None or one.position < failed]
        failed = lowest(filter(None, (failed, self.first_clicks.attribute(asked))))
        return Outcome(indexed.duplicates, failed, str(self._dynamo.last_error) if failed else None)

    def _firsts(self, shard: str, entities: dict[str, Applied]) -> tuple[set[str], str | None]:
        """Positions of the first events of their cells, the late ones looked up; and the lowest that could not be."""
        firsts = {position for applied in entities.values() for position in applied.firsts}
        for event in sorted(event for applied in entities.values() for event in applied.unsure):
            start = cell_of(event).window_start
            end = time_text(moment_of(start) + timedelta(minutes=WINDOW_MINUTES))
            try:
                if self.index.is_first_in_cell(shard, event, f"{start[:19]}.000000Z", end):
                    firsts.add(event.position)
            except DynamoError:
                return firsts, event.position
        return firsts, None


def _narrowed(failed: str | None, later: str | None, events: Sequence[LiveEvent]) -> tuple[str | None, list[LiveEvent]]:
    failed = lowest(filter(None, (failed, later)))
    return failed, _before(failed, events)


def _before(failed: str | None, events: Sequence[LiveEvent]) -> list[LiveEvent]:
    return [event for event in events if failed is None or event.position < failed]
