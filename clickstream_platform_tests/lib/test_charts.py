"""The picture of every gold table."""

import base64
import io
import subprocess
import sys
from datetime import date

import polars as pl
import pytest
from PIL import Image

from clickstream_platform.lib.charts import DRAWINGS, chart
from clickstream_platform.schemas import TABLES
from clickstream_platform_tests.lib.chart_rows import days, rows_of
from clickstream_platform_tests.lib.checks.shop import MONDAY, TABLES_BY_DAY, WHOLE_TABLES, rows

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
    fewer = rows.head(1 if table == "customer_value_models" else 3)  # which has two rows
    assert 0 < fewer.height < rows.height
    assert chart(table, rows) != chart(table, fewer)


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


def test_few_months_are_drawn_where_there_are_no_weeks() -> None:
    months = rows_of("cohort_retention", 2).with_columns(period=pl.lit("month"))
    assert picture(chart("cohort_retention", months)).width == 900


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
    either_way = [one.with_columns(confidence_level=pl.lit(0.7)) for one in (sure, unsure)]
    assert chart("experiment_results", either_way[0]) == chart("experiment_results", either_way[1])


@pytest.mark.parametrize("lacking", [pl.col("step") == 1, pl.col("step") < 3, pl.col("dimension") == "all"])
def test_funnels_are_drawn_of_whatever_rows_there_are(lacking: pl.Expr) -> None:
    assert picture(chart("funnel_steps", rows_of("funnel_steps", 3).remove(lacking))).width == 900


def test_a_funnel_of_which_the_first_step_is_lacking_is_drawn_beside_the_others() -> None:
    rows = rows_of("funnel_steps", 3)
    spoilt = rows.remove((pl.col("funnel") == "shop") & (pl.col("step") == 1))
    assert picture(chart("funnel_steps", spoilt)).width == picture(chart("funnel_steps", rows)).width
    assert chart("funnel_steps", spoilt) != chart("funnel_steps", spoilt.remove(pl.col("funnel") == "shop"))


def test_who_bought_once_does_not_hide_how_alive_the_others_are() -> None:
    """To the model everybody who never came back is alive."""
    customers = pl.DataFrame(
        {
            "rfm_segment": ["champions", "champions", "champions", "hibernating", "at_risk"],
            "total_spent": [9.0, 8.0, 7.0, 6.0, 5.0],
            "clv": [5.0, 4.0, 3.0, 2.0, 1.0],
            "repeat_purchases": [0, 1, 3, 0, 2],
            "probability_alive": [1.0, 0.2, 0.4, 1.0, None],
            "horizon_days": [365] * 5,
            "as_of": [date(2024, 3, 4)] * 5,
        }
    )
    alive = DRAWINGS["customer_lifetime_value"](customers).axes[3]
    assert [bar.get_width() for bar in alive.patches] == [30, 0, 0]
    assert [text.get_text() for text in alive.texts] == ["30 %", "none did", "no model"]


def test_every_model_is_seen_to_share_out_the_same_revenue() -> None:
    """Channels beyond the largest are drawn as one."""
    credit = pl.DataFrame(
        [
            {"date": date(2024, 3, 4), "channel": f"Channel {i}", "model": model, "revenue": 1.0 + i * sign}
            for model, sign in (("first", 1), ("last_non_direct", -1), ("markov", 2))
            for i in range(12)
        ]
    ).with_columns(pl.col("revenue") * 100 / pl.col("revenue").sum().over("model"))
    drawn = DRAWINGS["channel_attribution"](credit).axes
    assert [label.get_text() for label in drawn[0].get_yticklabels()][-1] == "All others"
    sums = [round(sum(bar.get_width() for bar in panel.patches), 6) for panel in drawn]
    assert sums == [100, 100, 0, 100, 0]
