"""Ways to break each row rule of each table."""

from collections.abc import Callable
from decimal import Decimal
from functools import reduce

import polars as pl

from clickstream_platform_tests.lib.checks.shop import MONDAY, WEDNESDAY, noon

Change = Callable[[pl.DataFrame], pl.DataFrame]


def with_column(**columns: object) -> Change:
    return lambda frame: frame.with_columns(
        **{name: value if isinstance(value, pl.Expr) else pl.lit(value) for name, value in columns.items()}
    )


def typed(name: str, value: object) -> Change:
    return lambda frame: frame.with_columns(pl.lit(value, dtype=frame.schema[name]).alias(name))


def on(rows: pl.Expr, change: Change) -> Change:
    """The change on these rows of the table; the others go."""
    return lambda frame: change(frame.filter(rows))


def both(*changes: Change) -> Change:
    return lambda frame: reduce(lambda changed, change: change(changed), changes, frame)


OPEN, MARKOV = pl.col("outcome") == "open", pl.col("model") == "markov"
COUNTS = ("page_views", "item_views", "carts", "purchases", "refunds")
P_VALUES = ("p_value", "adjusted_p_value", "cuped_p_value", "always_valid_p_value", "sample_ratio_p_value")
INTERVALS = (("uplift", "uplift"), ("relative_uplift", "relative"), ("cuped_uplift", "cuped"), ("uplift", "sequence"))


def interval(uplift: str, name: str, value: float) -> Change:
    return both(typed(uplift, value), typed(f"{name}_low", 0.1), typed(f"{name}_high", 0.2))


SHOP: list[tuple[str, Change, str]] = [
    ("events_clean", typed("event_name", "poke"), "event_name_allowed"),
    ("events_clean", typed("revenue", Decimal("-1")), "revenue_fits_event"),
    ("events_clean", with_column(ads_consent=False, is_touch=True), "ads_consent_is_kept"),
    ("events_clean", with_column(ads_consent=False, click_id="c"), "ads_consent_is_kept"),
    ("events_clean", with_column(ads_consent=False, email_hash="f"), "ads_consent_is_kept"),
    ("events_quarantine", typed("reason", "mood"), "reason_allowed"),
    ("sessions", typed("duration_seconds", -0.5), "span_fits"),
    ("sessions", typed("start_reason", "mood"), "start_reason_allowed"),
    ("sessions", typed("events", 0), "span_fits"),
    ("sessions", typed("add_to_cart_at", noon(MONDAY, 1)), "funnel_steps_in_order"),
    ("orders_validated", typed("quantity", 0), "quantity_lower_bound"),
    ("orders_validated", typed("total_amount", Decimal(0)), "total_amount_lower_bound"),
    ("orders_validated", typed("status", "lost"), "status_allowed"),
    ("orders_quarantine", typed("reason", "mood"), "reason_allowed"),
    ("marketing_spend_clean", typed("cost", Decimal("-0.01")), "figures_not_negative"),
    ("marketing_spend_clean", typed("impressions", -1), "figures_not_negative"),
    ("marketing_spend_clean", typed("clicks", -1), "figures_not_negative"),
    ("marketing_spend_quarantine", typed("reason", "mood"), "reason_allowed"),
    ("daily_sales_summary", typed("total_orders", 0), "figures_agree"),
    ("daily_sales_summary", typed("total_revenue", Decimal(0)), "total_revenue_lower_bound"),
    ("daily_sales_summary", typed("avg_order_value", Decimal("6.66")), "figures_agree"),
    ("daily_sales_summary", typed("unique_customers", 4), "figures_agree"),
    ("product_performance", typed("refund_amount", Decimal("-0.01")), "figures_not_negative"),
    ("conversion_funnel", typed("sessions", 0), "counts_never_rise"),
    ("conversion_funnel", typed("begin_checkout", 6), "counts_never_rise"),
    ("attributed_checkouts", typed("click_time", noon(MONDAY)), "click_fits"),
    ("attributed_checkouts", typed("is_attributed", False), "click_fits"),
    ("traffic_summary", typed("window_start", noon(MONDAY, 4)), "window_fits"),
    ("traffic_summary", typed("events", 0), "window_fits"),
    ("customers_clean", typed("email", "Ada@shop.test"), "email_is_normalized"),
    ("products_clean", typed("price", Decimal("-1")), "price_lower_bound"),
    ("customer_lifetime_value", typed("total_orders", 0), "total_orders_lower_bound"),
    ("customer_lifetime_value", typed("total_spent", Decimal(0)), "total_spent_lower_bound"),
    ("customer_lifetime_value", typed("rfm_segment", "mood"), "rfm_segment_allowed"),
    ("customer_lifetime_value", typed("recency_score", 6), "scores_in_range"),
    ("customer_lifetime_value", typed("recency_days", 2), "dates_in_order"),
    ("customer_lifetime_value", typed("repeat_purchases", 1), "purchases_fit"),
    ("customer_lifetime_value", typed("value_method", "guess"), "value_method_allowed"),
    ("customer_lifetime_value", typed("probability_alive", 0.0), "method_fits"),
    ("customer_lifetime_value", typed("clv", Decimal(-1)), "forecast_fits"),
    ("customer_lifetime_value", typed("horizon_days", 0), "horizon_days_lower_bound"),
    ("customer_value_models", typed("model", "oracle"), "model_allowed"),
    ("customer_value_models", typed("customers", 0), "customers_lower_bound"),
    ("customer_value_models", typed("alpha", 0.0), "fit_is_whole"),
    ("customer_value_models", typed("repeat_customers", 2), "training_fits"),
    ("customer_value_holdout", typed("repeat_purchases", -1), "repeat_purchases_lower_bound"),
    ("customer_value_holdout", typed("customers", -1), "customers_lower_bound"),
    ("customer_value_holdout", typed("calibration_end", WEDNESDAY), "periods_in_order"),
    ("customer_value_holdout", typed("actual_purchases", -1.0), "figures_fit"),
]
ATTRIBUTION: list[tuple[str, Change, str]] = [
    ("touchpoints", typed("touch_type", "mood"), "touch_type_allowed"),
    ("touchpoints", typed("touch_type", "session_start"), "visits_are_direct"),
    ("touchpoints", typed("channel", "Direct"), "visits_are_direct"),
    ("touchpoints", typed("is_direct", True), "visits_are_direct"),
    ("conversion_paths", typed("outcome", "mood"), "outcome_allowed"),
    ("conversion_paths", typed("revenue", Decimal("-0.01")), "ends_fit"),
    ("conversion_paths", typed("touch_count", -1), "ends_fit"),
    ("conversion_paths", typed("first_touch_at", None), "ends_fit"),
    ("conversion_paths", typed("first_touch_at", noon(MONDAY, 3)), "ends_fit"),
    ("conversion_paths", typed("touch_count", 0), "ends_fit"),
    ("conversion_paths", on(OPEN, typed("order_id", "o")), "ends_fit"),
    ("conversion_paths", on(OPEN, typed("revenue", Decimal("0.01"))), "ends_fit"),
    ("conversion_paths", on(OPEN, both(typed("touch_count", 0), typed("first_touch_at", None))), "ends_fit"),
    ("conversion_paths", on(~OPEN, typed("touch_count", 2)), "touches_are_counted"),
    ("conversion_paths", on(~OPEN, typed("touches", None)), "touches_are_counted"),
    ("conversion_paths", on(~OPEN, typed("outcome", "open")), "touches_are_counted"),
    ("channel_effects", with_column(model=pl.col("model") + "?"), "model_allowed"),
    ("channel_effects", typed("effect", 1.1), "effects_in_range"),
    ("channel_effects", typed("effect", -1.1), "effects_in_range"),
    ("channel_effects", on(MARKOV, typed("effect", -0.1)), "effects_in_range"),
    ("channel_effects", typed("share", 1.1), "effects_in_range"),
    ("channel_effects", typed("share", -0.1), "effects_in_range"),
    ("channel_effects", typed("conversions", 3), "effects_in_range"),
    ("channel_effects", typed("conversions", -1), "effects_in_range"),
    ("channel_effects", both(typed("paths", 0), typed("conversions", 0)), "effects_in_range"),
    ("channel_attribution", with_column(model=pl.col("model") + "?"), "model_allowed"),
    *[
        ("channel_attribution", typed(name, Decimal("-0.01")), "figures_not_negative")
        for name in ("revenue", "refunds", "cost")
    ],
    *[("channel_attribution", typed(name, -0.1), "figures_not_negative") for name in ("conversions", "roas")],
    ("channel_attribution", typed("net_revenue", Decimal("19.99")), "net_revenue_fits"),
    ("channel_attribution", typed("refunds", Decimal("0.01")), "net_revenue_fits"),
]
FUNNELS: list[tuple[str, Change, str]] = [
    ("funnel_steps", typed("reached", 10), "counts_never_rise"),
    ("funnel_steps", typed("dropped", -1), "counts_never_rise"),
    ("funnel_steps", typed("dropped", 7), "counts_never_rise"),
    ("funnel_steps", typed("entered", 8), "counts_never_rise"),
    ("funnel_steps", both(*(typed(name, 0) for name in ("entered", "reached", "dropped"))), "counts_never_rise"),
    ("funnel_steps", with_column(step=pl.col("step") - 2), "counts_never_rise"),
    ("funnel_steps", typed("conversion_from_first", 0.5), "figures_agree"),
    ("funnel_steps", typed("conversion_from_previous", 0.5), "figures_agree"),
    ("funnel_steps", typed("conversion_from_previous", None), "figures_agree"),
    (
        "funnel_steps",
        both(typed("reached", 0), typed("dropped", 0), typed("conversion_from_first", 0.0)),
        "figures_agree",
    ),
    ("funnel_steps", typed("median_seconds_from_previous", 0.0), "figures_agree"),
    ("funnel_steps", typed("median_seconds_from_first", 0.0), "figures_agree"),
]
COHORTS: list[tuple[str, Change, str]] = [
    ("cohort_retention", typed("cohort_by", "mood"), "cohort_by_allowed"),
    ("cohort_retention", typed("period", "day"), "period_allowed"),
    ("cohort_retention", typed("age", -1), "age_lower_bound"),
    ("cohort_retention", typed("customers", 0), "customers_lower_bound"),
    ("cohort_retention", typed("revenue", Decimal("-0.01")), "revenue_lower_bound"),
    ("cohort_retention", typed("retained_customers", -1), "figures_agree"),
    ("cohort_retention", typed("customers", 0), "figures_agree"),
    ("cohort_retention", typed("orders", 0), "figures_agree"),
    ("cohort_retention", typed("cumulative_revenue", Decimal("0.99")), "figures_agree"),
    (
        "cohort_retention",
        both(typed("cohort_by", "first_order"), typed("age", 0), typed("retained_customers", 0)),
        "first_order_is_retained",
    ),
]
EXPERIMENTS: list[tuple[str, Change, str]] = [
    *[("entity_activity", typed(name, -1), "figures_agree") for name in COUNTS],
    *[("entity_activity", typed(name, 4), "figures_agree") for name in COUNTS],
    ("entity_activity", typed("events", 0), "figures_agree"),
    ("entity_activity", typed("refund_amount", Decimal("-0.01")), "figures_agree"),
    ("entity_activity", typed("last_event_at", noon(MONDAY, -1)), "figures_agree"),
    *[("experiment_exposures", typed(f"{name}_after", -1), "figures_agree") for name in ("events", *COUNTS)],
    *[("experiment_exposures", typed(f"{name}_after", 1), "figures_agree") for name in COUNTS],
    ("experiment_exposures", typed("refund_amount_after", Decimal("-0.01")), "figures_agree"),
    ("experiment_results", typed("metric", "mood"), "metric_allowed"),
    *[
        ("experiment_results", typed(name, -1), f"{name}_lower_bound")
        for name in ("entities", "variance", "expected_share", "mixed_entities", "days")
    ],
    *[
        ("experiment_results", typed(name, 1.1), f"{name}_upper_bound")
        for name in ("variance_reduction", "expected_share")
    ],
    *[("experiment_results", typed(name, "mood"), f"{name}_allowed") for name in ("reason", "cuped_reason")],
    *[("experiment_results", typed(name, value), "figures_agree") for name in P_VALUES for value in (-0.1, 1.1)],
    *[
        ("experiment_results", interval(uplift, name, value), "figures_agree")
        for uplift, name in INTERVALS
        for value in (0.0, 0.3)
    ],
    *[("experiment_results", typed(name, None), "reasons_given") for name in ("reason", "cuped_reason")],
    ("experiment_results", both(typed("uplift", 0.1), typed("relative_low", 0.1)), "reasons_given"),
    ("experiment_results", typed("cuped_uplift", 0.1), "reasons_given"),
]
BREAKING = [*SHOP, *ATTRIBUTION, *FUNNELS, *COHORTS, *EXPERIMENTS]
"""Table, a change to all of its rows or to the rows kept, and the row rule that the change breaks in every one."""
