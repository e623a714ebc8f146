"""Gold `conversion_paths`."""

from datetime import date, timedelta

import narwhals as nw

from clickstream_platform.transforms._ended_paths import ended_paths
from clickstream_platform.transforms._frames import Frame, people, within
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
    paths = ended_paths(
        within(touchpoints, earliest, last_day),
        _conversions(events_clean.filter(nw.col("event_date").is_between(earliest, last_day)), conversion_event),
        first_day=first_day,
        lookback=lookback,
    )
    is_open = nw.col("path_id").is_null()
    open_id = nw.concat_str(nw.col("entity_id"), nw.lit("@"), compact_timestamp(nw.col("ended_at")))
    return paths.select(
        nw.when(is_open).then(open_id).otherwise(nw.col("path_id")).alias("path_id"),
        nw.when(is_open).then(nw.lit(OPEN)).otherwise(nw.lit(CONVERSION)).alias("outcome"),
        "date",
        "ended_at",
        "entity_id",
        "order_id",
        nw.when(is_open).then(zero()).otherwise(nw.col("revenue")).alias("revenue"),
        nw.col("path").fill_null(NO_TOUCHES),
        nw.col("touch_count").fill_null(0).cast(nw.Int64),
        "first_touch_at",
        "touches",
    )


def _conversions(events_clean: Frame, conversion_event: str) -> Frame:
    """Conversion events of people; `takes` marks the one of its moment that has the touches, if any may have them."""
    allowed = nw.col("analytics_consent") & nw.col("ads_consent")
    lowest = nw.when(allowed).then(nw.col("event_id")).min().over("entity_id", "event_time")
    return (
        people(events_clean)
        .filter(nw.col("event_name") == conversion_event)
        .with_columns((nw.col("event_id") == lowest).fill_null(False).alias("takes"))
        .select(
            "entity_id",
            nw.col("event_date").alias("date"),
            nw.col("event_time").alias("ended_at"),
            nw.col("event_id").alias("path_id"),
            "order_id",
            "revenue",
            "takes",
        )
    )
