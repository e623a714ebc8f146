"""Values by day (or another slot of time) and group, stacked: the largest groups, and grey for the rest."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from clickstream_platform.lib.charts.parts import PALETTE, REST, legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BAR_WIDTH = 0.8
"""In days."""

Stacks = tuple[list[Any], dict[str, list[float]]]
"""Slots in order, and the value of each group in each slot."""


def stack(
    frame: pl.DataFrame, group: str, value: str, *, index: str = "date", every: str = "1d", most: int = 5
) -> Stacks:
    """Sums by time slot (gaps are 0) of each of the largest groups, largest first, and of the others as "Other"."""
    sums = frame.group_by(index, group).agg(pl.col(value).cast(pl.Float64).sum().alias("sum"))
    ranked = sums.group_by(group).agg(pl.col("sum").sum()).sort("sum", group, descending=[True, False])
    names: list[str] = ranked[group].to_list()
    kept = names if len(names) <= most + 1 else names[:most]
    slots = sums.select(pl.col(index).unique().sort()).upsample(index, every=every)[index].to_list()
    columns: dict[str, dict[Any, float]] = {name: {} for name in kept}
    for slot, name, amount in sums.select(index, group, "sum").sort(index, group).iter_rows():
        column = columns.setdefault(name if name in columns else "Other", {})
        column[slot] = column.get(slot, 0.0) + amount
    return slots, {name: [column.get(slot, 0.0) for slot in slots] for name, column in columns.items()}


def stacked_bars(axes: "Axes", stacks: Stacks, *, rest: str = "Other") -> None:
    """Bars of days, a colour a group. One artist a group: a rectangle of its own for each bar is ten times slower."""
    from matplotlib.collections import PolyCollection
    from matplotlib.dates import date2num

    slots, columns = stacks
    lefts = [float(place) - BAR_WIDTH / 2 for place in date2num(slots)]  # type: ignore[no-untyped-call]
    floor = [0.0] * len(slots)
    for (name, heights), colour in zip(columns.items(), colours(list(columns), rest), strict=True):
        tops = [below + height for below, height in zip(floor, heights, strict=True)]
        bars = [_rectangle(*bar) for bar in zip(lefts, floor, tops, strict=True)]
        axes.add_collection(PolyCollection(bars, facecolor=colour, edgecolor="none", label=name))
        floor = tops
    axes.xaxis_date()
    axes.autoscale_view()
    legend(axes, list(columns))


def _rectangle(left: float, bottom: float, top: float) -> list[tuple[float, float]]:
    right = left + BAR_WIDTH
    return [(left, bottom), (left, top), (right, top), (right, bottom)]


def colours(names: Sequence[str], rest: str = "Other") -> list[str]:
    """A colour for each name, grey for the rest."""
    plain = iter(PALETTE)
    return [REST if name == rest else next(plain) for name in names]
