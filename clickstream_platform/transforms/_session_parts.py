"""Where sessions begin, found on parts of sessions instead of single events.

A part is what an entity does in one stretch of a day that is as long as the session timeout: its events can never be
more than a timeout apart, so it belongs to one session as a whole. There are far fewer parts than events, and they come
from a plain group-by, so that only they have to be put in order.
"""

from datetime import date, timedelta

import narwhals as nw

from clickstream_platform.transforms._first_event import as_text
from clickstream_platform.transforms._frames import Frame
from clickstream_platform.transforms._money import total
from clickstream_platform.transforms._origin import ORIGIN
from clickstream_platform.transforms._time import midnight, second_of_day, whole_seconds

_LONG_AGO = date(1900, 1, 1)
_DAY = timedelta(days=1)
FIRST_EVENT = ("known_user", "page_path", "device_type", "country")
"""`known_user` is any text where the entity is a user: the entity's id is the user's id then."""

_SUMS = ("events", "page_views", "purchases")


def session_spans(events: Frame, timeout: timedelta) -> Frame:
    """Sessions with what their events add up to, one row each.

    Columns: `entity_id`, `session_date`, `started_at`, `ended_at`, `start_reason`, `view_item_at` (the first),
    `events`, `page_views`, `purchases`, `revenue`; and what the first event (`first_event`) and the first event with a
    source (`origin`, null without one) say, for `from_text`.

    A session starts where its entity was away for longer than the timeout. Activity without such a rest is also cut
    at the third midnight it would reach and at each one after it (`max_duration`): so a session never covers more than
    two days, and a day's sessions can be told from the two days before it. `start_reason` is `timeout` where the entity
    was seen earlier on that day or on the day before, else `first_event`.

    Args:
        events: Events of people, of the wanted days and at least two before.
        timeout: The longest pause within a session.
    """
    parts = _with_rests(_parts(events, timeout), timeout)
    outlasts = nw.col("event_date") > nw.col("rested_date") + _DAY
    sessions = parts.with_columns(
        nw.when(outlasts).then(nw.col("event_date")).otherwise(nw.col("rested_date")).alias("session_date"),
        nw.when(outlasts).then(nw.lit("max_duration")).otherwise(nw.col("start_reason")).alias("start_reason"),
    )
    return (
        sessions.group_by("entity_id", "rested_at", "session_date")
        .agg(
            nw.col("first_at").min().alias("started_at"),
            nw.col("last_at").max().alias("ended_at"),
            nw.col("start_reason").max(),
            nw.col("first_event").min(),
            nw.col("origin").min(),
            nw.col("view_item_at").min(),
            *(nw.col(name).sum().cast(nw.Int64) for name in _SUMS),
            total(nw.col("revenue")).alias("revenue"),
        )
        .drop("rested_at")
    )


def _parts(events: Frame, timeout: timedelta) -> Frame:
    """What each entity does in each stretch of a day."""
    kind, time = nw.col("event_name"), nw.col("event_time")
    return (
        events.with_columns(nw.when(~nw.col("user_id").is_null()).then(nw.lit("1")).alias("known_user"))
        .select(
            "entity_id",
            "event_date",
            "event_time",
            "revenue",
            (second_of_day(time) // whole_seconds(timeout)).alias("stretch"),
            nw.when(kind == "page_view").then(1).otherwise(0).alias("page_view"),
            nw.when(kind == "purchase").then(1).otherwise(0).alias("purchase"),
            nw.when(kind == "view_item").then(time).alias("view_item_at"),
            as_text(FIRST_EVENT).alias("first_event"),
            nw.when(nw.col("has_source")).then(as_text(ORIGIN)).alias("origin"),
        )
        .group_by("entity_id", "event_date", "stretch")
        .agg(
            nw.col("event_time").min().alias("first_at"),
            nw.col("event_time").max().alias("last_at"),
            nw.len().cast(nw.Int64).alias("events"),
            nw.col("page_view").sum().cast(nw.Int64).alias("page_views"),
            nw.col("purchase").sum().cast(nw.Int64).alias("purchases"),
            nw.col("view_item_at").min(),
            nw.col("first_event").min(),
            nw.col("origin").min(),
            total(nw.col("revenue")).alias("revenue"),
        )
    )


def _with_rests(parts: Frame, timeout: timedelta) -> Frame:
    """Parts with `rested_at` and `rested_date`, the first moment since the entity's last rest, and why that began.

    `start_reason` stands on the first part after a rest only, and is null on the others.
    """
    entity, order = "entity_id", ["first_at"]
    rested = nw.col("before_at").is_null() | (nw.col("first_at") > nw.col("before_at") + timeout)
    seen = nw.col("event_date") <= nw.col("before_date") + _DAY
    return (
        parts.with_columns(
            nw.col("last_at").shift(1).over(entity, order_by=order).alias("before_at"),
            nw.col("event_date").shift(1).over(entity, order_by=order).alias("before_date"),
        )
        .with_columns(
            nw.when(rested).then(nw.col("first_at")).otherwise(nw.lit(midnight(_LONG_AGO))).alias("rested_at"),
            nw.when(rested).then(nw.col("event_date")).otherwise(nw.lit(_LONG_AGO)).alias("rested_date"),
            nw.when(rested & seen)
            .then(nw.lit("timeout"))
            .when(rested)
            .then(nw.lit("first_event"))
            .alias("start_reason"),
        )
        .with_columns(
            nw.col("rested_at").cum_max().over(entity, order_by=order),
            nw.col("rested_date").cum_max().over(entity, order_by=order),
        )
    )
