"""Orders in, valued customers out: against `lifetimes` from end to end, and what must hold for any orders."""

from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from clickstream_platform.lib.customer_value.forecasts import forecasts_of
from clickstream_platform.models.bg_nbd_forecast import BgNbd
from clickstream_platform_tests.lib.customer_value.shop import figures, fitted, valued
from clickstream_platform_tests.models.shoppers import summary
from clickstream_platform_tests.time_zones import ELSEWHERE, said_in


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


@pytest.mark.parametrize("zone", ELSEWHERE)
def test_the_machines_time_zone_changes_nothing(customers: pl.DataFrame, zone: str) -> None:
    code = (
        f"from {figures.__module__} import drawn_lines, figures, fitted, valued;"
        "lines = drawn_lines(); print(figures(valued(lines, fitted(lines))))"
    )
    assert said_in(zone, code) == figures(customers)


def test_clv_rises_with_the_horizon_and_falls_with_the_discount(lines: pl.DataFrame, models: pl.DataFrame) -> None:
    before = pl.Series([Decimal(0)] * valued(lines, models).height)
    for horizon in (1, 30, 31, 200, 365, 1_000):
        now = valued(lines, models, horizon=horizon)["clv"]
        assert (now >= before).all()
        before = now
    dear, cheap, free = (valued(lines, models, rate=rate)["clv"] for rate in (0.5, 0.1, 0.0))
    assert (dear <= cheap).all() and (cheap <= free).all() and dear.sum() < cheap.sum() < free.sum()


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
