"""What stands in where a model does not hold, or there is next to nothing to fit one to."""

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from clickstream_platform_tests.lib.customer_value.shop import fitted, valued
from clickstream_platform_tests.models.shoppers import order_lines

NOTHING = pl.DataFrame(schema=order_lines(1, 1, 0).schema)


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
