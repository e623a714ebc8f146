"""Is every event of people who allow analytics in exactly one session? Told day by day, across midnight too.

A session belongs to the day it starts on and may take events of the day after. So the sessions of a day hold the
day's events, without those that the sessions of the day before took, and with those of the next day that they took
themselves.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from clickstream_platform.lake import Lake
from clickstream_platform.lib.checks.stored import stored_days
from clickstream_platform.lib.checks.verdict import CheckInfo, Verdict
from clickstream_platform.schemas import TABLES

EVENTS_ACCOUNTED_FOR = "events_accounted_for"
DAYS_AT_ONCE = 7
"""Days whose events are looked through together."""

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class _Events:
    """Events of people on a day: how many may be analysed, and how many consent withholds."""

    analysed: int = 0
    withheld: int = 0


def session_events_info() -> CheckInfo:
    """The check on `sessions`."""
    return CheckInfo(
        "sessions",
        EVENTS_ACCOUNTED_FOR,
        "error",
        "events in the day's sessions = the day's events of people who allow analytics - those in sessions of the day "
        "before + those of the next day in sessions of this one",
        remedy="recompute sessions of the day and of the one before",
    )


def check_session_events(lake: Lake, days: Sequence[date]) -> Iterator[Verdict]:
    """A verdict a day, with what consent withholds among its counts.

    Days that cannot be read, or whose sessions may be those of other days, are left to the check of the shape.
    """
    near = sorted({day + shift for day in days for shift in (-_DAY, 0 * _DAY)})
    stored = stored_days(lake, TABLES["sessions"], near)
    certain = [day for day in days if not (stored[day].strays_possible or stored[day - _DAY].strays_possible)]
    yield from (_not_judged(day) for day in days if day not in certain)
    for start in range(0, len(certain), DAYS_AT_ONCE):
        yield from _judged(lake, certain[start : start + DAYS_AT_ONCE])


def _judged(lake: Lake, days: Sequence[date]) -> list[Verdict]:
    """The verdicts on some days: together, or one by one where one of them cannot be read."""
    try:
        return list(_verdicts(lake, days))
    except pl.exceptions.PolarsError:
        if len(days) == 1:
            return [_not_judged(days[0])]
        return [verdict for day in days for verdict in _judged(lake, [day])]


def _not_judged(day: date) -> Verdict:
    return Verdict(session_events_info(), True, day, detail="not judged: see the shape of sessions and events_clean")


def _verdicts(lake: Lake, days: Sequence[date]) -> Iterator[Verdict]:
    around = sorted({day + shift for day in days for shift in (-_DAY, 0 * _DAY, _DAY)})
    people = lake.scan("events_clean", around).filter(~pl.col("is_bot"))
    events = _events(people)
    held = _by_day(lake.scan("sessions", days).group_by("session_date").agg(pl.col("events").sum()))
    carried = _carried(people, lake.scan("sessions", sorted({*days, *(day - _DAY for day in days)})))
    for day in days:
        own, before, after = events.get(day, _Events()), carried.get(day - _DAY, 0), carried.get(day, 0)
        yield _verdict(day, own, before, after, held.get(day, 0))


def _events(people: pl.LazyFrame) -> dict[date, _Events]:
    analysed = pl.col("analytics_consent")
    counts = people.group_by("event_date").agg(analysed.sum(), (~analysed).sum().alias("withheld"))
    return {day: _Events(*found) for day, *found in counts.collect(engine="streaming").iter_rows()}


def _carried(people: pl.LazyFrame, sessions: pl.LazyFrame) -> dict[date, int]:
    """By the day that sessions start on: how many events of the day after they took."""
    next_day = pl.col("session_date") + pl.duration(days=1)
    over_midnight = sessions.filter(pl.col("ended_at").dt.date() > pl.col("session_date")).select(
        "session_date", "entity_id", "ended_at", next_day.alias("event_date")
    )
    events = people.filter("analytics_consent").select("entity_id", "event_date", "event_time")
    # Of an entity one session at most is under way at midnight, and it is the one that its next events belong to.
    taken = events.join(over_midnight, on=["entity_id", "event_date"]).filter(
        pl.col("event_time") <= pl.col("ended_at")
    )
    return _by_day(taken.group_by("session_date").agg(pl.len()))


def _by_day(counts: pl.LazyFrame) -> dict[date, int]:
    return dict(counts.collect(engine="streaming").iter_rows())


def _verdict(day: date, events: _Events, before: int, after: int, held: int) -> Verdict:
    missing = events.analysed - before + after - held
    said = (
        f"{held:,} events in sessions = {events.analysed:,} events of people who allow analytics "
        f"- {before:,} in sessions of the day before + {after:,} of the next day"
    )
    if missing:
        said = f"{abs(missing):,} events {'lost' if missing > 0 else 'too many'}: {said.replace('=', '≠', 1)}"
    counts = {
        "events of people": events.analysed + events.withheld,
        "withheld for lack of consent": events.withheld,
        "in sessions of the day before": before,
        "of the next day": after,
        "events in sessions": held,
    }
    return Verdict(session_events_info(), not missing, day, events.analysed, abs(missing), said, counts=counts)
