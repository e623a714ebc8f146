"""Gold `funnel_steps`."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta

import narwhals as nw

from clickstream_platform.contract.funnels import ANYTHING, Funnel
from clickstream_platform.transforms._frames import Frame, for_each
from clickstream_platform.transforms._funnel_attempts import attempts
from clickstream_platform.transforms._funnel_chains import at
from clickstream_platform.transforms._money import ratio
from clickstream_platform.transforms._time import in_seconds, microseconds_between

_DIGITS = 7
"""Of a median of microseconds in seconds: it may lie halfway between two of them."""


def funnel_steps(
    events_clean: Frame,
    sessions: Frame,
    *,
    funnels: Sequence[Funnel],
    first_day: date,
    last_day: date,
    daily: bool = True,
) -> Frame:
    """How far attempts at each funnel come, in total and for each segment of its breakdowns.

    Grain: one row a `date` (UTC day on which the attempts begin) x `funnel` x `dimension` x `segment` x `step`, where
    anybody began. Dimension and segment `all` are the total. Funnels are closed: a step counts only strictly after the
    step before, each attempt once a step, so `reached` never rises. `dropped` is what was lost since the step before.
    Medians are in seconds, over the attempts that reached the step; null at the first step and where nobody did.
    Attempts of the day may go on until the end of `closes_on`.

    Args:
        events_clean: Silver `events_clean` of `first_day` to `last_day` and as many days more as the longest `reach`.
        sessions: Silver `sessions` of `first_day - 1` to `last_day`.
        funnels: One at least, each of another name.
        first_day: First day (UTC) of attempts wanted.
        last_day: Last day of attempts wanted.
        daily: Answer day by day; otherwise for the whole range, as of its first day.
    """
    one_row = sessions.select(nw.col("session_date").max())
    answers = []
    for funnel in funnels:
        found = attempts(events_clean, sessions, funnel, first_day=first_day, last_day=last_day)
        cells = _by_segment(found, funnel, one_row, daily=daily)
        answers.append(_by_step(cells, funnel, one_row, first_day, last_day, daily=daily))
    return nw.concat(answers, how="vertical")


def _by_segment(found: Frame, funnel: Funnel, one_row: Frame, *, daily: bool) -> Frame:
    """A row a segment (and day): how many attempts reached each step, and the median waits."""
    names = (ANYTHING, *funnel.breakdowns)
    segment = nw.lit(ANYTHING)
    for name in funnel.breakdowns:
        segment = nw.when(nw.col("dimension") == name).then(nw.col(name)).otherwise(segment)
    later = range(2, len(funnel.steps) + 1)
    timed = found.with_columns(
        *(microseconds_between(nw.col(at(step - 1)), nw.col(at(step))).alias(f"wait_{step}") for step in later),
        *(microseconds_between(nw.col(at(1)), nw.col(at(step))).alias(f"way_{step}") for step in later),
    )
    return (
        for_each(timed, "dimension", names, one_row)
        .with_columns(segment.alias("segment"))
        .group_by(*(["date"] if daily else []), "dimension", "segment")
        .agg(
            *(nw.col(at(step)).count().cast(nw.Int64).alias(f"reached_{step}") for step in (1, *later)),
            *(nw.col(f"{kind}_{step}").median() for kind in ("wait", "way") for step in later),
        )
    )


def _by_step(cells: Frame, funnel: Funnel, one_row: Frame, first_day: date, last_day: date, *, daily: bool) -> Frame:
    """The same with a row a step."""
    steps = range(1, len(funnel.steps) + 1)
    rows = for_each(cells, "step", [str(step) for step in steps], one_row).with_columns(nw.col("step").cast(nw.Int64))
    nothing = nw.lit(None, dtype=nw.Float64)

    def seconds(kind: str) -> nw.Expr:
        return _of_step(
            lambda step: nothing if step == 1 else in_seconds(nw.col(f"{kind}_{step}"), digits=_DIGITS), steps
        )

    rows = rows.with_columns(
        nw.col("reached_1").alias("entered"),
        _of_step(lambda step: nw.col(f"reached_{step}"), steps).alias("reached"),
        _of_step(lambda step: nw.col(f"reached_{max(step - 1, 1)}"), steps).alias("before"),
        date=nw.col("date") if daily else nw.lit(first_day).cast(nw.Date),
    )
    closes = nw.col("date") if daily else nw.lit(last_day).cast(nw.Date)
    return rows.select(
        "date",
        nw.lit(funnel.name).alias("funnel"),
        nw.lit(funnel.within).alias("within"),
        "dimension",
        "segment",
        "step",
        _of_step(lambda step: nw.lit(funnel.steps[step - 1].label), steps).alias("label"),
        "entered",
        "reached",
        (nw.col("before") - nw.col("reached")).alias("dropped"),
        ratio("reached", "entered").alias("conversion_from_first"),
        ratio("reached", "before").alias("conversion_from_previous"),
        seconds("wait").alias("median_seconds_from_previous"),
        seconds("way").alias("median_seconds_from_first"),
        (closes + timedelta(days=funnel.reach)).cast(nw.Date).alias("closes_on"),
    )


def _of_step(value: Callable[[int], nw.Expr], steps: range) -> nw.Expr:
    """A value by the row's step."""
    chosen = value(steps[-1])
    for step in reversed(steps[:-1]):
        chosen = nw.when(nw.col("step") == step).then(value(step)).otherwise(chosen)
    return chosen
