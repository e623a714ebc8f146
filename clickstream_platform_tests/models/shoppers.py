"""Customers drawn from BG/NBD and Gamma-Gamma by following their stories, none of the models' formulas involved."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

FIRST = date(2023, 1, 1)
PURCHASES = {"r": 0.6, "alpha": 40.0, "a": 0.7, "b": 3.0}
SPENDING = {"p": 6.0, "q": 4.0, "v": 45.0}


def purchases(
    customers: int,
    days: int,
    seed: int,
    *,
    r: float = PURCHASES["r"],
    alpha: float = PURCHASES["alpha"],
    a: float = PURCHASES["a"],
    b: float = PURCHASES["b"],
) -> pl.DataFrame:
    """(customer, day) of every purchase, days with a fraction, from a first purchase on any of the days.

    Each customer has a rate and a probability to leave of their own; after each repeat purchase they may leave.
    """
    rng = np.random.default_rng(seed)
    rate, leaves = rng.gamma(r, 1 / alpha, customers), rng.beta(a, b, customers)
    who, when = np.arange(customers), rng.uniform(0, days, customers)
    found = [(who, when)]
    while len(who):
        when = when + rng.exponential(1, len(who)) / np.maximum(rate[who], 1e-12)
        within = when < days
        who, when = who[within], when[within]
        found.append((who, when))
        stays = rng.random(len(who)) >= leaves[who]
        who, when = who[stays], when[stays]
    return pl.DataFrame(
        {"customer": np.concatenate([one for one, _ in found]), "day": np.concatenate([day for _, day in found])}
    )


def order_lines(customers: int, days: int, seed: int, **parameters: float) -> pl.DataFrame:
    """The same as lines of `orders_validated`, an order a purchase, with amounts drawn from Gamma-Gamma."""
    bought = purchases(customers, days, seed, **parameters)
    rng = np.random.default_rng(seed + 1)
    p, q, v = SPENDING["p"], SPENDING["q"], SPENDING["v"]
    scale = 1 / rng.gamma(q, 1 / v, customers)
    amount = np.maximum(rng.gamma(p, scale[bought["customer"].to_numpy()]), 0.01)
    micros = (bought["day"] * 86_400_000_000).cast(pl.Int64)
    start = pl.Series([FIRST]).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    when = start + micros.cast(pl.Duration("us"))
    return pl.DataFrame(
        {
            "order_id": pl.select(pl.format("O{}", pl.int_range(bought.height))).to_series(),
            "customer_id": bought.select(pl.format("C{}", "customer")).to_series(),
            "product_id": pl.repeat("P", bought.height, eager=True),
            "status": pl.repeat("completed", bought.height, eager=True),
            "total_amount": pl.Series(amount).round(2).cast(pl.Decimal(18, 2)),
            "order_time": when,
            "order_date": when.dt.date(),
        }
    )


def last_day(days: int) -> date:
    """The last of so many days."""
    return FIRST + timedelta(days=days - 1)


def summary(lines: pl.DataFrame, until: date) -> Any:
    """(frequency, recency, T, monetary_value) by customer, as `lifetimes` counts them from transactions."""
    from lifetimes.utils import summary_data_from_transaction_data

    frame = lines.filter(pl.col("order_date") <= until).select(
        "customer_id", "order_date", pl.col("total_amount").cast(pl.Float64)
    )
    return summary_data_from_transaction_data(
        frame.to_pandas(), "customer_id", "order_date", "total_amount", observation_period_end=str(until)
    )
