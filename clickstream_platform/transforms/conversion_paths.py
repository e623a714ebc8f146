"""Gold `conversion_paths`."""

from datetime import date, timedelta

import narwhals as nw

from clickstream_platform.transforms._ended_paths import ended_paths
from clickstream_platform.transforms._frames import Frame, null_text, people
from clickstream_platform.transforms._money import zero
from clickstream_platform.transforms._time import compact_timestamp

CONVERSION, OPEN = "conversion", "open"
NO_TOUCHES = "(none)"
"""What stands for the channels of a path without touches."""


def conversion_paths(
    touchpoints: Frame,
    events_clean: Frame,
    *,
    first_day: date,
    last_day: date,
    lookback: timedelta,
    conversion_event: str = "purchase",
) -> Frame:
    """Touches that led to a conversion, and those that have not led to one yet.

    Grain: one row a path, on the day (UTC) it ends. `outcome` says how: `conversion` is one row a conversion event of
    people (`path_id` is its event id, `revenue` and `order_id` are its own); `open` is one row an entity whose last
    touch of the day came after its last conversion of that day: the path as it stood at the day's end (`ended_at` is
    that touch). A path has the touches of its entity within `lookback` before its end and after its previous
    conversion; a touch at the very moment of a conversion is of that conversion's path (a purchase may itself tell a
    source). Of several conversions of an entity at one moment, the one with the lowest id has the touches. Conversions
    without touches are kept, and so are those of people who withhold analytics or advertising: without their touches.
    `path` is the channels in order; `touches`, with time and campaign, are kept of conversions alone: an open path is
    kept again on each day that adds to it, and nobody is credited for it.

    A day needs nothing of later days. So the last row of an entity within a range of days tells whether its path ended
    in that range without a conversion.

    Args:
        touchpoints: Silver `touchpoints` of `first_day - lookback` to `last_day`; other days are ignored.
        events_clean: Silver `events_clean` of the same days.
        first_day: First day (UTC) of paths wanted.
        last_day: Last day of paths wanted.
        lookback: How long before its end a path may begin; whole days.
        conversion_event: `purchase` or `begin_checkout` (the latter's revenue is 0).
    """
    earliest = first_day - lookback
    conversions = _conversions(events_clean, conversion_event).filter(
        nw.col("date") >= earliest, nw.col("date") <= last_day
    )
    moments = conversions.group_by("entity_id", "date", "ended_at").agg(
        nw.when(nw.col("may_be_credited")).then(nw.col("path_id")).min().alias("credited_id")
    )
    touches = touchpoints.filter(nw.col("date") >= earliest, nw.col("date") <= last_day)
    paths = ended_paths(_steps(touches, moments), first_day=first_day, lookback=lookback)
    credited = paths.filter(~nw.col("path_id").is_null())
    wanted = conversions.filter(nw.col("date") >= first_day)
    still_open = paths.filter(nw.col("path_id").is_null())
    return nw.concat([_conversion_paths(wanted, credited), _open_paths(still_open)], how="vertical")


def _conversions(events_clean: Frame, conversion_event: str) -> Frame:
    return (
        people(events_clean)
        .filter(nw.col("event_name") == conversion_event)
        .select(
            "entity_id",
            nw.col("event_date").alias("date"),
            nw.col("event_time").alias("ended_at"),
            nw.col("event_id").alias("path_id"),
            "order_id",
            "revenue",
            (nw.col("analytics_consent") & nw.col("ads_consent")).alias("may_be_credited"),
        )
    )


def _steps(touches: Frame, moments: Frame) -> Frame:
    """Touches and moments of conversion in one frame."""
    touched = touches.select(
        "entity_id",
        "date",
        nw.col("touched_at").alias("at"),
        nw.lit(False).alias("converts"),
        "channel",
        "campaign",
        null_text().alias("path_id"),
    )
    converted = moments.select(
        "entity_id",
        "date",
        nw.col("ended_at").alias("at"),
        nw.lit(True).alias("converts"),
        null_text().alias("channel"),
        null_text().alias("campaign"),
        nw.col("credited_id").alias("path_id"),
    )
    return nw.concat([touched, converted], how="vertical")


def _conversion_paths(conversions: Frame, credited: Frame) -> Frame:
    """Every conversion, with touches if it has some."""
    return conversions.join(credited, on=["entity_id", "ended_at", "path_id"], how="left").select(
        "path_id",
        nw.lit(CONVERSION).alias("outcome"),
        "date",
        "ended_at",
        "entity_id",
        "order_id",
        "revenue",
        nw.col("path").fill_null(NO_TOUCHES),
        nw.col("touch_count").fill_null(0).cast(nw.Int64),
        "first_touch_at",
        "touches",
    )


def _open_paths(paths: Frame) -> Frame:
    return paths.select(
        nw.concat_str(nw.col("entity_id"), nw.lit("@"), compact_timestamp(nw.col("ended_at"))).alias("path_id"),
        nw.lit(OPEN).alias("outcome"),
        nw.col("ended_at").dt.date().alias("date"),
        "ended_at",
        "entity_id",
        null_text().alias("order_id"),
        zero().alias("revenue"),
        "path",
        "touch_count",
        "first_touch_at",
        "touches",
    )
