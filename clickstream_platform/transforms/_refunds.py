"""Refunds and the orders they take back."""

from datetime import timedelta

import narwhals as nw

from clickstream_platform.transforms._credit import PATH
from clickstream_platform.transforms._frames import Frame, people

_REFUND = ("date", "refund_id")


def cents(amount: nw.Expr) -> nw.Expr:
    """An amount of money in whole cents."""
    return (amount * 100).cast(nw.Int64)


def matched_refunds(events_clean: Frame, conversions: Frame, *, reach: timedelta) -> Frame:
    """Each refund, cut at what its order still had to give back.

    Columns: `date` (of the refund), `path_date` and `path_id` of the conversion with the same order id
    (of several the latest up to the refund's day, `reach` before it at most; null for none), `low` and `high`: how many
    cents of the order were taken back before and after; and `excess`: what is left of the refund then, all of it where
    it has no order. So refunds of an order never take back more than its revenue, however many there are.

    Args:
        events_clean: Events of the wanted days and of `reach` before them.
        conversions: Conversions of the same days: `path_date`, `path_id`, `ended_at`, `order_id`,
            `revenue_cents`.
        reach: How long before its day a refund looks for its order; whole days.
    """
    refunds = (
        people(events_clean)
        .filter(nw.col("event_name") == "refund")
        .select(
            nw.col("event_date").alias("date"),
            nw.col("event_id").alias("refund_id"),
            nw.col("event_time").alias("refunded_at"),
            "order_id",
            (cents(nw.col("revenue")) * -1).alias("amount"),
        )
    )
    orders = conversions.filter(~nw.col("order_id").is_null()).select(*PATH, "order_id", "ended_at", "revenue_cents")
    found = (
        refunds.select(*_REFUND, "order_id")
        .join(orders, on="order_id")
        .filter(nw.col("path_date") <= nw.col("date"), nw.col("path_date") >= nw.col("date") - reach)
        .unique([*_REFUND], keep="last", order_by=["path_date", "ended_at", "path_id"])
        .select(*_REFUND, *PATH, "revenue_cents")
    )
    so_far = nw.col("amount").cum_sum().over(*PATH, order_by=["refunded_at", "refund_id"])
    of_order = nw.min_horizontal("so_far", "revenue_cents"), nw.min_horizontal("before", "revenue_cents")
    known = ~nw.col("path_id").is_null()
    return (
        refunds.join(found, on=[*_REFUND], how="left")
        .with_columns(so_far.alias("so_far"))
        .with_columns((nw.col("so_far") - nw.col("amount")).alias("before"))
        .with_columns(
            nw.when(known).then(of_order[0]).otherwise(nw.lit(0)).cast(nw.Int64).alias("high"),
            nw.when(known).then(of_order[1]).otherwise(nw.lit(0)).cast(nw.Int64).alias("low"),
        )
        .select("date", *PATH, "low", "high", (nw.col("amount") - nw.col("high") + nw.col("low")).alias("excess"))
    )
