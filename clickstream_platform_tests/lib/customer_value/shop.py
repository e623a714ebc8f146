"""A shop of drawn customers, the models fitted to it, and what they say of the customers."""

import narwhals as nw
import polars as pl

from clickstream_platform.lib.customer_value import fitted_models, valued_customers
from clickstream_platform_tests.models.shoppers import last_day, order_lines

DAYS = 300


def drawn_lines() -> pl.DataFrame:
    """What 4,000 customers order in the shop's days."""
    return order_lines(4_000, DAYS, seed=5).filter(pl.col("order_date") <= last_day(DAYS))


def fitted(lines: pl.DataFrame) -> pl.DataFrame:
    """`customer_value_models` of order lines."""
    rows: pl.DataFrame = fitted_models(nw.from_native(lines.lazy())).to_native().collect()
    return rows


def valued(lines: pl.DataFrame, models: pl.DataFrame, *, horizon: int = 365, rate: float = 0.1) -> pl.DataFrame:
    """`customer_lifetime_value` of order lines, by customer."""
    answer = valued_customers(
        nw.from_native(lines.lazy()), nw.from_native(models.lazy()), horizon_days=horizon, discount_rate=rate
    )
    rows: pl.DataFrame = answer.to_native().collect()
    return rows.sort("customer_id")


def figures(customers: pl.DataFrame) -> str:
    """One number for every figure of all customers."""
    return str(customers.hash_rows(seed=1).sum())
