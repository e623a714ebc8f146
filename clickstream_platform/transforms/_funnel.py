"""The closed funnel of a session: each step strictly after the step before."""

from datetime import timedelta

import narwhals as nw

from clickstream_platform.transforms._frames import Frame

STEPS = ("view_item", "add_to_cart", "begin_checkout", "purchase")


def with_candidates(sessions: Frame, events: Frame, step: str) -> Frame:
    """Sessions beside each event of a step that their entity has on the days they cover, at `candidate_at`.

    Sessions without one are kept. A session has several rows then, which `reached` sees together.

    Args:
        sessions: Columns `entity_id` and `session_date`.
        events: Events of people.
        step: One of `STEPS`.
    """
    chosen = events.filter(nw.col("event_name") == step)
    # A session lies on the day it starts and perhaps on the next one, so an event may be of either day's session.
    same_day = chosen.select(
        "entity_id", nw.col("event_date").alias("session_date"), nw.col("event_time").alias("candidate_at")
    )
    day_before = chosen.select(
        "entity_id",
        (nw.col("event_date") - timedelta(days=1)).cast(nw.Date).alias("session_date"),
        nw.col("event_time").alias("candidate_at"),
    )
    candidates = nw.concat([same_day, day_before], how="vertical")
    return sessions.join(candidates, on=["entity_id", "session_date"], how="left")


def reached(step: str) -> nw.Expr:
    """When a session reached a step after the first: its earliest candidate after the step before; null for none."""
    before = STEPS[STEPS.index(step) - 1]
    within = (nw.col("candidate_at") > nw.col(f"{before}_at")) & (nw.col("candidate_at") <= nw.col("ended_at"))
    return nw.when(within).then(nw.col("candidate_at")).alias(f"{step}_at")
