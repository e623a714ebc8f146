"""Truth of a day from its parts: funnel, products, sales; and of all days: customers' lifetime value."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl

from clickstream_platform.simulate.config import ShopConfig
from clickstream_platform.simulate.draws import Ints, grown
from clickstream_platform.simulate.ids import user_ids
from clickstream_platform.simulate.journey import DAY
from clickstream_platform.simulate.master import final_name
from clickstream_platform.simulate.orders import (
    CANCELLED,
    REFUNDED,
    OrderLines,
    customer_region,
    own_region,
    quarantine_reason,
    region_names,
)
from clickstream_platform.simulate.truth.columns import dates, half_up, moments, money, typed
from clickstream_platform.simulate.truth.visits import CARTS, FUNNEL, PURCHASES, REFUNDS, REVENUE, UNITS, VIEWS
from clickstream_platform.simulate.truth.visits import REFUNDED as REFUNDED_CENTS
from clickstream_platform.simulate.world import CATEGORIES, CATEGORY_OF, PRODUCTS, ghosts, product_id

_NAMELESS_GOODS = 2
"""The last goods: no master record, and no event names their category."""

_SEGMENTS = (
    ("hibernating", "12", "12"),
    ("at_risk", "12", "34"),
    ("cant_lose", "12", "5"),
    ("about_to_sleep", "3", "12"),
    ("need_attention", "3", "3"),
    ("champions", "5", "45"),
    ("loyal_customers", "34", "45"),
    ("promising", "4", "1"),
    ("new_customers", "5", "1"),
    ("potential_loyalists", "45", "23"),
)
SEGMENT_OF: dict[tuple[int, int], str] = {
    (int(recency), int(frequency)): name
    for name, recencies, frequencies in _SEGMENTS
    for recency in recencies
    for frequency in frequencies
}


def conversion_funnel(sessions: pl.DataFrame) -> pl.DataFrame:
    """Sessions by the steps they reached in order, with rates, drop-off and median seconds between steps."""
    at = [pl.col("started_at"), *(pl.col(f"{step}_at") for step in FUNNEL)]
    waits = [((now - then).dt.total_microseconds() / 1e6) for then, now in pairwise(at)]
    frame = sessions.group_by(pl.col("session_date").alias("date"), "channel", "device_type").agg(
        pl.len().cast(pl.Int64).alias("sessions"),
        *(pl.col(f"{step}_at").count().cast(pl.Int64).alias(step) for step in FUNNEL),
        *(wait.median().alias(f"median_seconds_to_{step}") for step, wait in zip(FUNNEL, waits, strict=True)),
    )
    pairs = list(zip(("sessions", *FUNNEL), FUNNEL, strict=False))
    frame = frame.with_columns(
        *(_rate(step, before).alias(f"{step}_rate") for before, step in pairs),
        _rate("purchase", "sessions").alias("conversion_rate"),
        *((pl.col(before) - pl.col(step)).alias(f"{step}_dropoff") for before, step in pairs),
    )
    return typed("conversion_funnel", frame.sort("date", "channel", "device_type"))


def _rate(part: str, whole: str) -> pl.Expr:
    return pl.when(pl.col(whole) > 0).then(pl.col(part) / pl.col(whole))


def product_performance(config: ShopConfig, epoch_day: int, figures: Ints) -> pl.DataFrame:
    """Products that were viewed, put in a cart, bought or given back on a day."""
    ghost = ghosts(config.dirt_per_million)
    names = [final_name(config, number) if number < ghost else "Unknown" for number in range(PRODUCTS)]
    categories = [CATEGORIES[number] for number in CATEGORY_OF.tolist()]
    if ghost < PRODUCTS:
        categories[-_NAMELESS_GOODS:] = ["uncategorized"] * _NAMELESS_GOODS
    active = np.flatnonzero(figures[:, [VIEWS, CARTS, PURCHASES, REFUNDS]].any(axis=1))
    frame = pl.DataFrame(
        {
            "date": dates(np.full(len(active), epoch_day)),
            "product_id": pl.Series([product_id(number) for number in active.tolist()], dtype=pl.String),
            "product_name": pl.Series(names).gather(active),
            "category": pl.Series(categories).gather(active),
            "views": figures[active, VIEWS],
            "carts": figures[active, CARTS],
            "purchases": figures[active, PURCHASES],
            "units_sold": figures[active, UNITS],
            "revenue": money(figures[active, REVENUE]),
            "refunds": figures[active, REFUNDS],
            "refund_amount": money(figures[active, REFUNDED_CENTS]),
        }
    ).with_columns(
        _rate("carts", "views").alias("view_to_cart_rate"), _rate("purchases", "views").alias("conversion_rate")
    )
    return typed("product_performance", frame.sort("product_id"))


def sales_lines(config: ShopConfig, lines: OrderLines) -> OrderLines:
    """Validated lines that count as sales in the end."""
    good = quarantine_reason(config, lines) == 0
    return lines.take(good & (lines.final != CANCELLED) & (lines.final != REFUNDED))


def daily_sales_summary(sales: OrderLines) -> pl.DataFrame:
    """Sales by day, category and region: the order's region, else its customer's."""
    own = own_region(sales)
    region = np.where(own >= 0, own, customer_region(sales.customer))
    frame = (
        pl.DataFrame(
            {
                "date": dates(sales.time // DAY),
                "product_category": pl.Series(CATEGORIES).gather(CATEGORY_OF[sales.product]),
                "region": region_names(sales.customer, region, "unknown"),
                "order": sales.order,
                "customer": sales.customer,
                "cents": sales.total,
            }
        )
        .group_by("date", "product_category", "region")
        .agg(
            total_orders=pl.col("order").n_unique().cast(pl.Int64),
            unique_customers=pl.col("customer").n_unique().cast(pl.Int64),
            cents=pl.col("cents").sum(),
        )
    )
    cents, orders = frame["cents"].to_numpy(), frame["total_orders"].to_numpy()
    frame = frame.with_columns(total_revenue=money(cents), avg_order_value=money(half_up(cents, orders)))
    return typed("daily_sales_summary", frame.sort("date", "product_category", "region"))


@dataclass
class Lifetimes:
    """Every customer's orders so far: number, cents, first and last time, days; a few bytes a shopper."""

    orders: Ints
    cents: Ints
    first: Ints
    last: Ints
    days: Ints
    as_of: int = -1

    @classmethod
    def none(cls, shoppers: int) -> "Lifetimes":
        """Before the first order."""
        zeros = np.zeros(shoppers, dtype=np.int64)
        return cls(zeros, zeros.copy(), np.full(shoppers, np.iinfo(np.int64).max), zeros.copy(), zeros.copy())

    def add(self, config: ShopConfig, lines: OrderLines) -> None:
        """Count one day's order lines."""
        validated = lines.time[quarantine_reason(config, lines) == 0]
        if len(validated):
            self.as_of = max(self.as_of, int(validated.max()) // DAY)
        sales = sales_lines(config, lines)
        self._make_room(int(sales.customer.max(initial=-1)) + 1)
        np.add.at(self.cents, sales.customer, sales.total)
        np.minimum.at(self.first, sales.customer, sales.time)
        np.maximum.at(self.last, sales.customer, sales.time)
        _, distinct = np.unique(sales.order, return_index=True)
        np.add.at(self.orders, sales.customer[distinct], 1)
        np.add.at(self.days, np.unique(sales.customer), 1)

    def _make_room(self, size: int) -> None:
        self.orders, self.cents = grown(self.orders, size, 0), grown(self.cents, size, 0)
        self.first = grown(self.first, size, np.iinfo(np.int64).max)
        self.last, self.days = grown(self.last, size, 0), grown(self.days, size, 0)

    def frame(self) -> pl.DataFrame:
        """One row a customer with at least one sale."""
        who = np.flatnonzero(self.orders)
        orders, cents, first, last = self.orders[who], self.cents[who], self.first[who], self.last[who]
        recency = self.as_of - last // DAY
        by_frequency = np.argsort(np.lexsort((who, first, orders)))
        frequency = _score(by_frequency)
        recent, spent = 6 - _score(_min_rank(recency)), _score(_min_rank(cents))
        frame = pl.DataFrame(
            {
                "customer_id": user_ids(who),
                "total_orders": orders,
                "total_spent": money(cents),
                "avg_order_value": money(half_up(cents, orders)),
                "first_order_at": moments(first),
                "last_order_at": moments(last),
                "days_since_first_order": self.as_of - first // DAY,
                "recency_days": recency,
                "recency_score": recent.astype(np.int8),
                "frequency_score": frequency.astype(np.int8),
                "monetary_score": spent.astype(np.int8),
                "rfm_segment": pl.Series(
                    [SEGMENT_OF[pair] for pair in zip(recent.tolist(), frequency.tolist(), strict=True)],
                    dtype=pl.String,
                ),
                "as_of": dates(np.full(len(who), max(self.as_of, 0))),
                "rfm_score": (pl.Series(100 * recent + 10 * frequency + spent, dtype=pl.Int64)).cast(pl.String),
                "repeat_purchases": self.days[who] - 1,
            }
        )
        return typed("customer_lifetime_value", frame)


def _min_rank(values: Ints) -> Ints:
    """0-based rank; equal values share the lowest."""
    return np.searchsorted(np.sort(values), values, side="left").astype(np.int64)


def _score(rank: Ints) -> Ints:
    """Fifths of the ranks, 1 to 5: pandas.qcut's bins where the edges are distinct."""
    steps = max(len(rank) - 1, 1)
    return np.maximum(1, -(-5 * rank // steps))
