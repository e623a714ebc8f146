"""Do the purchases that events tell of agree with the orders that the shop's order system sent?"""

import math
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import polars as pl

from clickstream_platform.lake import Lake
from clickstream_platform.lib.checks.verdict import CheckInfo, CheckOptions, Verdict

PURCHASES_MATCH_ORDERS = "purchases_match_orders"
_NEIGHBOURS = (timedelta(days=-1), timedelta(0), timedelta(days=1))
_REFUSED = pl.lit(None, pl.Float64).alias("revenue")


def purchases_info() -> CheckInfo:
    """The check on `orders_validated`."""
    return CheckInfo(
        "orders_validated",
        PURCHASES_MATCH_ORDERS,
        "warn",
        "purchase events and orders of the day name the same order ids and the same revenue, within the tolerance",
        remedy="look for an events or orders file that has not arrived, or tracking that is blocked",
    )


def check_purchases(lake: Lake, days: Sequence[date], options: CheckOptions) -> Iterator[Verdict]:
    """A verdict a day.

    What is in quarantine counts as sent, on both sides, but its amounts are not compared. Revenue is compared over the
    orders known to both sides. An order and its purchase event may lie either side of midnight: ids are looked for in
    the neighbouring days too. Where no orders were ever sent, or no purchase carries an order id, there is nothing to
    compare.
    """
    info = purchases_info()
    if not lake.objects("orders_validated") and not lake.objects("orders_quarantine"):
        yield from (Verdict(info, True, day, detail="no orders have arrived at all") for day in days)
        return
    around = sorted({day + shift for day in days for shift in _NEIGHBOURS})
    purchases, orders = _purchases(lake, around), _orders(lake, around)
    for day in days:
        yield _verdict(info, day, purchases, orders, options)


def _purchases(lake: Lake, days: Sequence[date]) -> pl.DataFrame:
    """(order_id, day, revenue) of purchase events; order_id null where the event has none."""
    columns = [pl.col("order_id"), pl.col("event_date").alias("day")]
    of_purchases = pl.col("event_name") == "purchase"
    return _by_order(
        lake.scan("events_clean", days).filter(of_purchases).select(*columns, pl.col("revenue").cast(pl.Float64)),
        lake.scan("events_quarantine", days).filter(of_purchases).select(*columns, _REFUSED),
    )


def _orders(lake: Lake, days: Sequence[date]) -> pl.DataFrame:
    """(order_id, day, revenue) of orders."""
    columns = [pl.col("order_id"), pl.col("order_date").alias("day")]
    amount = pl.col("total_amount").cast(pl.Float64).alias("revenue")
    return _by_order(
        lake.scan("orders_validated", days).select(*columns, amount),
        lake.scan("orders_quarantine", days).select(*columns, _REFUSED),
    )


def _by_order(*parts: pl.LazyFrame) -> pl.DataFrame:
    """One row an order and day; its revenue is null where a part of it is in quarantine."""
    revenue = pl.col("revenue")
    whole = pl.when(revenue.null_count() == 0).then(revenue.sum()).alias("revenue")
    return pl.concat(parts).group_by("order_id", "day").agg(whole).collect(engine="streaming")


def _verdict(
    info: CheckInfo, day: date, purchases: pl.DataFrame, orders: pl.DataFrame, options: CheckOptions
) -> Verdict:
    near = [day + shift for shift in _NEIGHBOURS]
    events_today = purchases.filter(pl.col("day") == day)
    told = events_today.drop_nulls("order_id")
    sent = orders.filter(pl.col("day") == day)
    if events_today.height and told.is_empty():
        return Verdict(info, True, day, detail="no purchase event carries an order id")
    events_near = _by_order(purchases.lazy().filter(pl.col("day").is_in(near)).with_columns(day=pl.lit(day)))
    orders_near = orders.filter(pl.col("day").is_in(near)).select(pl.col("order_id").unique())
    without_order = told.join(orders_near, on="order_id", how="anti")["order_id"].sort()
    without_event = sent.join(events_near, on="order_id", how="anti")["order_id"].sort()
    both = sent.drop_nulls("revenue").join(events_near.drop_nulls("revenue"), on="order_id", suffix="_told")
    revenue_told, revenue_sent = float(both["revenue_told"].sum()), float(both["revenue"].sum())

    ids = told.height + without_event.len()
    astray = without_order.len() + without_event.len()
    most = max(abs(revenue_told), abs(revenue_sent))
    off = abs(revenue_told - revenue_sent) / most if most else 0.0
    said = []
    if astray >= options.purchase_fewest and astray > _most_astray(ids, options.purchase_tolerance):
        said.append(
            f"{without_order.len():,} purchases without an order and {without_event.len():,} orders without a "
            f"purchase, of {ids:,}"
            + _some("no order", without_order, options)
            + _some("no purchase", without_event, options)
        )
    if off > options.purchase_tolerance:
        said.append(f"purchases say {revenue_told:,.2f}, the same orders {revenue_sent:,.2f} ({off:.1%} apart)")
    counts = {
        "purchases": told.height,
        "orders": sent.height,
        "purchases without an order": without_order.len(),
        "orders without a purchase": without_event.len(),
        "revenue of purchases": round(revenue_told, 2),
        "revenue of the same orders": round(revenue_sent, 2),
    }
    return Verdict(info, not said, day, ids, astray if said else 0, "; ".join(said), counts=counts)


def _most_astray(ids: int, tolerance: float) -> float:
    """The tolerance in orders: on a day of few orders, chance (three standard deviations of a count) is let pass."""
    expected = ids * tolerance
    return expected + 3 * math.sqrt(expected)


def _some(what: str, ids: pl.Series, options: CheckOptions) -> str:
    shown = [text[:40] for text in ids.head(options.sample_rows)]
    more = " …" if ids.len() > len(shown) else ""
    return f"; {what}: {', '.join(shown)}{more}" if shown else ""
