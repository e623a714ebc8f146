"""What customers did, as models of lifetime value take it: purchases of one day merged."""

from datetime import date, timedelta

import narwhals as nw

from clickstream_platform.transforms._frames import Frame, sales
from clickstream_platform.transforms._money import MONEY, total
from clickstream_platform.transforms._time import epoch_days

HISTORY = ("repeat_purchases", "days_to_last_purchase", "days_since_first_purchase")
"""`x`, `t_x` and `T` of the literature, in whole days."""


def purchase_histories(orders_validated: Frame, *, until: date, recent_days: int) -> Frame:
    """Each customer's days with a purchase until a day, counted and summed.

    Grain: one row a customer with at least one sale up to `until` (UTC). All a customer buys on a day is one purchase.
    `repeat_spent` is what purchases after the first cost together; `recent_purchases` and `recent_spent` are of the
    last `recent_days` days, the first purchase among them where it was then.

    Args:
        orders_validated: Silver `orders_validated`, all days.
        until: The last day that counts.
        recent_days: How many days up to `until` are recent.
    """
    spent, recent = nw.col("spent"), nw.col("order_date") > until - timedelta(days=recent_days)
    days = (
        sales(orders_validated)
        .filter(nw.col("order_date") <= until)
        .group_by("customer_id", "order_date")
        .agg(total(nw.col("total_amount")).alias("spent"))
    )
    customers = (
        days.with_columns(
            nw.when(recent).then(spent).alias("recent_spent"), nw.when(recent).then(1).otherwise(0).alias("recent")
        )
        .group_by("customer_id")
        .agg(
            (nw.len().cast(nw.Int64) - 1).alias("repeat_purchases"),
            nw.col("order_date").min().alias("first_day"),
            nw.col("order_date").max().alias("last_day"),
            total(spent).alias("spent"),
            nw.col("recent").sum().cast(nw.Int64).alias("recent_purchases"),
            total(nw.col("recent_spent")).alias("recent_spent"),
        )
        .with_columns(nw.lit(until).alias("until"))
    )
    first_days = days.rename({"order_date": "first_day", "spent": "first_spent"})
    first, last, end = (epoch_days(nw.col(name)) for name in ("first_day", "last_day", "until"))
    return customers.join(first_days, on=["customer_id", "first_day"]).select(
        "customer_id",
        "repeat_purchases",
        (last - first).alias("days_to_last_purchase"),
        (end - first).alias("days_since_first_purchase"),
        (spent - nw.col("first_spent")).cast(MONEY).alias("repeat_spent"),
        "recent_purchases",
        "recent_spent",
    )


def first_purchase_date(orders_validated: Frame) -> date | None:
    """Day (UTC) of the first sale of all; None without any. Runs its frame, as `last_order_date` does."""
    first: date | None = sales(orders_validated).select(nw.col("order_date").min()).collect().item()
    return first
