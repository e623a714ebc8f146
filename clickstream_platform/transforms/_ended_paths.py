"""Where paths begin and end, and their touches brought together."""

from datetime import date, timedelta

import narwhals as nw

from clickstream_platform.transforms import _paths_by_polars
from clickstream_platform.transforms._frames import Frame, null_text
from clickstream_platform.transforms._money import MONEY
from clickstream_platform.transforms._paths import BETWEEN, with_text, with_touches

TOUCHES = nw.List(
    nw.Struct(
        {
            "position": nw.Int64,
            "touched_at": nw.Datetime("us", "UTC"),
            "channel": nw.String,
            "campaign": nw.String,
        }
    )
)
_OF_CONVERSIONS = ("entity_id", "date", "ended_at", "path_id", "order_id", "revenue")
_FACTS = ("path", "touch_count", "first_touch_at", "touches")


def ended_paths(touches: Frame, conversions: Frame, *, first_day: date, lookback: timedelta) -> Frame:
    """Paths that a conversion ended, and those that stood open at the end of a day.

    Grain: one row a conversion, and one an entity's day that ends with a touch. A path is of one segment, which is what
    an entity does up to and with a moment of conversion. `path_id`, `order_id` and `revenue` are the conversion's, null
    for open paths; `path`, `touch_count` and `first_touch_at` are of the touches, null or 0 without any; `touches` are
    of conversions alone.

    Args:
        touches: `entity_id`, `date`, `touched_at`, `channel` and `campaign`.
        conversions: `entity_id`, `date`, `ended_at`, `path_id`, `order_id`, `revenue`, and `takes`: whether it has the
            touches before it. No two of an entity's moment have them; each ends the path, all the same.
        first_day: First day (UTC) that paths are wanted of.
        lookback: How long before its end a path may begin.
    """
    if not touches.implementation.is_polars():
        return _by_joins(touches, conversions, first_day, lookback)
    found: Frame = nw.from_native(
        _paths_by_polars.ended_paths(
            touches.to_native(),
            conversions.to_native(),
            nw.get_native_namespace(touches),
            first_day=first_day,
            lookback=lookback,
            between=BETWEEN,
        )
    )
    return found


def _by_joins(touches: Frame, conversions: Frame, first_day: date, lookback: timedelta) -> Frame:
    """Each touch joined to every path that it is in."""
    steps = _numbered(_steps(touches, conversions))
    taken = with_touches(_held(steps, _conversion_ends(steps, first_day), lookback))
    converted = conversions.filter(nw.col("date") >= first_day).join(
        taken, on=["entity_id", "ended_at", "path_id"], how="left"
    )
    still_open = with_text(_held(steps, _open_ends(steps, first_day), lookback)).with_columns(
        nw.col("ended_at").dt.date().alias("date"),
        null_text().alias("order_id"),
        nw.lit(None, dtype=MONEY).alias("revenue"),
        nw.lit(None, dtype=TOUCHES).alias("touches"),
    )
    return nw.concat([paths.select(*_OF_CONVERSIONS, *_FACTS) for paths in (converted, still_open)], how="vertical")


def _steps(touches: Frame, conversions: Frame) -> Frame:
    """Touches and moments of conversion (`converts`) in one frame; a moment's `path_id` is of the one that takes."""
    moments = conversions.group_by("entity_id", "date", "ended_at").agg(
        nw.when(nw.col("takes")).then(nw.col("path_id")).min().alias("path_id")
    )
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
        "path_id",
    )
    return nw.concat([touched, converted], how="vertical")


def _numbered(steps: Frame) -> Frame:
    """Steps with their `segment`: how many moments of conversion their entity has before them.

    Touches at one moment have the same segment, whatever their order. That of a moment of conversion is its touches'.
    """
    counted = steps.with_columns(nw.when(nw.col("converts")).then(1).otherwise(0).cast(nw.Int64).alias("moments"))
    before = nw.col("moments").cum_sum().over("entity_id", order_by=["at", "moments"]) - nw.col("moments")
    return counted.with_columns(before.alias("segment"))


def _conversion_ends(steps: Frame, first_day: date) -> Frame:
    """Ends of paths that a conversion takes."""
    ends = steps.filter(nw.col("converts"), ~nw.col("path_id").is_null(), nw.col("date") >= first_day)
    return ends.select("entity_id", "segment", nw.col("at").alias("ended_at"), "path_id")


def _open_ends(steps: Frame, first_day: date) -> Frame:
    """Last touches of entities' days that no conversion of the day follows."""
    touch, conversion = (nw.when(kind).then(nw.col("at")) for kind in (~nw.col("converts"), nw.col("converts")))
    days = (
        steps.filter(nw.col("date") >= first_day)
        .group_by("entity_id", "date")
        .agg(touch.max().alias("ended_at"), conversion.max().alias("converted_at"), nw.col("segment").max())
    )
    unanswered = nw.col("converted_at").is_null() | (nw.col("ended_at") > nw.col("converted_at"))
    return days.filter(unanswered).select("entity_id", "segment", "ended_at", null_text().alias("path_id"))


def _held(steps: Frame, ends: Frame, lookback: timedelta) -> Frame:
    """The touches of paths that end so: of the same segment, within the look-back."""
    within = (nw.col("at") <= nw.col("ended_at")) & (nw.col("at") >= nw.col("ended_at") - lookback)
    touches = steps.filter(~nw.col("converts")).drop("path_id")
    pairs = touches.join(ends, on=["entity_id", "segment"]).filter(within)
    return pairs.select("entity_id", "ended_at", "path_id", nw.col("at").alias("touched_at"), "channel", "campaign")
