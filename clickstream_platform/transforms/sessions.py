"""Silver `sessions`."""

from datetime import date, timedelta

import narwhals as nw

from clickstream_platform.transforms._first_event import from_text
from clickstream_platform.transforms._frames import Frame, consenting
from clickstream_platform.transforms._funnel import STEPS, reached, with_candidates
from clickstream_platform.transforms._money import MONEY
from clickstream_platform.transforms._origin import ORIGIN, direct
from clickstream_platform.transforms._session_parts import FIRST_EVENT, session_spans
from clickstream_platform.transforms._time import compact_timestamp, midnight, seconds_between

_DAY = timedelta(days=1)
_KEY = ("entity_id", "started_at")
_SPAN = (
    "session_date",
    "ended_at",
    "start_reason",
    "first_event",
    "origin",
    "events",
    "page_views",
    "purchases",
    "revenue",
    "view_item_at",
)


def sessions(events_clean: Frame, *, first_day: date, last_day: date, timeout: timedelta) -> Frame:
    """Visits of people who allow analytics: what an entity does without being away for longer than the timeout.

    Grain: one row a session, on the day (UTC, event time) it starts (`session_date`), whole across midnight. A gap of
    exactly the timeout stays within the session. Activity that never pauses is cut at midnight of its third day and of
    each day after (`start_reason` `max_duration`), so no session covers more than two days and the answer for a day is
    the same in whichever range it is computed. `start_reason` is `timeout` after a gap, where the entity was seen
    earlier on that day or on the day before, else `first_event`.

    Where it came from is told by its first event that has a source, else Direct; landing page, device, country and
    user by its very first event. Of several events at one moment, the one whose `event_id` ends lowest is first.
    `<step>_at` is when each funnel step was reached, each strictly after the step before. `duration_seconds` is from
    first to last event; revenue is in the shop's currency, refunds negative.

    Args:
        events_clean: Silver `events_clean` of `first_day - 2` to `last_day + 1`; other days are ignored.
        first_day: First day (UTC) of sessions wanted.
        last_day: Last day of sessions wanted.
        timeout: The longest pause within a session, from a second to a day.

    Raises:
        ValueError: The timeout is shorter than a second or longer than a day.
    """
    if not timedelta(seconds=1) <= timeout <= _DAY:
        raise ValueError(f"the session timeout is not between a second and a day: {timeout}")
    events = consenting(events_clean).filter(
        nw.col("event_date") >= first_day - 2 * _DAY,
        nw.col("event_date") <= last_day + _DAY,
        # Of the first day, only what a session of the day after may continue.
        nw.col("event_time") >= midnight(first_day - _DAY) - timeout,
    )
    spans = session_spans(events, timeout).filter(
        nw.col("session_date") >= first_day, nw.col("session_date") <= last_day
    )
    first, origin = from_text("first_event", FIRST_EVENT), from_text("origin", ORIGIN)
    return _with_funnel(spans, events).select(
        nw.concat_str("entity_id", nw.lit("@"), compact_timestamp(nw.col("started_at"))).alias("session_id"),
        "entity_id",
        nw.when(~first["known_user"].is_null()).then(nw.col("entity_id")).alias("user_id"),
        "session_date",
        "started_at",
        "ended_at",
        seconds_between(nw.col("started_at"), nw.col("ended_at")).alias("duration_seconds"),
        "start_reason",
        "events",
        "page_views",
        *(
            nw.when(nw.col("origin").is_null()).then(otherwise).otherwise(origin[name]).alias(name)
            for name, otherwise in direct().items()
        ),
        first["page_path"].alias("landing_page"),
        first["device_type"],
        first["country"],
        *(f"{step}_at" for step in STEPS),
        "purchases",
        nw.col("revenue").cast(MONEY),
    )


def _with_funnel(spans: Frame, events: Frame) -> Frame:
    """Sessions with the times of all funnel steps.

    Each frame is used once: an engine that does not notice that two branches of a plan are the same would otherwise
    compute all of the above for each of them.
    """
    known: tuple[str, ...] = _SPAN
    for step in STEPS[1:]:
        rows = with_candidates(spans, events, step).with_columns(reached(step))
        known = (*known, f"{step}_at")
        spans = rows.group_by(*_KEY).agg(*(nw.col(name).min() for name in known))
    return spans
