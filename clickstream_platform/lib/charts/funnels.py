"""The picture of the configured funnels."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from clickstream_platform.contract.funnels import ANYTHING
from clickstream_platform.lib.charts.parts import LABEL_CHARACTERS, PALETTE, days_axis, horizontal, panels, span, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_FUNNELS = 3
"""Those with the most attempts are drawn; the rest is in the table."""
STEP_HEIGHT, MARGIN_HEIGHT = 0.3, 0.75
"""Inches of a step's bar, and around the bars of a funnel."""
_WITHIN = {"session": "within a session", "1d": "within a day"}


def funnel_steps(frame: pl.DataFrame) -> "Figure":
    """Each funnel's steps as bars, and beside them its conversion by day."""
    totals = frame.filter(pl.col("dimension") == ANYTHING)
    # Every row tells how many attempts there were: a funnel is drawn also where rows of its first step are lacking.
    days = totals.unique(["funnel", "date"]).group_by("funnel").agg(pl.col("entered").sum())
    names = days.sort("entered", "funnel", descending=[True, False]).head(MOST_FUNNELS)["funnel"].to_list()
    funnels = [totals.filter(pl.col("funnel") == name) for name in names] or [totals]
    heights = [of_funnel["step"].n_unique() * STEP_HEIGHT + MARGIN_HEIGHT for of_funnel in funnels]
    figure, axes = panels(
        f"Funnels, {span(frame)}",
        rows=len(funnels),
        columns=2,
        ratios=heights if len(funnels) > 1 else (1.2, 1),
        height=sum(heights) + 0.6,
    )
    for of_funnel, bars, daily in zip(funnels, axes[::2], axes[1::2], strict=True):
        _steps(bars, of_funnel)
        _conversion_by_day(daily, of_funnel)
    return figure


def _steps(axes: "Axes", of_funnel: pl.DataFrame) -> None:
    """How many attempts reached each step on all days together, and their share of those that began."""
    rows = (
        of_funnel.group_by("step")
        .agg(pl.col("label").sort_by("date", "label").last(), pl.col("reached", "entered").sum())
        .sort("step")
    )
    counts = rows["reached"].to_list()
    labels = [
        f"{reached:,}" + (f"  ({reached / entered:.1%})" if step > 1 and entered else "")
        for step, reached, entered in rows.select("step", "reached", "entered").iter_rows()
    ]
    horizontal(axes, rows["label"].to_list(), counts, _title(of_funnel), labels=labels)
    axes.set_xlim(0, max([*counts, 1]) * 1.5)


def _title(of_funnel: pl.DataFrame) -> str:
    """The funnel's name, and how long an attempt may take by its newest rows."""
    newest = of_funnel.sort("date", "within").select("funnel", "within").tail(1).rows()
    if not newest:
        return "Attempts by step"
    ((name, within),) = newest
    shown = name if len(name) <= LABEL_CHARACTERS else f"{name[: LABEL_CHARACTERS - 1]}…"
    some_days = f"within {within.removesuffix('d')} days"
    return f"{shown}: attempts by step, {_WITHIN.get(within, some_days)}"


def _conversion_by_day(axes: "Axes", of_funnel: pl.DataFrame) -> None:
    """The share of a day's attempts that reached the last step; a gap on days without attempts."""
    last = of_funnel.filter(pl.col("step") == pl.col("step").max()).sort("date")
    rates = last.select("date", rate=pl.col("conversion_from_first") * 100)
    if rates.height > 1:
        rates = rates.upsample("date", every="1d")
    days = rates["date"].to_list()
    axes.plot(days, rates["rate"].to_list(), color=PALETTE[2], marker="o", markersize=3)
    axes.set_ylim(bottom=0)
    style(axes, "Converted, of 100 attempts begun on the day")
    axes.yaxis.set_major_formatter("{x:g}")
    if not days:
        axes.set_xticks([])
        return
    days_axis(axes, rates["date"])
    if len(days) > 1:
        half = timedelta(hours=12)
        axes.set_xlim(days[0] - half, days[-1] + half)


DRAWINGS: dict[str, Callable[[pl.DataFrame], "Figure"]] = {"funnel_steps": funnel_steps}

COLUMNS: dict[str, tuple[str, ...]] = {
    "funnel_steps": (
        *("date", "funnel", "within", "dimension", "step", "label"),
        *("entered", "reached", "conversion_from_first"),
    )
}
"""Segments are not drawn: there may be many thousands of them, of landing pages above all."""
