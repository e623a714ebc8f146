"""Orders in, valued customers out: against `lifetimes` from end to end, and what must hold for any orders."""

import os
import subprocess
import sys
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from clickstream_platform.lib.customer_value import fitted_models, valued_customers
from clickstream_platform.lib.customer_value.forecasts import forecasts_of
from clickstream_platform.models.bg_nbd_forecast import BgNbd
from clickstream_platform_tests.models.shoppers import last_day, order_lines, summary

DAYS = 300
NOTHING = pl.DataFrame(schema=order_lines(1, 1, 0).schema)


def fitted(lines: pl.DataFrame) -> pl.DataFrame:
    rows: pl.DataFrame = fitted_models(nw.from_native(lines.lazy())).to_native().collect()
    return rows


def valued(lines: pl.DataFrame, models: pl.DataFrame, *, horizon: int = 365, rate: float = 0.1) -> pl.DataFrame:
    answer = valued_customers(
        nw.from_native(lines.lazy()), nw.from_native(models.lazy()), horizon_days=horizon, discount_rate=rate
    )
    rows: pl.DataFrame = answer.to_native().collect()
    return rows.sort("customer_id")


@pytest.fixture(scope="module")
def lines() -> pl.DataFrame:
    drawn = order_lines(4_000, DAYS, seed=5)
    return drawn.filter(pl.col("order_date") <= last_day(DAYS))


@pytest.fixture(scope="module")
def models(lines: pl.DataFrame) -> pl.DataFrame:
    return fitted(lines)


@pytest.fixture(scope="module")
def customers(lines: pl.DataFrame, models: pl.DataFrame) -> pl.DataFrame:
    return valued(lines, models)


def test_both_models_converge_on_the_history_to_the_last_months_end(models: pl.DataFrame, lines: pl.DataFrame) -> None:
    assert models["model"].to_list() == ["bg_nbd", "gamma_gamma"]
    assert models["converged"].all() and models["message"].null_count() == 2
    assert models["training_end"].to_list() == [date(2023, 9, 30)] * 2
    known = lines.filter(pl.col("order_date") <= date(2023, 9, 30))
    assert models["customers"].to_list() == [known["customer_id"].n_unique()] * 2
    days = known.group_by("customer_id").agg(pl.col("order_date").n_unique())
    assert models["repeat_customers"].to_list() == [days.filter(pl.col("order_date") > 1).height] * 2
    assert abs(models["frequency_value_correlation"].to_list()[1]) < 0.1


def test_lifetimes_fits_the_same_orders_alike(models: pl.DataFrame, lines: pl.DataFrame) -> None:
    from lifetimes import BetaGeoFitter, GammaGammaFitter

    counted = summary(lines, date(2023, 9, 30))
    history = counted["frequency"], counted["recency"], counted["T"]
    theirs = BetaGeoFitter().fit(*history, tol=1e-9).params_
    ours = models.row(0, named=True)
    for name in ("r", "alpha", "a", "b"):
        assert ours[name] == pytest.approx(theirs[name], rel=0.01)
    again = counted[counted["frequency"] > 0]
    spent = GammaGammaFitter().fit(again["frequency"], again["monetary_value"], tol=1e-9).params_
    ours = models.row(1, named=True)
    for name in ("p", "q", "v"):
        assert ours[name] == pytest.approx(spent[name], rel=0.01)


def test_lifetimes_scores_every_customer_alike(
    customers: pl.DataFrame, models: pl.DataFrame, lines: pl.DataFrame
) -> None:
    """The parameters of our fit, the counting and the scores of `lifetimes`."""
    from lifetimes import BetaGeoFitter, GammaGammaFitter

    bought, spent = BetaGeoFitter(), GammaGammaFitter()
    bought.params_ = pd.Series(models.select("r", "alpha", "a", "b").row(0, named=True))
    spent.params_ = pd.Series(models.select("p", "q", "v").row(1, named=True))
    as_of = lines["order_date"].max()
    assert isinstance(as_of, date)
    counted = summary(lines, as_of).sort_index()
    history = counted["frequency"], counted["recency"], counted["T"]
    assert customers["customer_id"].to_list() == counted.index.to_list()
    assert customers["value_method"].unique().to_list() == ["bg_nbd_gamma_gamma"]
    alive = np.asarray(bought.conditional_probability_alive(*history))
    np.testing.assert_allclose(customers["probability_alive"], alive, rtol=1e-9)

    def expected(days: float) -> Any:
        return np.asarray(bought.conditional_expected_number_of_purchases_up_to_time(days, *history))

    np.testing.assert_allclose(customers["expected_purchases"], expected(365), rtol=1e-7)
    value = np.asarray(spent.conditional_expected_average_profit(counted["frequency"], counted["monetary_value"]))
    np.testing.assert_allclose(customers["expected_purchase_value"].cast(pl.Float64), value, atol=0.00501)
    steps = np.stack([expected(month * 365 / 12) for month in range(13)])
    factors = 1.1 ** (-(np.arange(12) + 0.5) / 12)
    clv = (np.diff(steps, axis=0) * factors[:, None]).sum(axis=0) * value
    np.testing.assert_allclose(customers["clv"].cast(pl.Float64), clv, rtol=1e-6, atol=0.00501)


def test_neither_the_order_of_rows_nor_a_second_time_changes_anything(
    lines: pl.DataFrame, models: pl.DataFrame, customers: pl.DataFrame
) -> None:
    mixed = lines.sample(fraction=1, shuffle=True, seed=9)
    again = fitted(mixed)
    assert_frame_equal(again, models, check_exact=True)
    assert_frame_equal(valued(mixed, again), customers, check_exact=True)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles"])
def test_the_machines_time_zone_changes_nothing(customers: pl.DataFrame, zone: str) -> None:
    code = (
        "import polars as pl; from clickstream_platform_tests.lib.customer_value import test_forecasts as t;"
        "from clickstream_platform_tests.models.shoppers import last_day, order_lines;"
        "lines = order_lines(4_000, t.DAYS, seed=5);"
        "lines = lines.filter(pl.col('order_date') <= last_day(t.DAYS));"
        "found = t.valued(lines, t.fitted(lines));"
        "print(found.hash_rows(seed=1).sum())"
    )
    said = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "TZ": zone},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    assert int(said.stdout) == customers.hash_rows(seed=1).sum()


def test_clv_rises_with_the_horizon_and_falls_with_the_discount(lines: pl.DataFrame, models: pl.DataFrame) -> None:
    before = pl.Series([Decimal(0)] * valued(lines, models).height)
    for horizon in (1, 30, 31, 200, 365, 1_000):
        now = valued(lines, models, horizon=horizon)["clv"]
        assert (now >= before).all()
        before = now
    dear, cheap, free = (valued(lines, models, rate=rate)["clv"] for rate in (0.5, 0.1, 0.0))
    assert (dear <= cheap).all() and (cheap <= free).all() and dear.sum() < cheap.sum() < free.sum()


def test_without_the_spending_model_the_customers_own_average_stands_in(
    lines: pl.DataFrame, models: pl.DataFrame
) -> None:
    failed = models.with_columns(converged=pl.col("model") == "bg_nbd")
    found = valued(lines, failed)
    assert found["value_method"].unique().to_list() == ["bg_nbd"]
    own = found["total_spent"].cast(pl.Float64) / (found["repeat_purchases"] + 1)
    np.testing.assert_allclose(found["expected_purchase_value"].cast(pl.Float64), own, atol=0.00501)


@pytest.mark.parametrize("why", ["no row", "not converged"])
def test_without_the_purchase_model_every_customer_is_flagged(
    lines: pl.DataFrame, models: pl.DataFrame, why: str
) -> None:
    without = models.clear() if why == "no row" else models.with_columns(converged=pl.lit(False))
    found = valued(lines, without)
    assert found["value_method"].unique().to_list() == ["historic"]
    assert found["probability_alive"].null_count() == found.height
    assert (found["clv"] == found["total_spent"]).all()


def alone(customers: int, days: list[int]) -> pl.DataFrame:
    """Each of the customers buys on the same days."""
    first = date(2023, 1, 1)
    rows = [
        {"order_id": f"{who}-{day}", "customer_id": f"{who}", "order_date": first + timedelta(days=day)}
        for who in range(customers)
        for day in days
    ]
    when = pl.col("order_date").cast(pl.Datetime("us", "UTC"))
    return pl.DataFrame(rows).select(
        "order_id",
        "customer_id",
        product_id=pl.lit("P"),
        status=pl.lit("completed"),
        total_amount=pl.lit(Decimal("10.00"), pl.Decimal(18, 2)),
        order_time=when,
        order_date="order_date",
    )


@pytest.mark.parametrize(
    ("lines", "customers"),
    [(alone(1, [0]), 1), (alone(1, [0, 3, 50]), 1), (alone(300, [0]), 300), (alone(19, [0, 9]), 19)],
    ids=["one customer, one order", "one customer", "all the same day", "few"],
)
def test_too_little_to_fit_is_said_and_the_past_kept(lines: pl.DataFrame, customers: int) -> None:
    models = fitted(lines)
    assert not models["converged"].any() and models["message"].null_count() == 0
    found = valued(lines, models)
    assert found.height == customers
    assert found["value_method"].unique().to_list() == ["historic"]
    assert (found["clv"] == found["total_spent"]).all()


def test_customers_all_alike_get_sane_figures_whatever_the_fit_says() -> None:
    lines = alone(60, [0, 30, 60, 90])
    found = valued(lines, fitted(lines))
    assert found["clv"].min() > 0 and found["clv"].n_unique() == 1  # type: ignore[operator]
    assert float(found["clv"][0]) < 10 * 365


def test_a_shop_without_orders_has_neither_models_nor_customers() -> None:
    models = fitted(NOTHING)
    assert models.is_empty() and valued(NOTHING, models).is_empty()


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 700)), min_size=1, max_size=20),
    st.integers(1, 3_650),
    st.floats(0, 10),
)
def test_forecasts_are_sane_for_any_history(pairs: list[tuple[int, int]], horizon: int, rate: float) -> None:
    rows = {(min(x, T), T // 2 + 1 if min(x, T) else 0, T) for x, T in pairs}
    rows = {(min(x, t_x), t_x, T) for x, t_x, T in rows if t_x <= T}
    histories = pl.DataFrame(
        [(*row, 1) for row in sorted(rows)],
        schema=dict.fromkeys(
            ("repeat_purchases", "days_to_last_purchase", "days_since_first_purchase", "customers"), pl.Int64
        ),
        orient="row",
    )
    found = forecasts_of(histories, BgNbd(0.6, 40.0, 0.7, 3.0), horizon, rate)
    assert found.height == histories.height
    assert found["probability_alive"].is_between(0, 1, closed="right").all()
    assert (found["discounted_purchases"] <= found["expected_purchases"] * (1 + 1e-9)).all()
    assert found["discounted_purchases"].is_between(0, horizon).all()
