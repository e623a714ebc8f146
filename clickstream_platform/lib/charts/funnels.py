"""The picture of the configured funnels."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from clickstream_platform.contract.funnels import ANYTHING
from clickstream_platform.lib.charts.parts import LABEL_CHARACTERS, PALETTE, days_axis, horizontal, panels, span, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_FUNNELS = 3
"""Those with the most attempts are drawn; the rest is in the table."""
STEP_HEIGHT, MARGIN_HEIGHT = 0.3, 0.75
"""Inches of a step's bar, and around the bars of a funnel."""


def funnel_steps(frame: pl.DataFrame) -> "Figure":
    """Each funnel's steps as bars, and beside them its conversion by day."""
    totals = frame.filter(pl.col("dimension") == ANYTHING)
    sizes = totals.filter(pl.col("step") == 1).group_by("funnel").agg(pl.col("reached").sum())
    names = sizes.sort("reached", "funnel", descending=[True, False]).head(MOST_FUNNELS)["funnel"].to_list()
    steps = [
        totals.filter(pl.col("funnel") == name)
        .group_by("step")
        .agg(pl.col("label").sort_by("date", "label").last(), pl.col("reached").sum())
        .sort("step")
        for name in names
    ]
    heights = [rows.height * STEP_HEIGHT + MARGIN_HEIGHT for rows in steps]
    title = f"Funnels, {span(frame)}"
    ratios = heights if len(names) > 1 else (1.2, 1)
    figure, axes = panels(title, rows=len(names), columns=2, ratios=ratios, height=sum(heights) + 0.6)
    for place, (name, rows) in enumerate(zip(names, steps, strict=True)):
        bars, daily = axes[2 * place], axes[2 * place + 1]
        of_funnel = totals.filter(pl.col("funnel") == name)
        counts = rows["reached"].to_list()
        labels = [f"{count:,}" + (f"  ({count / counts[0]:.1%})" if at else "") for at, count in enumerate(counts)]
        shown = name if len(name) <= LABEL_CHARACTERS else f"{name[: LABEL_CHARACTERS - 1]}…"
        within = of_funnel["within"].sort().to_list()[-1]
        said = {"session": "within a session", "1d": "within a day"}.get(
            within, f"within {within.removesuffix('d')} days"
        )
        horizontal(bars, rows["label"].to_list(), counts, f"{shown}: attempts by step, {said}", labels=labels)
        bars.set_xlim(0, max(counts[0], 1) * 1.5)
        last = of_funnel.filter(pl.col("step") == pl.col("step").max()).sort("date")
        gaps = last.select("date", rate=pl.col("conversion_from_first") * 100)
        if gaps.height > 1:
            gaps = gaps.upsample("date", every="1d")
        daily.plot(gaps["date"].to_list(), gaps["rate"].to_list(), color=PALETTE[2], marker="o", markersize=3)
        daily.set_ylim(bottom=0)
        style(daily, "Converted, of 100 attempts begun on the day")
        daily.yaxis.set_major_formatter("{x:g}")
        days_axis(daily, gaps["date"])
        if gaps.height > 1:
            half = timedelta(hours=12)
            daily.set_xlim(gaps["date"].to_list()[0] - half, gaps["date"].to_list()[-1] + half)
    return figure


DRAWINGS: dict[str, Callable[[pl.DataFrame], "Figure"]] = {"funnel_steps": funnel_steps}
