"""Ended paths by Polars: all rows sorted once, after which a path is a slice of them.

The joins of `_ended_paths` hold each touch once for every path that it is in; here a segment's channels are joined to
text once, and each of its paths cuts its own part out. Polars comes as an argument: no transform imports an engine.
"""

from datetime import date, timedelta
from typing import Any

Frame = Any
"""A Polars data frame."""

_TOUCH, _TAKES, _ENDS = range(3)
"""Kinds of steps, in the order in which they come at one moment: a touch, the conversion that takes the touches up to
it, and one that only ends the path."""
_ORDER = ("at", "kind", "channel_code", "campaign_code")
_PLACES = 1 << 64
"""More than there are microseconds: the segment times this plus the moment sorts by segment, then by moment."""


def ended_paths(touches: Any, conversions: Any, pl: Any, *, first_day: date, lookback: timedelta, between: str) -> Any:
    """What `_ended_paths.ended_paths` gives, of Polars lazy frames."""
    kind = pl.when("takes").then(_TAKES).otherwise(_ENDS).cast(pl.Int8).alias("kind")
    of_conversions = ("path_id", "order_id", "revenue")
    steps = [
        touches.select("entity_id", "date", "channel", "campaign", at="touched_at", kind=pl.lit(_TOUCH, dtype=pl.Int8)),
        conversions.select("entity_id", "date", *of_conversions, kind, at="ended_at"),
    ]

    def ended(rows: Frame) -> Frame:
        ordered = _in_segments(_in_order(rows, pl, first_day), pl, len(between))
        paths = _with_slices(ordered, pl, first_day, lookback)
        listed = _touch_lists(ordered, paths.filter(pl.col("kind") == _TAKES, pl.col("touch_count") > 0), pl)
        found = _with_text(ordered, paths, pl, between).join(listed, on="row", how="left", maintain_order="left")
        return found.select(*_schema(pl))

    return pl.concat(steps, how="diagonal").map_batches(ended, schema=_schema(pl))


def _schema(pl: Any) -> dict[str, Any]:
    moment = pl.Datetime("us", "UTC")
    touch = pl.Struct({"position": pl.Int64, "touched_at": moment, "channel": pl.String, "campaign": pl.String})
    return {
        "entity_id": pl.String,
        "date": pl.Date,
        "ended_at": moment,
        "path_id": pl.String,
        "order_id": pl.String,
        "revenue": pl.Decimal(18, 2),
        "path": pl.String,
        "touch_count": pl.Int64,
        "first_touch_at": moment,
        "touches": pl.List(touch),
    }


def _in_order(rows: Frame, pl: Any, first_day: date) -> Frame:
    """Rows of the entities that have any on the wanted days, by entity and time, equal moments by kind and channel.

    Sorted by the entities' hashes, which takes half the time; by their ids as well only if two have the same hash.
    """
    hashed = rows.with_columns(_hash(pl).alias("hash"))
    active = hashed.filter(pl.col("date") >= first_day)["hash"].unique()
    kept = hashed.filter(pl.col("hash").is_in(active.implode()))
    coded = kept.with_columns(*(_code(kept[name], pl).alias(f"{name}_code") for name in ("channel", "campaign")))
    ordered = coded.sort("hash", *_ORDER)
    entity, same_hash = pl.col("entity_id"), pl.col("hash") == pl.col("hash").shift()
    if ordered.select((same_hash & (entity != entity.shift())).any()).item():
        ordered = coded.sort("entity_id", *_ORDER)
    return ordered.drop("hash", "channel_code", "campaign_code")


def _hash(pl: Any) -> Any:
    return pl.col("entity_id").hash()


def _code(texts: Any, pl: Any) -> Any:
    """Numbers that sort as the texts do."""
    return texts.cast(pl.Enum(texts.drop_nulls().unique().sort())).to_physical()


def _in_segments(ordered: Frame, pl: Any, between: int) -> Frame:
    """Rows with their place, `segment` (numbered from 1 through all entities), and how far its text goes after them."""
    entity, is_touch = pl.col("entity_id"), pl.col("kind") == _TOUCH
    begins = (entity != entity.shift()).fill_null(True) | ~is_touch.shift().fill_null(False)
    length = pl.when(is_touch).then(pl.col("channel").str.len_chars().cast(pl.Int64) + between).otherwise(0)
    numbered = ordered.with_columns(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("row"),
        begins.cum_sum().cast(pl.Int64).alias("segment"),
        (length.cum_sum() - length).alias("text_from"),
        (length.cum_sum() - between).alias("text_to"),
    )
    moment = pl.col("at").to_physical().cast(pl.Int128)
    return numbered.with_columns((pl.col("segment").cast(pl.Int128) * _PLACES + moment).alias("place"))


def _with_slices(ordered: Frame, pl: Any, first_day: date, lookback: timedelta) -> Frame:
    """Ends of paths, with the row that their touches begin at and the number of these."""
    entity, day, kind = (pl.col(name) for name in ("entity_id", "date", "kind"))
    last_of_day = ((entity != entity.shift(-1)) | (day != day.shift(-1))).fill_null(True)
    wanted = ordered.filter((kind != _TOUCH) | last_of_day).filter(day >= first_day)
    reach = pl.lit(lookback // timedelta(microseconds=1), dtype=pl.Int128)
    begins = ordered["place"].search_sorted(wanted.select(pl.col("place") - reach).to_series()).cast(pl.Int64)
    before = pl.col("row") - pl.col("begins")
    count = pl.when(kind == _TOUCH).then(before + 1).when(kind == _TAKES).then(before).otherwise(0)
    return wanted.with_columns(begins.alias("begins")).with_columns(count.alias("touch_count"))


def _with_text(ordered: Frame, paths: Frame, pl: Any, between: str) -> Frame:
    """Paths with their text, and the time of their first touch; both null for those without touches."""
    # A conversion has no channel, and nulls are not joined: so every segment has its place among the texts.
    segments = ordered.with_columns(pl.col("segment").set_sorted()).group_by("segment", maintain_order=True)
    texts = segments.agg("channel", pl.col("text_from").first()).with_columns(pl.col("channel").list.join(between))
    own, begins = texts[paths["segment"] - 1], ordered[paths["begins"]]
    offset, length = begins["text_from"] - own["text_from"], (paths["text_to"] - begins["text_from"]).clip(0)
    touched = pl.when(pl.col("touch_count") > 0)
    return paths.with_columns(
        touched.then(own["channel"].str.slice(offset, length)).alias("path"),
        touched.then(begins["at"]).alias("first_touch_at"),
        pl.col("at").alias("ended_at"),
    )


def _touch_lists(ordered: Frame, conversions: Frame, pl: Any) -> Frame:
    """The lists of touches of conversions, by the row of the conversion."""
    place = pl.int_ranges("begins", "row").alias("place")
    each = conversions.select("row", "begins", place).explode("place")
    touches = ordered[each["place"]].select(pl.col("at").alias("touched_at"), "channel", "campaign")
    position = (pl.col("place") - pl.col("begins") + 1).alias("position")
    listed = each.select("row", position).hstack(touches).group_by("row", maintain_order=True)
    return listed.agg(pl.struct("position", "touched_at", "channel", "campaign").alias("touches"))
