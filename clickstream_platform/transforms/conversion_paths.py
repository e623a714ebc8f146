"""Gold `conversion_paths`."""

from datetime import date, timedelta

import narwhals as nw

from clickstream_platform.transforms._frames import Frame, null_text, people
from clickstream_platform.transforms._money import zero
from clickstream_platform.transforms._paths import PATH_KEY, with_text, with_touches
from clickstream_platform.transforms._time import compact_timestamp

CONVERSION, OPEN = "conversion", "open"
NO_TOUCHES = "(none)"
"""What stands for the channels of a path without touches."""
_TOUCHES = nw.List(
    nw.Struct(
        {
            "position": nw.Int64,
            "touched_at": nw.Datetime("us", "UTC"),
            "channel": nw.String,
            "campaign": nw.String,
        }
    )
)


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
    steps = _numbered(touches, moments)
    open_paths = _open_paths(with_text(_held(steps, _open_ends(steps, first_day), lookback)))
    credited = with_touches(_held(steps, _conversion_ends(steps, first_day), lookback))
    wanted = conversions.filter(nw.col("date") >= first_day)
    return nw.concat([_conversion_paths(wanted, moments, credited), open_paths], how="vertical")


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


def _numbered(touches: Frame, moments: Frame) -> Frame:
    """Touches and moments of conversion with their `segment`: how many such moments their entity has before them.

    Touches at one moment have the same segment, whatever their order. That of a moment of conversion is its touches'.
    """
    touched = touches.select(
        "entity_id",
        "date",
        nw.col("touched_at").alias("at"),
        nw.lit(0).cast(nw.Int64).alias("converts"),
        "channel",
        "campaign",
    )
    converted = moments.select(
        "entity_id",
        "date",
        nw.col("ended_at").alias("at"),
        nw.lit(1).cast(nw.Int64).alias("converts"),
        # Whether it takes the touches before it, in the column that a touch has its channel in.
        nw.when(~nw.col("credited_id").is_null()).then(nw.lit(CONVERSION)).alias("channel"),
        null_text().alias("campaign"),
    )
    before = nw.col("converts").cum_sum().over("entity_id", order_by=["at", "converts"]) - nw.col("converts")
    return nw.concat([touched, converted], how="vertical").with_columns(before.alias("segment"))


def _conversion_ends(steps: Frame, first_day: date) -> Frame:
    """Ends of paths that a conversion may be credited to."""
    ends = steps.filter(nw.col("converts") == 1, ~nw.col("channel").is_null(), nw.col("date") >= first_day)
    return ends.select("entity_id", "segment", nw.col("at").alias("ended_at"))


def _open_ends(steps: Frame, first_day: date) -> Frame:
    """Last touches of entities' days that no conversion of the day follows."""
    touch, conversion = (nw.when(nw.col("converts") == kind).then(nw.col("at")) for kind in (0, 1))
    days = (
        steps.filter(nw.col("date") >= first_day)
        .group_by("entity_id", "date")
        .agg(touch.max().alias("ended_at"), conversion.max().alias("converted_at"), nw.col("segment").max())
    )
    unanswered = nw.col("converted_at").is_null() | (nw.col("ended_at") > nw.col("converted_at"))
    return days.filter(unanswered).select("entity_id", "segment", "ended_at")


def _held(steps: Frame, ends: Frame, lookback: timedelta) -> Frame:
    """The touches of paths that end so: of the same segment, within the look-back."""
    within = (nw.col("at") <= nw.col("ended_at")) & (nw.col("at") >= nw.col("ended_at") - lookback)
    pairs = steps.filter(nw.col("converts") == 0).join(ends, on=["entity_id", "segment"]).filter(within)
    return pairs.select("entity_id", "ended_at", nw.col("at").alias("touched_at"), "channel", "campaign")


def _conversion_paths(conversions: Frame, moments: Frame, credited: Frame) -> Frame:
    """Every conversion with the touches of its moment, if it is the one that has them."""
    ids = moments.select("entity_id", "ended_at", "credited_id")
    mine = (nw.col("path_id") == nw.col("credited_id")) & ~nw.col("path").is_null()
    return (
        conversions.join(ids, on=list(PATH_KEY))
        .join(credited, on=list(PATH_KEY), how="left")
        .select(
            "path_id",
            nw.lit(CONVERSION).alias("outcome"),
            "date",
            "ended_at",
            "entity_id",
            "order_id",
            "revenue",
            nw.when(mine).then(nw.col("path")).otherwise(nw.lit(NO_TOUCHES)).alias("path"),
            nw.when(mine).then(nw.col("touch_count")).otherwise(nw.lit(0)).cast(nw.Int64).alias("touch_count"),
            nw.when(mine).then(nw.col("first_touch_at")).alias("first_touch_at"),
            nw.when(mine).then(nw.col("touches")).alias("touches"),
        )
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
        nw.lit(None, dtype=_TOUCHES).alias("touches"),
    )
