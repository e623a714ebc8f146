"""Gold `conversion_funnel`."""

import narwhals as nw

from clickstream_platform.transforms._frames import Frame
from clickstream_platform.transforms._funnel import STEPS
from clickstream_platform.transforms._money import ratio
from clickstream_platform.transforms._time import in_seconds, microseconds_between

_PAIRS = tuple(zip(("sessions", *STEPS), STEPS, strict=False))

_DIGITS = 7
"""Of a median of microseconds in seconds: it may lie halfway between two of them."""


def conversion_funnel(sessions: Frame) -> Frame:
    """How far sessions come, from the first product seen to the purchase.

    Grain: one row a `date` (UTC day on which the sessions start) x `channel` x `device_type`. The funnel is closed: a
    session reaches a step only strictly after the step before, so counts never rise. For each step: how many sessions
    reach it, their share and loss against the step before (of all sessions, for the first), and the median seconds
    from the step before (from the session's start, for the first), null where nobody reaches it. A rate is null where
    nobody reached the step before. `conversion_rate` is purchases by sessions.

    Args:
        sessions: Silver `sessions` of the wanted days.
    """
    waits = {
        step: microseconds_between(
            nw.col("started_at" if before == "sessions" else f"{before}_at"), nw.col(f"{step}_at")
        )
        for before, step in _PAIRS
    }
    cells = (
        sessions.with_columns(**{f"wait_{step}": wait for step, wait in waits.items()})
        .group_by("session_date", "channel", "device_type")
        .agg(
            nw.len().cast(nw.Int64).alias("sessions"),
            *(nw.col(f"{step}_at").count().cast(nw.Int64).alias(step) for step in STEPS),
            *(nw.col(f"wait_{step}").median() for step in STEPS),
        )
    )
    return cells.select(
        nw.col("session_date").alias("date"),
        "channel",
        "device_type",
        "sessions",
        *STEPS,
        *(ratio(step, before).alias(f"{step}_rate") for before, step in _PAIRS),
        ratio("purchase", "sessions").alias("conversion_rate"),
        *((nw.col(before) - nw.col(step)).alias(f"{step}_dropoff") for before, step in _PAIRS),
        *(in_seconds(nw.col(f"wait_{step}"), digits=_DIGITS).alias(f"median_seconds_to_{step}") for step in STEPS),
    )
