"""The pictures of what customers are worth."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import polars as pl

from clickstream_platform.lib.charts.parts import PALETTE, currency, horizontal, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def _customer_lifetime_value(frame: pl.DataFrame) -> "Figure":
    figure, (customers, spent) = panels(
        f"RFM segments, as of {frame['as_of'].unique().sort().to_list()[-1]}",
        columns=2,
        ratios=(1, 1),
        share_y=True,
        height=3.6,
    )
    segments = (
        frame.group_by("rfm_segment")
        .agg(pl.len().alias("customers"), pl.col("total_spent").cast(pl.Float64).sum())
        .sort("total_spent", "rfm_segment", descending=[True, False])
    )
    names = [_segment(name) for name in segments["rfm_segment"]]
    horizontal(customers, names, segments["customers"].to_list(), "Customers", colour=PALETTE[4])
    horizontal(spent, None, segments["total_spent"].to_list(), f"Total spent ({currency()})")
    return figure


def _segment(name: str) -> str:
    return name.replace("_", " ").capitalize().replace("Cant", "Can't")


DRAWINGS: dict[str, Callable[[pl.DataFrame], "Figure"]] = {"customer_lifetime_value": _customer_lifetime_value}
