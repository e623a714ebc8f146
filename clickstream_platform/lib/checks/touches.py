"""Is every event that tells a source a touch, and every Direct visit, but for bots and for lack of consent?"""

from collections.abc import Iterator, Sequence
from datetime import date

import polars as pl

from clickstream_platform.lake import Lake
from clickstream_platform.lib.checks.verdict import CheckInfo, Verdict

TOUCHES_ACCOUNTED_FOR = "touches_accounted_for"
DAYS_AT_ONCE = 7
"""Days whose visits are held in memory together."""


def touches_info() -> CheckInfo:
    """The check on `touchpoints`."""
    return CheckInfo(
        "touchpoints",
        TOUCHES_ACCOUNTED_FOR,
        "error",
        "events with a source = touches + events of bots + events withheld for lack of consent, "
        "and Direct sessions = touches + sessions withheld",
        remedy="recompute touchpoints, after events_clean and sessions",
    )


def check_touches(lake: Lake, days: Sequence[date]) -> Iterator[Verdict]:
    """A verdict a day."""
    for start in range(0, len(days), DAYS_AT_ONCE):
        part = days[start : start + DAYS_AT_ONCE]
        events, visits, touches = _events(lake, part), _visits(lake, part), _touches(lake, part)
        for day in part:
            yield _verdict(day, events.get(day, (0, 0, 0)), visits.get(day, (0, 0)), touches.get(day, (0, 0)))


def _verdict(day: date, events: tuple[int, ...], visits: tuple[int, ...], touches: tuple[int, ...]) -> Verdict:
    (told, bots, refused), (direct, unallowed), (sourced, started) = events, visits, touches
    missing = told - bots - refused - sourced, direct - unallowed - started
    said = (
        f"{told:,} events with a source {'≠' if missing[0] else '='} {sourced:,} touches + {bots:,} of bots + "
        f"{refused:,} withheld; {direct:,} Direct sessions {'≠' if missing[1] else '='} {started:,} touches + "
        f"{unallowed:,} withheld"
    )
    counts = {
        "events with a source": told,
        "their touches": sourced,
        "of bots": bots,
        "withheld for lack of consent": refused,
        "Direct sessions": direct,
        "touches of Direct sessions": started,
        "Direct sessions withheld for lack of consent": unallowed,
    }
    off = sum(map(abs, missing))
    return Verdict(touches_info(), not off, day, told + direct, off, said, counts=counts)


def _events(lake: Lake, days: Sequence[date]) -> dict[date, tuple[int, ...]]:
    """Events with a source; those of bots; those of people without consent."""
    allowed = pl.col("analytics_consent") & pl.col("ads_consent")
    told = lake.scan("events_clean", days).filter("has_source")
    return _by_day(told, "event_date", pl.len(), pl.col("is_bot").sum(), (~pl.col("is_bot") & ~allowed).sum())


def _visits(lake: Lake, days: Sequence[date]) -> dict[date, tuple[int, ...]]:
    """Direct sessions; those at whose first moment something is withheld."""
    allowed = pl.col("analytics_consent") & pl.col("ads_consent")
    refused = (
        lake.scan("events_clean", days)
        .filter(~pl.col("is_bot") & ~allowed)
        .select("entity_id", pl.col("event_time").alias("started_at"))
        .unique()
        .with_columns(refused=pl.lit(True))
    )
    direct = lake.scan("sessions", days).filter(pl.col("channel") == "Direct")
    marked = direct.join(refused, on=["entity_id", "started_at"], how="left")
    return _by_day(marked, "session_date", pl.len(), pl.col("refused").sum())


def _touches(lake: Lake, days: Sequence[date]) -> dict[date, tuple[int, ...]]:
    """Touches of events; touches of visits."""
    kinds = (pl.col("touch_type") == kind for kind in ("source", "session_start"))
    return _by_day(lake.scan("touchpoints", days), "date", *(kind.sum() for kind in kinds))


def _by_day(frame: pl.LazyFrame, day: str, *counts: pl.Expr) -> dict[date, tuple[int, ...]]:
    named = (count.alias(str(place)) for place, count in enumerate(counts))
    found = frame.group_by(day).agg(*named).collect(engine="streaming")
    return {row[0]: tuple(row[1:]) for row in found.iter_rows()}
