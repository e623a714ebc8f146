"""The pictures of marketing attribution."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import polars as pl

from clickstream_platform.lib.charts.parts import PALETTE, currency, horizontal, panels, span

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SHOWN_MODELS = ("first", "last_non_direct", "position_based", "markov", "shapley")
_MOST_CHANNELS, _MOST_PATHS = 8, 10
_LONGEST_PATH = 6
"""Path lengths from this on share one bar."""


def _channel_attribution(frame: pl.DataFrame) -> "Figure":
    """Revenue by channel, a panel a model: the same channels in the same order, so that rows can be read across.

    Below the largest channels stand all others as one, so that the sums of the panels are the same.
    """
    figure, axes = panels(
        f"Revenue credited by attribution model, {span(frame)} ({currency()})",
        columns=len(_SHOWN_MODELS),
        ratios=(1,) * len(_SHOWN_MODELS),
        share_y=True,
        height=3.6,
    )
    sums = frame.group_by("channel", "model").agg(pl.col("revenue").cast(pl.Float64).sum())
    ranked = sums.group_by("channel").agg(pl.col("revenue").sum()).sort("revenue", "channel", descending=[True, False])
    channels = ranked["channel"].head(_MOST_CHANNELS).to_list()
    for place, (panel, model) in enumerate(zip(axes, _SHOWN_MODELS, strict=True)):
        found = dict(sums.filter(pl.col("model") == model).select("channel", "revenue").iter_rows())
        values = [found.pop(channel, 0.0) for channel in channels]
        names = channels
        if ranked.height > len(channels):
            names, values = [*channels, "All others"], [*values, sum(found.values())]
        title = model.replace("_", " ").capitalize()
        horizontal(panel, None if place else names, values, title, colour=PALETTE[place])
        panel.margins(x=0.5)
    return figure


def _channel_effects(frame: pl.DataFrame) -> "Figure":
    """The newest day's models: what is lost without a channel, and what it adds to the conversion rate."""
    newest = frame.filter(pl.col("date") == pl.col("date").max())
    figure, (removal, added) = panels(
        f"What channels bring about, paths up to {newest['date'].to_list()[0]}",
        columns=2,
        ratios=(1.1, 1),
        share_y=True,
        height=3.8,
    )
    wide = newest.select("channel", "model", "effect").pivot("model", index="channel", values="effect").fill_null(0.0)
    for model in ("markov", "shapley"):
        wide = wide if model in wide.columns else wide.with_columns(pl.lit(0.0).alias(model))
    top = wide.sort("markov", "channel", descending=[True, False]).head(_MOST_CHANNELS)
    lost, points = (top[name].to_list() for name in ("markov", "shapley"))
    horizontal(
        removal,
        top["channel"].to_list(),
        [100 * value for value in lost],
        "Markov: % of conversions lost without it",
        form="{:.1f}",
    )
    horizontal(
        added,
        None,
        [100 * value for value in points],
        "Shapley: percentage points of conversion rate",
        colour=PALETTE[1],
        form="{:.2f}",
    )
    added.margins(x=0.3)
    return figure


def _conversion_paths(frame: pl.DataFrame) -> "Figure":
    figure, (lengths, common) = panels(f"Paths to conversion, {span(frame)}", columns=2, ratios=(1, 1.6), height=3.6)
    won = frame.filter(pl.col("outcome") == "conversion")
    counts = dict(
        won.group_by(pl.col("touch_count").clip(0, _LONGEST_PATH).alias("touches")).len().sort("touches").iter_rows()
    )
    names = ["None", "1 touch", *(f"{length} touches" for length in range(2, _LONGEST_PATH)), "More"]
    values = [counts.get(length, 0) for length in range(_LONGEST_PATH + 1)] if counts else []
    horizontal(lengths, names if values else [], values, "Conversions by length of their path", colour=PALETTE[4])
    paths = (
        won.filter(pl.col("touch_count") > 0)
        .group_by("path")
        .len("conversions")
        .sort("conversions", "path", descending=[True, False])
        .head(_MOST_PATHS)
    )
    horizontal(common, paths["path"].to_list(), paths["conversions"].to_list(), "Most frequent paths")
    return figure


DRAWINGS: dict[str, Callable[[pl.DataFrame], "Figure"]] = {
    "channel_attribution": _channel_attribution,
    "channel_effects": _channel_effects,
    "conversion_paths": _conversion_paths,
}
COLUMNS: dict[str, tuple[str, ...]] = {"conversion_paths": ("date", "outcome", "path", "touch_count")}
"""Of a table with a row a path, what its picture is made of."""
