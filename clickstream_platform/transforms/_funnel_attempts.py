"""Attempts at a funnel: who began it when, and how far that went."""

from datetime import date, timedelta

import narwhals as nw

from clickstream_platform.contract.funnels import Funnel
from clickstream_platform.transforms._frames import Frame, consenting, for_each, null_text
from clickstream_platform.transforms._funnel_chains import at, chains, moments

_DAY = timedelta(days=1)
_WITHOUT = "(not set)"
"""What stands for a campaign or page that is not there, in the words of Google Analytics 4."""


def attempts(events_clean: Frame, sessions: Frame, funnel: Funnel, *, first_day: date, last_day: date) -> Frame:
    """One row an attempt of people who allow analytics.

    Columns: `date`, the time of each step (null where it was not reached), and the breakdowns.

    Within a session: a session that reaches the first step is an attempt, on the day the session starts. Within days:
    what an entity does from its first first-step event of a day on, for so many times 24 hours, is an attempt on that
    day; an entity makes one a day at most. The breakdowns are those of the session in which the first step lies.

    Args:
        events_clean: Silver `events_clean` of `first_day` to `last_day + funnel.reach`.
        sessions: Silver `sessions` of `first_day - 1` to `last_day`.
        funnel: What to look for.
        first_day: First day (UTC) of attempts wanted.
        last_day: Last day of attempts wanted.
    """
    wanted = consenting(events_clean).filter(
        nw.col("event_date") >= first_day, nw.col("event_date") <= last_day + funnel.reach * _DAY
    )
    found = moments(wanted, funnel.steps)
    last = len(funnel.steps)
    if funnel.days is None:
        begun = _in_session(found, sessions.filter(nw.col("session_date") >= first_day), funnel)
        ends = nw.col("ended_at")
    else:
        begun = _of_a_day(chains(found, 1, last), sessions, funnel)
        ends = nw.col(at(1)) + funnel.days * _DAY
    later = (at(number) for number in range(2, last + 1))
    return (
        begun.filter(nw.col("event_date") >= first_day, nw.col("event_date") <= last_day)
        .with_columns(ends.alias("ends_at"))
        .select(
            nw.col("event_date").alias("date"),
            at(1),
            *(nw.when(nw.col(name) <= nw.col("ends_at")).then(nw.col(name)).alias(name) for name in later),
            *(nw.col(name).fill_null(_WITHOUT) for name in funnel.breakdowns),
        )
    )


def _in_session(found: Frame, sessions: Frame, funnel: Funnel) -> Frame:
    """Sessions that reach the first step: their start stands before it as a step 0."""
    nothing = {name: null_text() for name in funnel.breakdowns}
    starts = sessions.select(
        "entity_id",
        nw.col("session_date").alias("event_date"),
        nw.col("started_at").alias("event_time"),
        nw.lit(0).cast(nw.Int32).alias("step"),
        "ended_at",
        *funnel.breakdowns,
    )
    steps = found.with_columns(ended_at=nw.lit(None, dtype=nw.Datetime("us", "UTC")), **nothing)
    begun = chains(nw.concat([starts, steps], how="vertical"), 0, len(funnel.steps))
    return begun.filter(nw.col(at(1)) <= nw.col("ended_at"))


def _of_a_day(begun: Frame, sessions: Frame, funnel: Funnel) -> Frame:
    """The first of an entity's chains of a day: later chains are nowhere earlier, so all its times are the lowest."""
    times = [at(number) for number in range(1, len(funnel.steps) + 1)]
    first = begun.group_by("entity_id", "event_date").agg(*(nw.col(time).min() for time in times))
    if not funnel.breakdowns:
        return first
    # The session of the first step lies on the day, or on the day before.
    one_row = sessions.select(nw.col("session_date").max())
    candidates = for_each(first, "session_on", ("same day", "day before"), one_row).with_columns(
        nw.when(nw.col("session_on") == "same day")
        .then(nw.col("event_date"))
        .otherwise((nw.col("event_date") - _DAY).cast(nw.Date))
        .alias("session_date")
    )
    spans = sessions.select("entity_id", "session_date", "started_at", "ended_at", *funnel.breakdowns)
    pairs = candidates.join(spans, on=["entity_id", "session_date"])
    return pairs.filter(nw.col("started_at") <= nw.col(at(1)), nw.col(at(1)) <= nw.col("ended_at"))
