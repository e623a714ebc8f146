"""Ended paths by Polars: all rows sorted once, after which a path is a slice of them.

The joins of `_ended_paths` hold each touch once for every path that it is in; here a segment's channels are joined to
text once, and each of its paths cuts its own part out. Entities are compared as numbers, which sort several times
faster than their ids. Polars comes as an argument: no transform imports an engine.
"""

from datetime import date, timedelta
from typing import Any

Frame = Any
"""A Polars data frame."""

_ORDER = ("entity", "at", "converts", "channel_code", "campaign_code")
_TOUCH = ("touched_at", "channel", "campaign")
_PLACES = 1 << 64
"""More than there are microseconds: the segment times this plus the moment sorts by segment, then by moment."""


def ended_paths(steps: Any, pl: Any, *, first_day: date, lookback: timedelta, between: str) -> Any:
    """What `_ended_paths.ended_paths` gives, of a Polars lazy frame."""
    touch = pl.Struct(
        {"position": pl.Int64, "touched_at": pl.Datetime("us", "UTC"), "channel": pl.String, "campaign": pl.String}
    )
    schema = {
        "entity_id": pl.String,
        "ended_at": pl.Datetime("us", "UTC"),
        "path_id": pl.String,
        "path": pl.String,
        "touch_count": pl.Int64,
        "first_touch_at": pl.Datetime("us", "UTC"),
        "touches": pl.List(touch),
    }

    def ended(rows: Frame) -> Frame:
        ordered = _in_segments(_in_order(rows, pl, first_day), pl, len(between))
        paths = _with_slices(ordered, pl, first_day, lookback)
        touches = _touch_lists(ordered, paths.filter("converts"), pl)
        found = _with_text(ordered, paths, pl, between).join(touches, on="row", how="left", maintain_order="left")
        return found.select(*schema)

    return steps.map_batches(ended, schema=schema)


def _in_order(rows: Frame, pl: Any, first_day: date) -> Frame:
    """Rows of the entities that have any on the wanted days, by entity and time, equal moments by channel."""
    entity = pl.col("entity_id").cast(pl.Categorical(pl.Categories.random())).to_physical().alias("entity")
    numbered = rows.with_columns(entity)
    active = numbered.filter(pl.col("date") >= first_day).select(pl.col("entity").unique())
    kept = numbered.join(active, on="entity", how="semi")
    codes = (_code(kept[name], pl).alias(f"{name}_code") for name in ("channel", "campaign"))
    return kept.with_columns(*codes).sort(_ORDER).drop("channel_code", "campaign_code")


def _code(texts: Any, pl: Any) -> Any:
    """Numbers that sort as the texts do."""
    return texts.cast(pl.Enum(texts.drop_nulls().unique().sort())).to_physical()


def _in_segments(ordered: Frame, pl: Any, between: int) -> Frame:
    """Rows with their place, `segment` (numbered from 1 through all entities), and how far its text goes after them."""
    entity, converts = pl.col("entity"), pl.col("converts")
    begins = (entity != entity.shift()).fill_null(True) | converts.shift().fill_null(False)
    length = pl.when(converts).then(0).otherwise(pl.col("channel").str.len_chars().cast(pl.Int64) + between)
    numbered = ordered.with_columns(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("row"),
        begins.cum_sum().cast(pl.Int64).alias("segment"),
        (length.cum_sum() - length).alias("text_from"),
        (length.cum_sum() - between).alias("text_to"),
    )
    moment = pl.col("at").to_physical().cast(pl.Int128)
    return numbered.with_columns((pl.col("segment").cast(pl.Int128) * _PLACES + moment).alias("place"))


def _with_slices(ordered: Frame, pl: Any, first_day: date, lookback: timedelta) -> Frame:
    """Ends of paths, with the row that their touches begin at and the number of these; those without are left out."""
    entity, day, converts = (pl.col(name) for name in ("entity", "date", "converts"))
    last_of_day = ((entity != entity.shift(-1)) | (day != day.shift(-1))).fill_null(True)
    ends = ordered.filter(pl.when(converts).then(pl.col("path_id").is_not_null()).otherwise(last_of_day))
    wanted = ends.filter(day >= first_day)
    reach = pl.lit(lookback // timedelta(microseconds=1), dtype=pl.Int128)
    begins = ordered["place"].search_sorted(wanted.select(pl.col("place") - reach).to_series()).cast(pl.Int64)
    touches = pl.col("row") - pl.col("begins") + pl.when(converts).then(0).otherwise(1)
    counted = wanted.with_columns(begins.alias("begins")).with_columns(touches.cast(pl.Int64).alias("touch_count"))
    return counted.filter(pl.col("touch_count") > 0)


def _with_text(ordered: Frame, paths: Frame, pl: Any, between: str) -> Frame:
    """Paths with their text, and the time of their first touch."""
    # A moment of conversion has no channel, and nulls are not joined: so every segment has its place among the texts.
    segments = ordered.with_columns(pl.col("segment").set_sorted()).group_by("segment", maintain_order=True)
    texts = segments.agg("channel", pl.col("text_from").first()).with_columns(pl.col("channel").list.join(between))
    own, begins = texts[paths["segment"] - 1], ordered[paths["begins"]]
    offset, length = begins["text_from"] - own["text_from"], paths["text_to"] - begins["text_from"]
    return paths.with_columns(
        own["channel"].str.slice(offset, length).alias("path"),
        begins["at"].alias("first_touch_at"),
        pl.col("at").alias("ended_at"),
    )


def _touch_lists(ordered: Frame, conversions: Frame, pl: Any) -> Frame:
    """The lists of touches of conversions, by the row of the conversion."""
    place = pl.int_ranges("begins", "row").alias("place")
    each = conversions.select("row", "begins", place).explode("place")
    touches = ordered[each["place"]].select(pl.col("at").alias("touched_at"), "channel", "campaign")
    position = (pl.col("place") - pl.col("begins") + 1).alias("position")
    listed = each.select("row", position).hstack(touches).group_by("row", maintain_order=True)
    return listed.agg(pl.struct("position", *_TOUCH).alias("touches"))
