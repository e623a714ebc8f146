"""What is measured of a gold table by day: its totals, what they are broken down by, and what is left out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

TODAY = "__today__"
"""The present day beside every row, for measures that are not final yet."""

Kind = Literal["count", "amount", "rate", "average"]


@dataclass(frozen=True)
class Measure:
    """A figure that a day has once, whatever segments it has.

    Attributes:
        name: what people call it.
        columns: the columns of the table that it stands for.
        value: its aggregation; of a rate or average the numerator. Null: the day cannot be judged by it.
        kind: a count varies at least as its square root, an amount as the things it is summed over, a rate as a
            proportion of its denominator, an average as one over the root of it.
        per: the denominator of a rate or average; of an amount, how many things it is the sum of, where that is known.
    """

    name: str
    columns: tuple[str, ...]
    value: pl.Expr
    kind: Kind = "count"
    per: pl.Expr | None = None

    @property
    def is_ratio(self) -> bool:
        """Whether it is its value over `per`."""
        return self.kind in ("rate", "average")

    def shown(self, value: float) -> str:
        """A value of it, for people."""
        return {"rate": f"{value:.2%}", "average": f"{value:,.2f}"}.get(self.kind, f"{value:,.0f}")


@dataclass(frozen=True)
class DailyTotals:
    """The measures of a table.

    Attributes:
        measures: judged each by itself.
        dimensions: columns whose segments explain a change.
        split: an expression that tells apart things with measures of their own; none where the table has one such.
        rows: which rows add up to the day.
        segment_rows: for a table that has its segments in rows of their own: which these are. They are told by its
            columns `dimension` and `segment`.
        left_out: numeric columns that are no measure, with the reason.
    """

    measures: tuple[Measure, ...]
    dimensions: tuple[str, ...] = ()
    split: pl.Expr = field(default_factory=lambda: pl.lit(""))
    rows: pl.Expr = field(default_factory=lambda: pl.lit(True))
    segment_rows: pl.Expr | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)


def total(column: str) -> pl.Expr:
    """The sum of a column."""
    return pl.col(column).cast(pl.Float64).sum()


def _count(name: str, column: str) -> Measure:
    return Measure(name, (column,), total(column))


def _amount(name: str, column: str, things: str) -> Measure:
    return Measure(name, (column,), total(column), "amount", total(things))


def _rate(column: str, part: str, whole: str) -> Measure:
    return Measure(column.replace("_", " "), (column,), total(part), "rate", total(whole))


def _events(name: str) -> pl.Expr:
    return pl.col("events").filter(pl.col("event_name") == name).cast(pl.Float64).sum()


_STEPS = ("view_item", "add_to_cart", "begin_checkout", "purchase")
_PAIRS = tuple(zip(("sessions", *_STEPS), _STEPS, strict=False))
_FINAL = (pl.col("step") == 1) | (pl.col("closes_on") < pl.col(TODAY))
"""Whether nothing can be added to a funnel's figure any more."""


_CONVERTED = pl.col("outcome") == "conversion"


def _final(value: pl.Expr) -> pl.Expr:
    return pl.when(_FINAL.all()).then(value)


def _final_after_first(value: pl.Expr) -> pl.Expr:
    """Of the first step every rate is 1."""
    return _final(pl.when((pl.col("step") > 1).all()).then(value))


TOTALS: Mapping[str, DailyTotals] = {
    "daily_sales_summary": DailyTotals(
        (
            _amount("revenue", "total_revenue", "total_orders"),
            _count("orders", "total_orders"),
            _count("customers", "unique_customers"),
            Measure(
                "average order value",
                ("avg_order_value",),
                total("total_revenue"),
                "average",
                total("total_orders"),
            ),
        ),
        ("product_category", "region"),
    ),
    "product_performance": DailyTotals(
        (
            _count("views", "views"),
            _count("carts", "carts"),
            _count("purchases", "purchases"),
            _count("units sold", "units_sold"),
            _amount("revenue", "revenue", "purchases"),
            _count("refunds", "refunds"),
            _amount("refund amount", "refund_amount", "refunds"),
            _rate("view_to_cart_rate", "carts", "views"),
            _rate("conversion_rate", "purchases", "views"),
        ),
        ("category", "product_id"),
    ),
    "conversion_funnel": DailyTotals(
        (
            _count("sessions", "sessions"),
            *(_count(step.replace("_", " "), step) for step in _STEPS),
            *(_rate(f"{step}_rate", step, before) for before, step in _PAIRS),
            _rate("conversion_rate", "purchase", "sessions"),
        ),
        ("channel", "device_type"),
        left_out={
            **{f"{step}_dropoff": "the difference of two counts that are judged" for step in _STEPS},
            **{f"median_seconds_to_{step}": "medians of segments do not add up to the day's" for step in _STEPS},
        },
    ),
    "funnel_steps": DailyTotals(
        (
            Measure("attempts", ("reached",), _final(total("reached"))),
            Measure(
                "of first step",
                ("conversion_from_first",),
                _final_after_first(total("reached")),
                "rate",
                _final_after_first(total("entered")),
            ),
            Measure(
                "of previous step",
                ("conversion_from_previous",),
                _final_after_first(total("reached")),
                "rate",
                _final_after_first(total("reached") + total("dropped")),
            ),
        ),
        split=pl.format("{} step {}", "funnel", "step"),
        rows=pl.col("dimension") == "all",
        segment_rows=pl.col("dimension") != "all",
        left_out={
            "step": "numbers the steps",
            "entered": "what the first step's row has as reached",
            "dropped": "the difference of two counts that are judged",
            "median_seconds_from_previous": "medians of segments do not add up to the day's",
            "median_seconds_from_first": "medians of segments do not add up to the day's",
        },
    ),
    "conversion_paths": DailyTotals(
        (
            Measure("conversions", (), _CONVERTED.sum().cast(pl.Float64)),
            Measure("open paths", (), (~_CONVERTED).sum().cast(pl.Float64)),
            Measure("revenue", ("revenue",), total("revenue"), "amount", _CONVERTED.sum().cast(pl.Float64)),
            Measure(
                "touches a conversion",
                ("touch_count",),
                pl.col("touch_count").filter(_CONVERTED).sum().cast(pl.Float64),
                "average",
                _CONVERTED.sum().cast(pl.Float64),
            ),
        ),
        ("path",),
    ),
    "channel_attribution": DailyTotals(
        (
            _count("conversions", "conversions"),
            _amount("revenue", "revenue", "conversions"),
            Measure("cost", ("cost",), total("cost"), "amount"),
        ),
        ("channel", "campaign"),
        # Every model shares out the same conversions, revenue and cost.
        rows=pl.col("model") == "last",
        left_out={
            "refunds": "product_performance judges them, where it is known how many they are",
            "net_revenue": "revenue, which is judged, less refunds",
            "roas": "revenue and cost are judged each by itself",
        },
    ),
    "attributed_checkouts": DailyTotals(
        (
            Measure("checkouts", (), pl.len().cast(pl.Float64)),
            Measure("revenue", ("revenue",), total("revenue"), "amount", pl.len().cast(pl.Float64)),
            Measure("attributed share", ("is_attributed",), total("is_attributed"), "rate", pl.len().cast(pl.Float64)),
        ),
        ("channel", "source", "campaign"),
        left_out={"seconds_from_click": "a wait of one checkout, bounded by the window"},
    ),
    "traffic_summary": DailyTotals(
        (
            _count("events", "events"),
            _count("sessions", "sessions"),
            Measure("revenue", ("revenue",), total("revenue"), "amount", _events("purchase")),
        ),
        ("event_name", "channel", "country"),
    ),
}
"""By gold table that has days."""

NOT_JUDGED: Mapping[str, str] = {
    "channel_effects": "what models make of the paths of many days: nearly the same paths from one day to the next",
}
"""Gold tables that have days but no measures of the day, with the reason."""
