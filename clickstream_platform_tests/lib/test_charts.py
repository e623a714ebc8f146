import base64
import io
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from PIL import Image

from clickstream_platform.lib.charts import DRAWINGS, chart
from clickstream_platform.schemas import TABLES
from clickstream_platform_tests.lib.checks.shop import MONDAY, TABLES_BY_DAY, WHOLE_TABLES, rows

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


GOLD = (
    "daily_sales_summary",
    "product_performance",
    "conversion_funnel",
    "attributed_checkouts",
    "channel_attribution",
    "channel_effects",
    "conversion_paths",
    "traffic_summary",
    "customer_lifetime_value",
    "customer_value_models",
    "customer_value_holdout",
    "cohort_retention",
    "funnel_steps",
    "experiment_results",
    "a_table_without_a_drawing_of_its_own",
)


def picture(markdown: str) -> Image.Image:
    head, data = markdown.removesuffix(")").split("base64,")
    assert head.startswith("![") and head.endswith("](data:image/png;")
    return Image.open(io.BytesIO(base64.b64decode(data, validate=True)))


def test_every_gold_table_has_a_drawing_and_is_drawn_below() -> None:
    gold = {table.name for table in TABLES.values() if table.layer == "gold"}
    assert gold == set(DRAWINGS) == set(GOLD[:-1])


@pytest.mark.parametrize("table", GOLD)
def test_a_single_row_is_drawn(table: str) -> None:
    assert picture(chart(table, rows_of(table, 1).head(1))).width == 900


@pytest.mark.parametrize("table", GOLD[:-1])
def test_rows_in_the_types_of_the_schema_are_drawn(table: str) -> None:
    records = TABLES_BY_DAY[table](MONDAY) if table in TABLES_BY_DAY else WHOLE_TABLES[table](MONDAY)
    assert picture(chart(table, rows(table, records))).width == 900


@pytest.mark.parametrize("count", [1, 30])
@pytest.mark.parametrize("table", GOLD)
def test_chart_is_a_small_opaque_picture(table: str, count: int) -> None:
    markdown = chart(table, rows_of(table, count))
    drawn = picture(markdown)
    assert len(markdown) < 60_000
    assert drawn.width == 900
    assert "transparency" not in drawn.info
    assert len(drawn.convert("RGB").getcolors() or []) > 3


@pytest.mark.parametrize("table", GOLD)
def test_same_rows_in_any_order_give_the_same_chart(table: str) -> None:
    rows = rows_of(table, 5)
    assert chart(table, rows) == chart(table, rows.sample(fraction=1, shuffle=True, seed=4))


@pytest.mark.parametrize("table", GOLD[:-1])
def test_other_rows_give_another_chart(table: str) -> None:
    rows = rows_of(table, 5)
    assert chart(table, rows) != chart(table, rows.head(min(3, rows.height - 1)))


@pytest.mark.parametrize("label", ["$x_{ _\\frac 日本 \n\t date ", "x" * 300])
@pytest.mark.parametrize("table", GOLD)
def test_odd_names_are_drawn_not_interpreted(table: str, label: str, recwarn: pytest.WarningsRecorder) -> None:
    assert picture(chart(table, rows_of(table, 2, label))).width == 900
    assert not [str(warning.message) for warning in recwarn]


@pytest.mark.parametrize("table", GOLD)
def test_table_without_rows_gets_a_sentence(table: str) -> None:
    assert chart(table, rows_of(table, 1).clear()) == f"*{table} has no rows in these days.*"


def test_traffic_of_some_days_is_drawn_by_the_hour() -> None:
    assert picture(chart("traffic_summary", rows_of("traffic_summary", 3))).width == 900


def test_bars_are_as_high_as_their_values_and_stand_on_their_days() -> None:
    from clickstream_platform.lib.charts.parts import panels
    from clickstream_platform.lib.charts.stacks import stack, stacked_bars

    rows = pl.DataFrame({"date": days(2) * 2, "group": ["a", "a", "b", "b"], "value": [3, 2, 1, 5]})
    _, (axes,) = panels("x", height=2)
    stacked_bars(axes, stack(rows, "group", "value"))
    drawn = {
        collection.get_label(): [path.vertices[[0, 2]].round(6).tolist() for path in collection.get_paths()]
        for collection in axes.collections
    }
    first = (days(1)[0] - date(1970, 1, 1)).days
    left, right = round(first - 0.4, 6), round(first + 0.4, 6)
    assert drawn["b"] == [[[left, 0], [right, 1]], [[left + 1, 0], [right + 1, 5]]]
    assert drawn["a"] == [[[left, 1], [right, 4]], [[left + 1, 5], [right + 1, 7]]]


def test_days_without_rows_keep_their_place() -> None:
    rows = rows_of("daily_sales_summary", 9)
    assert chart("daily_sales_summary", rows.filter(pl.col("date").dt.day() != 4)) != chart(
        "daily_sales_summary", rows.filter(pl.col("date").dt.day() != 9)
    )


def test_no_checkout_attributed_is_drawn() -> None:
    rows = rows_of("attributed_checkouts", 2).with_columns(is_attributed=pl.lit(False))
    assert picture(chart("attributed_checkouts", rows)).width == 900


def test_matplotlib_is_loaded_by_the_first_chart_only_and_never_pyplot() -> None:
    code = (
        "import sys, polars as pl, datetime as dt; from clickstream_platform.lib.charts import chart;"
        "assert 'matplotlib' not in sys.modules;"
        "chart('x', pl.DataFrame({'date': [dt.date(2024, 3, 1)]}));"
        "assert 'matplotlib' in sys.modules and 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_cohorts_are_months_once_there_are_some_of_them() -> None:
    weeks = rows_of("cohort_retention", 5)
    months = weeks.with_columns(period=pl.lit("month"))
    few = pl.concat([weeks, months.filter(pl.col("cohort_start") <= days(2)[-1])])
    assert chart("cohort_retention", few) == chart("cohort_retention", weeks)
    assert chart("cohort_retention", pl.concat([weeks, months])) == chart("cohort_retention", months)


def test_cohorts_by_sign_up_are_drawn_where_nobody_has_ordered_yet() -> None:
    rows = rows_of("cohort_retention", 5)
    signed_up = rows.filter(pl.col("cohort_by") == "sign_up").with_columns(retention_rate=pl.lit(0.0))
    assert picture(chart("cohort_retention", signed_up)).width == 900


@pytest.mark.parametrize("unknown", [pl.lit(True), pl.col("is_control")])
def test_experiments_of_which_nothing_can_be_told_are_drawn(unknown: pl.Expr) -> None:
    figures = ("relative_uplift", "relative_low", "relative_high", "always_valid_p_value")
    rows = rows_of("experiment_results", 2).with_columns(
        pl.when(~unknown).then(pl.col(name)).alias(name) for name in figures
    )
    assert picture(chart("experiment_results", rows)).width == 900
    assert picture(chart("experiment_results", rows.filter("is_control"))).width == 900


def test_filled_points_are_the_uplifts_that_hold_at_any_look() -> None:
    rows = rows_of("experiment_results", 2)
    sure = rows.with_columns(always_valid_p_value=pl.lit(0.01))
    unsure = rows.with_columns(always_valid_p_value=pl.lit(0.2))
    assert chart("experiment_results", sure) != chart("experiment_results", unsure)
