"""The measures of each gold table by day: its totals, what they are broken down by, and what is left out."""

from collections.abc import Collection, Mapping

import polars as pl

from clickstream_platform.lib.checks.measures import DailyTotals, Measure, amount, count, rate, total
from clickstream_platform.lib.funnel_file import configured_funnels

TODAY = "__today__"
"""The present day beside every row, for measures that are not final yet."""

_STEPS = ("view_item", "add_to_cart", "begin_checkout", "purchase")
_PAIRS = tuple(zip(("sessions", *_STEPS), _STEPS, strict=False))
_FINAL = (pl.col("step") == 1) | (pl.col("closes_on") < pl.col(TODAY))
"""Whether nothing can be added to a funnel's figure any more."""
_CONVERTED = pl.col("outcome") == "conversion"


def _events(name: str) -> pl.Expr:
    return pl.col("events").filter(pl.col("event_name") == name).cast(pl.Float64).sum()


def _final(value: pl.Expr) -> pl.Expr:
    return pl.when(_FINAL.all()).then(value)


def _final_after_first(value: pl.Expr) -> pl.Expr:
    """Of the first step every rate is 1."""
    return _final(pl.when((pl.col("step") > 1).all()).then(value))


def _configured_steps() -> Collection[str]:
    """The steps of the funnels that are configured, as `funnel_steps` is split."""
    return {
        f"{funnel.name} step {number}" for funnel in configured_funnels() for number in range(1, len(funnel.steps) + 1)
    }


TOTALS: Mapping[str, DailyTotals] = {
    "daily_sales_summary": DailyTotals(
        (
            amount("revenue", "total_revenue", "total_orders"),
            count("orders", "total_orders"),
            count("customers", "unique_customers"),
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
            count("views", "views"),
            count("carts", "carts"),
            count("purchases", "purchases"),
            count("units sold", "units_sold"),
            amount("revenue", "revenue", "purchases"),
            count("refunds", "refunds"),
            amount("refund amount", "refund_amount", "refunds"),
            rate("view_to_cart_rate", "carts", "views"),
            rate("conversion_rate", "purchases", "views"),
        ),
        ("category", "product_id"),
    ),
    "conversion_funnel": DailyTotals(
        (
            count("sessions", "sessions"),
            *(count(step.replace("_", " "), step) for step in _STEPS),
            *(rate(f"{step}_rate", step, before) for before, step in _PAIRS),
            rate("conversion_rate", "purchase", "sessions"),
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
        measured=_configured_steps,
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
            count("conversions", "conversions"),
            amount("revenue", "revenue", "conversions"),
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
            count("events", "events"),
            count("sessions", "sessions"),
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
