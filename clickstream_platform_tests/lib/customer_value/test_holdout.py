"""The holdout table against plain SQL and `lifetimes`, its periods, and the check on it."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest

from clickstream_platform.lake import Lake
from clickstream_platform.lib.checks import CheckOptions, Verdict, evaluate
from clickstream_platform.lib.customer_value import holdout_by_frequency
from clickstream_platform.lib.customer_value.periods import Period, calibration_of, training_period
from clickstream_platform.models.bg_nbd import Histories, fit_bg_nbd
from clickstream_platform_tests.lib.customer_value.shop import DAYS
from clickstream_platform_tests.models.shoppers import summary

CHECK = "holdout_as_expected"


def held_out(lines: pl.DataFrame, horizon: int = 365) -> pl.DataFrame:
    answer = holdout_by_frequency(nw.from_native(lines.lazy()), horizon_days=horizon)
    rows: pl.DataFrame = answer.to_native().collect()
    return rows


@pytest.fixture(scope="module")
def rows(lines: pl.DataFrame) -> pl.DataFrame:
    return held_out(lines)


def test_customers_and_their_purchases_are_what_plain_sql_counts(rows: pl.DataFrame, lines: pl.DataFrame) -> None:
    calibration, holdout = rows["calibration_end"].to_list()[0], rows["holdout_end"].to_list()[0]
    assert (calibration, holdout) == (date(2023, 7, 1), date(2023, 9, 30))
    con = duckdb.connect()
    con.register("orders", lines.to_arrow())
    expected = con.sql(
        """
        WITH customers AS (
            SELECT
                customer_id,
                least(count(DISTINCT order_date) FILTER (order_date <= $1) - 1, 7) AS repeat_purchases,
                count(DISTINCT order_date) FILTER (order_date > $1 AND order_date <= $2) AS purchases
            FROM orders GROUP BY customer_id HAVING min(order_date) <= $1
        )
        SELECT repeat_purchases, count(*) AS customers, avg(purchases) AS actual, stddev_samp(purchases) AS deviation
        FROM customers GROUP BY ALL ORDER BY ALL
        """,
        params=[calibration, holdout],
    ).pl()
    assert rows["repeat_purchases"].to_list() == expected["repeat_purchases"].to_list() == list(range(8))
    assert rows["customers"].to_list() == expected["customers"].to_list()
    np.testing.assert_allclose(rows["actual_purchases"], expected["actual"], rtol=1e-12)
    np.testing.assert_allclose(rows["actual_deviation"], expected["deviation"], rtol=1e-9)
    assert rows["or_more"].to_list() == [False] * 7 + [True]


def test_what_is_expected_is_what_lifetimes_expects_with_the_same_parameters(
    rows: pl.DataFrame, lines: pl.DataFrame
) -> None:
    from lifetimes import BetaGeoFitter

    calibration, holdout = rows["calibration_end"].to_list()[0], rows["holdout_end"].to_list()[0]
    counted = summary(lines, calibration)
    history = counted["frequency"], counted["recency"], counted["T"]
    theirs = BetaGeoFitter()
    theirs.params_ = pd.Series(fit_bg_nbd(Histories.of(*history)).parameters)
    days = (holdout - calibration).days
    purchases = theirs.conditional_expected_number_of_purchases_up_to_time(days, *history)
    by_bin = pd.Series(np.asarray(purchases)).groupby(np.minimum(counted["frequency"].to_numpy(), 7)).mean()
    np.testing.assert_allclose(rows["expected_purchases"], by_bin, rtol=1e-4)
    ages, customers = np.unique(counted["T"].to_numpy(), return_counts=True)
    counts = [
        sum(
            known * float(theirs.probability_of_n_purchases_up_to_time(age, again))
            for age, known in zip(ages, customers, strict=True)
        )
        for again in range(7)
    ]
    np.testing.assert_allclose(rows["expected_customers"][:7], counts, rtol=1e-3)
    assert rows["expected_customers"].sum() == pytest.approx(rows["customers"].sum())


@pytest.mark.parametrize(
    ("as_of", "last"),
    [
        (date(2023, 2, 15), date(2023, 2, 15)),
        (date(2023, 4, 30), date(2023, 4, 30)),
        (date(2023, 4, 1), date(2023, 4, 1)),
        (date(2023, 5, 1), date(2023, 4, 30)),
        (date(2023, 5, 31), date(2023, 4, 30)),
        (date(2024, 1, 1), date(2023, 12, 31)),
    ],
)
def test_training_ends_with_the_month_before_once_there_are_90_days(as_of: date, last: date) -> None:
    first = date(2023, 1, 1)
    lines = pl.DataFrame({"status": ["completed", "cancelled"], "order_date": [first, as_of]})
    assert training_period(nw.from_native(lines.lazy())) == Period(first, last)


def test_the_holdout_is_a_third_and_no_longer_than_the_horizon() -> None:
    year = Period(date(2023, 1, 1), date(2023, 12, 31))
    assert calibration_of(year, 365) == Period(year.first, date(2023, 9, 1))
    assert calibration_of(year, 30) == Period(year.first, date(2023, 12, 1))
    assert calibration_of(Period(year.first, date(2023, 1, 21)), 365) == Period(year.first, date(2023, 1, 14))
    assert calibration_of(Period(year.first, date(2023, 1, 20)), 365) is None


def test_too_few_to_fit_leaves_the_expectations_open_and_says_why(lines: pl.DataFrame) -> None:
    few = held_out(lines.filter(pl.col("customer_id").is_in(["C1", "C2", "C3", "C4"])))
    assert few.height == 8 and few["customers"].sum() <= 4
    assert few["expected_purchases"].null_count() == few["expected_customers"].null_count() == 8
    assert few["message"].str.contains("are needed").all()


def test_no_orders_and_a_short_history_have_no_holdout(lines: pl.DataFrame) -> None:
    assert held_out(lines.clear()).is_empty()
    assert held_out(lines.filter(pl.col("order_date") < date(2023, 1, 20))).is_empty()


def verdict(folder: Path, rows: pl.DataFrame, options: CheckOptions | None = None) -> Verdict:
    lake = Lake(str(folder))
    lake.replace("customer_value_holdout", rows.lazy())
    (found,) = [one for one in evaluate(lake, "customer_value_holdout", options=options) if one.info.name == CHECK]
    return found


def test_a_model_that_foresees_passes_and_says_how_well(tmp_path: Path, rows: pl.DataFrame) -> None:
    found = verdict(tmp_path, rows)
    assert found.passed and (found.checked, found.info.severity) == (9, "warn")
    assert "all customers: " in found.said and "tolerance 25% and 3 standard errors" in found.said
    assert found.counts["customers"] == rows["customers"].sum()


def test_a_model_that_expects_double_fails(tmp_path: Path, rows: pl.DataFrame) -> None:
    found = verdict(tmp_path, rows.with_columns(pl.col("expected_purchases") * 2))
    assert not found.passed and "all customers: " in found.said and "tolerance 25%" in found.said


def test_one_frequency_that_is_off_fails_alone(tmp_path: Path, rows: pl.DataFrame) -> None:
    off = pl.when(pl.col("repeat_purchases") == 2).then(pl.col("expected_purchases") * 2)
    found = verdict(tmp_path, rows.with_columns(off.otherwise("expected_purchases").alias("expected_purchases")))
    assert not found.passed and found.failed == 1 and found.said.startswith("2 repeat purchases: ")


def test_tolerance_is_an_option(tmp_path: Path, rows: pl.DataFrame) -> None:
    more = rows.with_columns(pl.col("expected_purchases") * 1.1)
    assert verdict(tmp_path, more).passed
    assert not verdict(tmp_path, more, CheckOptions(holdout_tolerance=0.05)).passed


def test_few_customers_are_off_by_chance(tmp_path: Path, rows: pl.DataFrame) -> None:
    assert verdict(tmp_path, rows.with_columns(pl.col("expected_purchases") * 2, customers=pl.lit(1, pl.Int64))).passed


@pytest.mark.parametrize("without", ["rows", "a model"])
def test_nothing_to_compare_passes_and_says_so(tmp_path: Path, rows: pl.DataFrame, without: str) -> None:
    nothing: dict[str, Any] = {"expected_purchases": pl.lit(None, pl.Float64), "message": pl.lit("too few")}
    found = verdict(tmp_path, rows.clear() if without == "rows" else rows.with_columns(**nothing))
    assert found.passed and found.said.startswith("nothing to compare: ")


def test_amounts_and_status_do_not_count_as_purchases(lines: pl.DataFrame, rows: pl.DataFrame) -> None:
    refunded = lines.with_columns(status=pl.lit("refunded"), customer_id=pl.lit("C0"))
    assert held_out(
        pl.concat([lines, refunded]).with_columns(total_amount=pl.lit(Decimal("5"), pl.Decimal(18, 2)))
    ).equals(rows)
    assert timedelta(days=DAYS) > rows["holdout_end"].to_list()[0] - rows["calibration_start"].to_list()[0]
