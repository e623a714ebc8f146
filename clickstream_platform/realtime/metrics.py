"""Five-minute metrics: counters that say how far they have counted, so that nothing is counted twice.

A counter is one item a window x event name x channel x country. For each shard it keeps the position of the last record
it has counted (`seen#<shard>`), and moves that and its sums in one conditional write. Records come to it in the order
of their shard; whatever is at or before that position has been counted, in whichever batch it came.
"""

from collections.abc import Sequence
from typing import NamedTuple

from clickstream_platform.realtime.attributes import Item
from clickstream_platform.realtime.dynamodb import ConditionFailed, Dynamo, DynamoError, lowest
from clickstream_platform.realtime.live_events import LiveEvent
from clickstream_platform.realtime.tables import METRICS

WINDOW_MINUTES = 5
_MOST_TRIES = 50
SUMS = ("events", "sessions", "revenue_cents")


class Cell(NamedTuple):
    """What one counter counts.

    Attributes:
        window_start: `2024-03-01T09:30:00Z`.
    """

    window_start: str
    event_name: str
    channel: str
    country: str

    @property
    def name(self) -> str:
        """All of it in a text that sorts by time."""
        return "|".join(self)

    def key(self) -> Item:
        """The counter's key."""
        return {
            "window_event": f"{self.window_start}#{self.event_name}",
            "channel_country": f"{self.channel}#{self.country}",
        }


class Contribution(NamedTuple):
    """What one event adds to its cell: itself, its session when it is that one's first here, its revenue."""

    position: str
    sessions: int
    revenue_cents: int


def cell_of(event: LiveEvent) -> Cell:
    """The cell that counts an event."""
    minute = int(event.time[14:16]) // WINDOW_MINUTES * WINDOW_MINUTES
    return Cell(f"{event.time[:14]}{minute:02d}:00Z", event.event_name, event.channel, event.country)


class Metrics:
    """The counters, kept `ttl_days` after the last event they counted arrived."""

    def __init__(self, dynamo: Dynamo, ttl_days: int) -> None:
        self._dynamo, self._ttl_seconds = dynamo, ttl_days * 86_400

    def add(self, shard: str, events: Sequence[LiveEvent], firsts: set[str]) -> str | None:
        """Count the events of one shard's batch, in the order of the stream.

        Args:
            shard: The shard.
            events: All of them that are to be counted, none of an earlier position left out.
            firsts: Positions of those that are the first of their session in their cell.

        Returns:
            The lowest position that could not be counted.
        """
        cells: dict[Cell, list[Contribution]] = {}
        for event in events:
            counted = Contribution(event.position, int(event.position in firsts), event.revenue_cents)
            cells.setdefault(cell_of(event), []).append(counted)
        if not cells:
            return None
        expires = int(events[-1].arrived_at) + self._ttl_seconds
        tasks = list(cells.items())
        return lowest(
            filter(None, self._dynamo.each(lambda task: self._count(shard, task[0], task[1], expires), tasks))
        )

    def _count(self, shard: str, cell: Cell, contributions: list[Contribution], expires: int) -> str | None:
        """Add to one counter what it has not counted yet; the first position if that fails."""
        seen = f"seen#{shard}"
        try:
            for _ in range(_MOST_TRIES):
                try:
                    self._add(cell, seen, contributions, expires)
                    return None
                except ConditionFailed as failed:
                    counted_to = (failed.item or {}).get(seen, "")
                    contributions = [one for one in contributions if one.position > counted_to]
                    if not contributions:
                        return None
        except DynamoError:
            pass
        return contributions[0].position

    def _add(self, cell: Cell, seen: str, contributions: Sequence[Contribution], expires: int) -> None:
        sums = {
            "events": len(contributions),
            "sessions": sum(one.sessions for one in contributions),
            "revenue_cents": sum(one.revenue_cents for one in contributions),
        }
        added = {name: value for name, value in sums.items() if value}
        self._dynamo.update(
            METRICS.name,
            cell.key(),
            f"SET #seen = :last, expires_at = :expires ADD {', '.join(f'#{name} :{name}' for name in added)}",
            "attribute_not_exists(#seen) OR #seen < :first",
            {
                ":first": contributions[0].position,
                ":last": contributions[-1].position,
                ":expires": expires,
                **{f":{name}": value for name, value in added.items()},
            },
            {"#seen": seen, **{f"#{name}": name for name in added}},
        )


def read_counter(item: Item) -> dict[str, str | int]:
    """A counter's cell and sums, by the names of `traffic_summary`; amounts in cents."""
    window_start, _, event_name = item["window_event"].partition("#")
    channel, _, country = item["channel_country"].rpartition("#")
    sums = {name: item.get(name, 0) for name in SUMS}
    return {
        "window_start": window_start,
        "event_name": event_name,
        "channel": channel,
        "country": country,
        **sums,
    }
