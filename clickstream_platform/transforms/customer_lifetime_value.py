"""Gold `customer_lifetime_value`."""

from datetime import date

import narwhals as nw

from clickstream_platform.transforms._frames import Frame, sales
from clickstream_platform.transforms._money import average, total
from clickstream_platform.transforms._rfm import rfm_scores, rfm_segment
from clickstream_platform.transforms._time import epoch_days

_NO_ORDERS = date(1970, 1, 1)


def customer_lifetime_value(orders_validated: Frame, *, as_of: date) -> Frame:
    """What each customer has bought until a day, with RFM scores and segment.

    Grain: one row a customer with at least one sale up to `as_of` (UTC). Cancelled and refunded order lines are no
    sales. `total_spent` and `avg_order_value` (to the cent, halves upwards) are in the shop's currency, days are
    calendar days. Recency, frequency and monetary scores are quintiles from 1 to 5, 5 the best; see `_rfm` for how
    ties are broken and which scores make which segment.

    Args:
        orders_validated: Silver `orders_validated`, all days.
        as_of: The day the table speaks of; later orders are ignored.
    """
    customers = (
        sales(orders_validated)
        .filter(nw.col("order_date") <= as_of)
        .group_by("customer_id")
        .agg(
            nw.col("order_id").n_unique().cast(nw.Int64).alias("total_orders"),
            total(nw.col("total_amount")).alias("total_spent"),
            nw.col("order_time").min().alias("first_order_at"),
            nw.col("order_time").max().alias("last_order_at"),
        )
        .with_columns(nw.lit(as_of).alias("as_of"))
        .with_columns(
            (epoch_days(nw.col("as_of")) - epoch_days(nw.col("first_order_at"))).alias("days_since_first_order"),
            (epoch_days(nw.col("as_of")) - epoch_days(nw.col("last_order_at"))).alias("recency_days"),
        )
    )
    return rfm_scores(customers).select(
        "customer_id",
        "total_orders",
        "total_spent",
        average(nw.col("total_spent"), nw.col("total_orders")).alias("avg_order_value"),
        "first_order_at",
        "last_order_at",
        "days_since_first_order",
        "recency_days",
        "recency_score",
        "frequency_score",
        "monetary_score",
        rfm_segment().alias("rfm_segment"),
        "as_of",
    )


def last_order_date(orders_validated: Frame) -> date:
    """The day that `customer_lifetime_value` speaks of: the last one with an order (1970-01-01 without any).

    The one function here that runs its frame: a lazy plan cannot carry a day that it has yet to find.
    """
    last = orders_validated.select(nw.col("order_date").max()).collect().item()
    return _NO_ORDERS if last is None else last
