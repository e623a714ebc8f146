"""Is what people do in silver whole? All of their events are there, but for those without consent to analytics."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from clickstream_platform.lake import Lake
from clickstream_platform.lib.checks.verdict import CheckInfo, Verdict

EVENTS_ACCOUNTED_FOR = "events_accounted_for"
DAYS_AT_ONCE = 7
"""Days whose ids are held in memory together."""

_CONSENTED, _ALL = "consented", "all"


@dataclass(frozen=True)
class Count:
    """What a table counts of the events of people.

    Attributes:
        counted: what is counted, as words.
        day: the table's date column.
        held: how many of them a group of the table's rows tells of.
        source: from events of people to how many there are by `event_date`, in all and with consent.
    """

    counted: str
    day: str
    held: pl.Expr
    source: Callable[[pl.LazyFrame], pl.LazyFrame]


def _events(events: pl.LazyFrame) -> pl.LazyFrame:
    consent = pl.col("analytics_consent").sum().alias(_CONSENTED)
    return events.group_by("event_date").agg(pl.len().alias(_ALL), consent)


def _exposures(events: pl.LazyFrame) -> pl.LazyFrame:
    """Each entity with each variant it saw on a day; with consent, if one of the events that say so has it."""
    shown = events.filter(pl.col("experiments").list.len() > 0).explode("experiments").unnest("experiments")
    named = shown.filter(pl.col("experiment").is_not_null() & pl.col("variant").is_not_null())
    pairs = named.group_by("event_date", "experiment", "variant", "entity_id").agg(pl.col("analytics_consent").any())
    return _events(pairs)


COUNTS = {
    "entity_activity": Count("events of people", "activity_date", pl.col("events").sum(), _events),
    "experiment_exposures": Count("exposures of people by day", "exposure_date", pl.len(), _exposures),
}


def withheld_info(table: str) -> CheckInfo:
    """The check of a table that consent decides on."""
    return CheckInfo(
        table,
        EVENTS_ACCOUNTED_FOR,
        "error",
        f"{COUNTS[table].counted} in events_clean = those in {table} + those withheld for lack of consent to analytics",
        remedy=f"recompute {table}",
    )


def check_withheld(lake: Lake, table: str, days: Sequence[date]) -> Iterator[Verdict]:
    """A verdict a day."""
    info, count = withheld_info(table), COUNTS[table]
    for start in range(0, len(days), DAYS_AT_ONCE):
        part = days[start : start + DAYS_AT_ONCE]
        people = lake.scan("events_clean", part).filter(~pl.col("is_bot"))
        said = {day: (whole, some) for day, whole, some in _rows(count.source(people), "event_date", _ALL, _CONSENTED)}
        table_rows = lake.scan(table, part).group_by(count.day).agg(count.held.alias("held"))
        held = dict(_rows(table_rows, count.day, "held"))
        yield from (_verdict(info, day, *said.get(day, (0, 0)), held.get(day, 0)) for day in part)


def _rows(frame: pl.LazyFrame, *columns: str) -> Iterator[tuple]:  # type: ignore[type-arg]
    return frame.select(columns).collect(engine="streaming").iter_rows()


def _verdict(info: CheckInfo, day: date, whole: int, consented: int, held: int) -> Verdict:
    withheld = whole - consented
    counted = COUNTS[info.table].counted
    missing = consented - held
    said = f"{whole:,} {counted} = {held:,} in {info.table} + {withheld:,} withheld"
    if missing:
        said = f"{abs(missing):,} {'lost' if missing > 0 else 'too many'}: {said.replace('=', '≠', 1)}"
    counts = {counted: whole, f"in {info.table}": held, "withheld for lack of consent": withheld}
    return Verdict(info, not missing, day, whole, abs(missing), said, counts=counts)
