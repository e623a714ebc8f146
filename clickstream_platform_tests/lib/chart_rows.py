"""Rows of every gold table, for its picture."""

from datetime import UTC, date, datetime, timedelta

import polars as pl

MONEY = pl.Decimal(18, 2)
CHANNELS = (
    "Direct",
    "Organic Search",
    "Paid Search",
    "Email",
    "Organic Social",
    "Referral",
    "Display",
    "Affiliates",
)
SEGMENTS = ("champions", "loyal_customers", "at_risk", "hibernating")


def days(count: int) -> list[date]:
    return [date(2024, 3, 1) + timedelta(days=back) for back in range(count)]


def rows_of(table: str, count: int, label: str = "") -> pl.DataFrame:
    match table:
        case "daily_sales_summary":
            rows = [
                {
                    "date": day,
                    "product_category": f"{label}{name}",
                    "total_orders": 3,
                    "total_revenue": 12.5 * i,
                }
                for day in days(count)
                for i, name in enumerate(CHANNELS, 1)
            ]
            return pl.DataFrame(rows).with_columns(pl.col("total_revenue").cast(MONEY))
        case "product_performance":
            rows = [
                {
                    "date": day,
                    "product_id": f"p{i}",
                    "product_name": f"{label}Product {i}",
                    "revenue": float(i),
                    "views": 0 if i == 14 else 10,
                    "purchases": 1,
                }
                for day in days(count)
                for i in range(15)
            ]
            return pl.DataFrame(rows).with_columns(pl.col("revenue").cast(MONEY))
        case "conversion_funnel":
            steps = {"sessions": 100, "view_item": 60, "add_to_cart": 20, "begin_checkout": 9, "purchase": 4}
            return pl.DataFrame(
                [{"date": day, "channel": f"{label}{c}", **steps} for day in days(count) for c in CHANNELS]
            )
        case "funnel_steps":
            counts = {"view": 100, "take": 30, "buy": 12}
            rows = [
                {
                    "date": day,
                    "funnel": f"{label}{funnel}",
                    "within": within,
                    "dimension": dimension,
                    "step": step,
                    "label": f"{label}{name}",
                    "entered": 100 * weight,
                    "reached": some * weight,
                    "conversion_from_first": some / 100,
                }
                for day in days(count)
                for funnel, within, weight in (
                    ("shop", "session", 4),
                    ("week", "7d", 3),
                    ("b", "1d", 2),
                    ("c", "1d", 1),
                )
                for dimension in ("all", "channel")
                for step, (name, some) in enumerate(counts.items(), 1)
            ]
            return pl.DataFrame(rows)
        case "channel_attribution":
            rows = [
                {"date": day, "channel": f"{label}{channel}", "model": model, "revenue": 1.5 * i}
                for day in days(count)
                for i, channel in enumerate(CHANNELS)
                for model in ("first", "last_non_direct", "position_based", "markov", "shapley")
            ]
            return pl.DataFrame(rows).with_columns(pl.col("revenue").cast(MONEY))
        case "channel_effects":
            rows = [
                {"date": day, "channel": f"{label}{channel}", "model": model, "effect": (i - 1) * sign / 50}
                for day in days(count)
                for i, channel in enumerate(CHANNELS, 1)
                for model, sign in (("markov", 1), ("shapley", -1))
            ]
            return pl.DataFrame(rows)
        case "conversion_paths":
            rows = [
                {
                    "date": day,
                    "outcome": "open" if i % 3 == 1 else "conversion",
                    "path": " > ".join(f"{label}{channel}" for channel in CHANNELS[: i % 5]) or "(none)",
                    "touch_count": i % 5,
                }
                for day in days(count)
                for i in range(20)
            ]
            return pl.DataFrame(rows)
        case "attributed_checkouts":
            rows = [
                {"date": day, "is_attributed": i % 3 > 0, "channel": f"{label}{CHANNELS[i]}", "revenue": 9.99}
                for day in days(count)
                for i in range(8)
            ]
            return pl.DataFrame(rows).with_columns(pl.col("revenue").cast(MONEY))
        case "traffic_summary":
            rows = [
                {
                    "window_start": datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC),
                    "date": day,
                    "channel": f"{label}{channel}",
                    "events": (hour * minute * i) % 37,
                }
                for day in days(count)
                for hour in range(24)
                for minute in range(0, 60, 5)
                for i, channel in enumerate(CHANNELS)
            ]
            return pl.DataFrame(rows, schema_overrides={"window_start": pl.Datetime("us", "UTC")})
        case "customer_lifetime_value":
            rows = [
                {
                    "rfm_segment": f"{label}{SEGMENTS[i % 4]}",
                    "total_spent": 10.0 * i,
                    "clv": 7.0 * i,
                    "repeat_purchases": i % 3,
                    "probability_alive": 1 / (i + 1) if i % 4 else None,
                    "horizon_days": 365,
                    "as_of": days(count)[-1],
                }
                for i in range(40)
            ]
            return pl.DataFrame(rows).with_columns(pl.col("total_spent", "clv").cast(MONEY))
        case "customer_value_models":
            fits = {"bg_nbd": (0.2, 30.0, 0.8, 2.4, None, None, None), "gamma_gamma": (*[None] * 4, 6.0, 3.7, 15.4)}
            names = ("r", "alpha", "a", "b", "p", "q", "v")
            rows = [
                {
                    "model": model,
                    "training_end": days(count)[-1],
                    "converged": count > 1,
                    **dict(zip(names, fit, strict=True)),
                }
                for model, fit in fits.items()
            ]
            return pl.DataFrame(rows)
        case "customer_value_holdout":
            spans = {"calibration_start": days(1)[0], "calibration_end": days(1)[0], "holdout_end": days(count)[-1]}
            rows = [
                {
                    "repeat_purchases": again,
                    "or_more": again == 7,
                    **spans,
                    "customers": 5 ** (7 - again) if again else 0,
                    "expected_customers": 5.5 ** (7 - again) if count > 1 else None,
                    "actual_purchases": 0.3 * again if again else None,
                    "expected_purchases": 0.31 * again if count > 1 else None,
                }
                for again in range(8)
            ]
            return pl.DataFrame(
                rows, schema_overrides={"expected_customers": pl.Float64, "expected_purchases": pl.Float64}
            )
        case "cohort_retention":
            rows = [
                {
                    "cohort_by": cohort_by,
                    "period": "week",
                    "cohort_start": day,
                    "age": age,
                    "is_complete": place + age < count - 1,
                    "customers": 10 + place,
                    "retention_rate": 1 / (1 + age),
                }
                for cohort_by in ("first_order", "sign_up")
                for place, day in enumerate(days(count))
                for age in range(count - place)
            ]
            return pl.DataFrame(rows)
        case "experiment_results":
            rows = [
                {
                    "experiment": f"{label}experiment {i}",
                    "metric": metric,
                    "variant": f"{label}{variant}",
                    "is_control": variant == "A",
                    "relative_uplift": None if variant == "A" else 0.01 * i,
                    "relative_low": None if variant == "A" else 0.01 * i - 0.02,
                    "relative_high": None if variant == "A" else 0.01 * i + 0.03,
                    "always_valid_p_value": 1 / (1 + i * i),
                    "confidence_level": 0.95,
                    "last_exposed_at": datetime(2024, 3, 1, i % 24, tzinfo=UTC),
                }
                for i in range(count)
                for metric in ("conversion", "orders_per_visitor", "revenue_per_visitor")
                for variant in "ABC"
            ]
            return pl.DataFrame(rows)
    return pl.DataFrame({"date": days(count)})
