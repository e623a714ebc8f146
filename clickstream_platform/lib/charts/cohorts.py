"""The picture of who comes back: monthly cohorts by first order, a row each, a column an age."""

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from clickstream_platform.lib.charts.parts import CARD, INK, REST, SOFT, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_COHORTS, MOST_AGES = 13, 13
"""The newest cohorts, and the first ages."""
FEWEST_MONTHS = 3
"""Of fewer, months say nothing yet: then cohorts are weeks."""
_DARK = 0.55
"""From this share of the scale on, figures are white."""


def _cohort_retention(frame: pl.DataFrame) -> "Figure":
    orders = frame.filter(pl.col("cohort_by") == "first_order")
    shown = orders if not orders.is_empty() else frame
    months, weeks = (shown.filter(pl.col("period") == name) for name in ("month", "week"))
    by_month = months["cohort_start"].n_unique() >= FEWEST_MONTHS or weeks.is_empty()
    period, of_period = ("month", months) if by_month else ("week", weeks)
    rows = of_period.filter(pl.col("age") < MOST_AGES)
    starts = rows["cohort_start"].unique().sort().tail(MOST_COHORTS).to_list()
    by = "first order" if not orders.is_empty() else "sign-up"
    figure, (cells,) = panels(f"Customers who come back, by {period} of {by}", height=1.5 + 0.29 * len(starts))
    _triangle(cells, rows.filter(pl.col("cohort_start").is_in(starts)), starts, period)
    return figure


def _triangle(axes: "Axes", rows: pl.DataFrame, starts: list[date], period: str) -> None:
    """A row a cohort, a column an age."""
    _cells(axes, rows, starts)
    sizes = dict(rows.select("cohort_start", "customers").iter_rows())
    form = "%Y-%m" if period == "month" else "%Y-%m-%d"
    names = [f"{start:{form}}   {sizes[start]:,}" for start in starts]
    axes.set_yticks(range(len(starts)), names, fontsize=8, color=INK)
    ages = max(rows["age"].to_list(), default=0)
    axes.set_xticks(range(ages + 1))
    axes.xaxis.tick_top()
    axes.set_xlim(-0.5, max(ages, 4) + 0.5)
    axes.set_ylim(len(starts) - 0.5, -0.5)
    axes.set_title(
        f"Share of the cohort's customers with an order, {period}s after its own (cohort and size at the left)",
        loc="left",
        fontsize=9.5,
        color=SOFT,
    )
    if not rows["is_complete"].all():
        axes.set_xlabel(
            f"* the {period} is not over: there are no later orders yet", fontsize=8, color=SOFT, loc="left"
        )
    axes.tick_params(length=0, labelcolor=SOFT, labelsize=8)
    axes.set_facecolor(CARD)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _cells(axes: "Axes", rows: pl.DataFrame, starts: list[date]) -> None:
    """A cell a cohort and age; age 0 is the cohort itself, so the colours are of the ages after it."""
    from matplotlib.colors import LinearSegmentedColormap, Normalize
    from matplotlib.patches import Rectangle

    later = rows.filter(pl.col("age") > 0)["retention_rate"].max()
    highest = float(later) if isinstance(later, float) and later > 0 else 1.0
    scale = Normalize(0, highest, clip=True)
    colours = LinearSegmentedColormap.from_list("retention", ["#EAF2F8", "#0072B2"], N=16)
    for start, age, rate, is_complete in (
        rows.sort("cohort_start", "age").select("cohort_start", "age", "retention_rate", "is_complete").iter_rows()
    ):
        place, shade = starts.index(start), float(scale(rate))
        fill = REST if age == 0 else colours(shade)
        axes.add_patch(Rectangle((age - 0.5, place - 0.5), 1, 1, facecolor=fill, edgecolor=CARD, linewidth=1.5))
        ink = CARD if age and shade > _DARK else INK
        mark = "" if is_complete else "*"
        axes.text(age, place, f"{_percent(rate)}{mark}", ha="center", va="center", fontsize=7.5, color=ink)


def _percent(rate: float) -> str:
    """Few digits, in which a little is not nothing."""
    percent = 100 * rate
    return f"{percent:.0f}%" if percent >= 9.95 or percent == 0 else f"{percent:.1f}%"


DRAWINGS: dict[str, Callable[[pl.DataFrame], "Figure"]] = {"cohort_retention": _cohort_retention}
