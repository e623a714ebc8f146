"""Refunds and the orders they take back."""

from datetime import timedelta

import narwhals as nw

from clickstream_platform.transforms._credit import PATH
from clickstream_platform.transforms._frames import Frame, people


def cents(amount: nw.Expr) -> nw.Expr:
    """An amount of money in whole cents."""
    return (amount * 100).cast(nw.Int64)


def matched_refunds(events_clean: Frame, conversions: Frame, *, reach: timedelta) -> Frame:
    """What was refunded of an order on a day, cut at what the order still had to give back.

    Grain: one row a `date` (UTC, of the refunds) x order id, null for those that name none. `path_date` and `path_id`
    are of the conversion with that order id: of several the latest up to the refunds' day, `reach` before it at most;
    null for none. `low` and `high` are how many cents of the order were taken back before that day and up to its end,
    and `excess` is what is left of the refunds then, all of them where there is no order. So refunds of an order never
    take back more than its revenue, however many there are.

    Args:
        events_clean: Events of the wanted days and of `reach` before them.
        conversions: Conversions of the same days: `path_date`, `path_id`, `ended_at`, `order_id`,
            `revenue_cents`.
        reach: How long before its day a refund looks for its order; whole days.
    """
    high, low = (nw.min_horizontal(amount, "revenue_cents") for amount in ("so_far", "before"))
    known = ~nw.col("path_id").is_null()
    so_far = nw.col("amount").cum_sum().over(*PATH, order_by=["date"])
    return (
        _with_orders(_refunds(events_clean), conversions, reach)
        .with_columns(so_far.alias("so_far"))
        .with_columns((nw.col("so_far") - nw.col("amount")).alias("before"))
        .with_columns(
            nw.when(known).then(high).otherwise(nw.lit(0)).cast(nw.Int64).alias("high"),
            nw.when(known).then(low).otherwise(nw.lit(0)).cast(nw.Int64).alias("low"),
        )
        .select("date", *PATH, "low", "high", (nw.col("amount") - nw.col("high") + nw.col("low")).alias("excess"))
    )


def _refunds(events_clean: Frame) -> Frame:
    """The `amount` refunded of each order on each day, in cents."""
    refunds = people(events_clean).filter(nw.col("event_name") == "refund")
    amounts = refunds.select(
        nw.col("event_date").alias("date"), "order_id", (cents(nw.col("revenue")) * -1).alias("amount")
    )
    return amounts.group_by("date", "order_id").agg(nw.col("amount").sum().cast(nw.Int64))


def _with_orders(refunds: Frame, conversions: Frame, reach: timedelta) -> Frame:
    """Refunds with `path_date`, `path_id` and `revenue_cents` of the latest of their order's conversions in reach."""
    found = ("ended_at", *PATH, "revenue_cents")
    in_reach = (nw.col("path_date") <= nw.col("date")) & (nw.col("path_date") >= nw.col("date") - reach)
    return (
        refunds.join(conversions.select("order_id", *found), on="order_id", how="left")
        .with_columns(in_reach.fill_null(False).alias("in_reach"))
        .unique(["date", "order_id"], keep="last", order_by=["in_reach", "path_date", "ended_at", "path_id"])
        .with_columns(nw.when(nw.col("in_reach")).then(nw.col(name)).alias(name) for name in found)
    )
