"""The pictures of sales, products, funnel, checkouts and traffic."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import polars as pl

from clickstream_platform.lib.charts.parts import (
    PALETTE,
    SOFT,
    currency,
    days_axis,
    horizontal,
    legend,
    panels,
    span,
    style,
    time_axis,
)
from clickstream_platform.lib.charts.stacks import colours, stack, stacked_bars

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STEPS = {
    "sessions": "Sessions",
    "view_item": "View item",
    "add_to_cart": "Add to cart",
    "begin_checkout": "Begin checkout",
    "purchase": "Purchase",
}
MOST_DAYS_BY_HOUR = 10


def _daily_sales_summary(frame: pl.DataFrame) -> "Figure":
    """Revenue by day and category above, orders by day below: two scales never share one panel."""
    figure, (revenue, orders) = panels("Daily sales", rows=2, ratios=(2.4, 1), share_x=True, height=4.2)
    stacks = stack(frame, "product_category", "total_revenue")
    stacked_bars(revenue, stacks)
    style(revenue, f"Revenue by product category ({currency()} a day)")
    daily = frame.group_by("date").agg(pl.col("total_orders").sum()).sort("date")
    orders.bar(daily["date"].to_list(), daily["total_orders"].to_list(), width=0.8, color=SOFT)
    style(orders, "Orders a day (one in two categories counts in both)")
    days_axis(orders, daily["date"])
    return figure


def _product_performance(frame: pl.DataFrame) -> "Figure":
    figure, (bars, rates) = panels(f"Top products, {span(frame)}", columns=2, ratios=(1.6, 1), share_y=True, height=3.8)
    top = (
        frame.group_by("product_id")
        .agg(
            pl.col("product_name").last(),
            pl.col("revenue", "views", "purchases").cast(pl.Float64).sum(),
        )
        .sort("revenue", "product_id", descending=[True, False])
        .head(10)
    )
    rate = top.select(
        pl.when(pl.col("views") > 0).then(pl.col("purchases") / pl.col("views") * 100).otherwise(None)
    ).to_series()
    horizontal(bars, top["product_name"].to_list(), top["revenue"].to_list(), f"Revenue ({currency()})")
    horizontal(rates, None, rate.to_list(), "Purchases per 100 views", colour=PALETTE[1], form="{:.1f}")
    return figure


def _conversion_funnel(frame: pl.DataFrame) -> "Figure":
    figure, (steps, channels) = panels(f"Conversion funnel, {span(frame)}", columns=2, ratios=(1.3, 1), height=3.4)
    counts = [int(frame[column].sum()) for column in STEPS]
    labels = [
        f"{count:,}  ({count / counts[0]:.1%} of sessions)" if i and counts[0] else f"{count:,}"
        for i, count in enumerate(counts)
    ]
    horizontal(steps, list(STEPS.values()), counts, "Sessions that reached each step, in order", labels=labels)
    steps.set_xlim(0, max(counts[0], 1) * 1.45)
    by_channel = (
        frame.group_by("channel")
        .agg(pl.col("sessions", "purchase").sum())
        .sort("sessions", "channel", descending=[True, False])
        .head(7)
        .with_columns(rate=pl.col("purchase") / pl.col("sessions") * 100)
    )
    horizontal(
        channels,
        by_channel["channel"].to_list(),
        by_channel["rate"].to_list(),
        "Purchases per 100 sessions",
        colour=PALETTE[2],
        form="{:.1f}",
    )
    return figure


def _attributed_checkouts(frame: pl.DataFrame) -> "Figure":
    figure, (daily, channels) = panels("Attributed checkouts", columns=2, ratios=(1.5, 1), height=3.4)
    named = frame.with_columns(
        state=pl.when("is_attributed").then(pl.lit("Attributed to a click")).otherwise(pl.lit("No click before")),
        one=pl.lit(1),
    )
    share = frame["is_attributed"].sum() / frame.height
    slots, stacks = stack(named, "state", "one")
    order: tuple[str, ...] = ("Attributed to a click", "No click before")
    ordered = {name: stacks[name] for name in order if name in stacks}
    stacked_bars(daily, (slots, ordered), rest="No click before")
    style(daily, f"Checkouts a day ({share:.0%} attributed)")
    days_axis(daily, frame["date"])
    credit = (
        frame.filter("is_attributed")
        .group_by("channel")
        .agg(pl.col("revenue").cast(pl.Float64).sum())
        .sort("revenue", "channel", descending=[True, False])
        .head(7)
    )
    horizontal(
        channels,
        credit["channel"].to_list(),
        credit["revenue"].to_list(),
        f"Revenue by channel ({currency()})",
    )
    return figure


def _traffic_summary(frame: pl.DataFrame) -> "Figure":
    """Events by channel: an area by 5 minutes for one day and by the hour for up to ten, else bars by day."""
    days = frame["date"].n_unique()
    figure, (area,) = panels(f"Traffic, {span(frame)}", height=3.2)
    if days > MOST_DAYS_BY_HOUR:
        stacked_bars(area, stack(frame, "channel", "events"))
        style(area, "Events per day by channel (UTC)")
        days_axis(area, frame["date"])
        return figure
    width, said = ("5m", "5 minutes") if days == 1 else ("1h", "hour")
    slotted = frame.with_columns(slot=pl.col("window_start").dt.truncate(width))
    slots, stacks = stack(slotted, "channel", "events", index="slot", every=width)
    names = list(stacks)
    area.stackplot(slots, list(stacks.values()), labels=names, colors=colours(names), linewidth=0, antialiased=False)
    legend(area, names)
    style(area, f"Events per {said} by channel (UTC)")
    area.margins(x=0)
    time_axis(area, frame["date"])
    return figure


def rows_by_day(frame: pl.DataFrame) -> "Figure":
    """The picture of a table that has none of its own."""
    figure, (bars,) = panels("Rows by day", height=2.6)
    daily = frame.group_by("date").len().sort("date")
    bars.bar(daily["date"].to_list(), daily["len"].to_list(), width=0.8, color=PALETTE[0])
    style(bars, "Rows a day")
    days_axis(bars, daily["date"])
    return figure


DRAWINGS: dict[str, Callable[[pl.DataFrame], "Figure"]] = {
    "daily_sales_summary": _daily_sales_summary,
    "product_performance": _product_performance,
    "conversion_funnel": _conversion_funnel,
    "attributed_checkouts": _attributed_checkouts,
    "traffic_summary": _traffic_summary,
}
