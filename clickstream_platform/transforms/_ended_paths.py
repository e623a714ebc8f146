"""Where paths begin and end, and their touches brought together."""

from datetime import date, timedelta

import narwhals as nw

from clickstream_platform.transforms import _paths_by_polars
from clickstream_platform.transforms._frames import Frame
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


def ended_paths(steps: Frame, *, first_day: date, lookback: timedelta) -> Frame:
    """Paths with touches: those that a conversion ended, and those that stood open at the end of a day.

    Grain: one row a path. A path is of one segment, which is what an entity does up to and with a moment of conversion.
    `path_id` is the conversion's, null for open paths; `touches` are of conversions alone.

    Args:
        steps: Touches and moments of conversion (`converts`), one row each: `entity_id`, `date`, `at`; a touch's
            `channel` and `campaign`; a moment's `path_id`, null where no conversion of it may be credited.
        first_day: First day (UTC) that paths are wanted of.
        lookback: How long before its end a path may begin.
    """
    if steps.implementation.is_polars():
        found: Frame = nw.from_native(
            _paths_by_polars.ended_paths(
                steps.to_native(),
                nw.get_native_namespace(steps),
                first_day=first_day,
                lookback=lookback,
                between=BETWEEN,
            )
        )
        return found
    numbered = _numbered(steps)
    converted = with_touches(_held(numbered, _conversion_ends(numbered, first_day), lookback))
    still_open = with_text(_held(numbered, _open_ends(numbered, first_day), lookback))
    return nw.concat([converted, still_open.with_columns(nw.lit(None, dtype=TOUCHES).alias("touches"))], how="vertical")


def _numbered(steps: Frame) -> Frame:
    """Steps with their `segment`: how many moments of conversion their entity has before them.

    Touches at one moment have the same segment, whatever their order. That of a moment of conversion is its touches'.
    """
    counted = steps.with_columns(nw.when(nw.col("converts")).then(1).otherwise(0).cast(nw.Int64).alias("moments"))
    before = nw.col("moments").cum_sum().over("entity_id", order_by=["at", "moments"]) - nw.col("moments")
    return counted.with_columns(before.alias("segment"))


def _conversion_ends(steps: Frame, first_day: date) -> Frame:
    """Ends of paths that a conversion may be credited to."""
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
    none = nw.lit(None, dtype=nw.String).alias("path_id")
    return days.filter(unanswered).select("entity_id", "segment", "ended_at", none)


def _held(steps: Frame, ends: Frame, lookback: timedelta) -> Frame:
    """The touches of paths that end so: of the same segment, within the look-back."""
    within = (nw.col("at") <= nw.col("ended_at")) & (nw.col("at") >= nw.col("ended_at") - lookback)
    touches = steps.filter(~nw.col("converts")).drop("path_id")
    pairs = touches.join(ends, on=["entity_id", "segment"]).filter(within)
    return pairs.select("entity_id", "ended_at", "path_id", nw.col("at").alias("touched_at"), "channel", "campaign")
