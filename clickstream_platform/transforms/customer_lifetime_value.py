"""Gold `customer_lifetime_value`."""

from datetime import date

import narwhals as nw

from clickstream_platform.transforms._forecast import SpendingModel, with_forecast
from clickstream_platform.transforms._frames import Frame, sales
from clickstream_platform.transforms._money import average, total
from clickstream_platform.transforms._rfm import rfm_score, rfm_scores, rfm_segment
from clickstream_platform.transforms._time import epoch_days

_NO_ORDERS = date(1970, 1, 1)


def customer_lifetime_value(
    orders_validated: Frame,
    purchase_histories: Frame,
    purchase_forecasts: Frame,
    *,
    as_of: date,
    horizon_days: int,
    discount_rate: float,
    spending: SpendingModel | None = None,
) -> Frame:
    """What each customer has bought until a day, with RFM scores and segment, and what they are expected to buy.

    Grain: one row a customer with at least one sale up to `as_of` (UTC). Cancelled and refunded order lines are no
    sales. All amounts are in the shop's currency, to the cent with halves upwards; days are calendar days. Recency,
    frequency and monetary scores are quintiles from 1 to 5, 5 the best; see `_rfm` for how ties are broken and which
    scores make which segment, and `_forecast` for what is expected of a customer, and by which method.

    Args:
        orders_validated: Silver `orders_validated`, all days.
        purchase_histories: What `purchase_histories` makes of them until `as_of`, with `horizon_days` recent ones.
        purchase_forecasts: By distinct purchase history, what BG/NBD expects; without rows where there is no model.
        as_of: The day the table speaks of; later orders are ignored.
        horizon_days: How far after `as_of` the forecasts look, and how far before it history does where it stands in.
        discount_rate: The yearly rate that the forecasts were discounted by.
        spending: Gamma-Gamma's parameters; None where it could not be fitted.
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
    histories = rfm_scores(customers).join(purchase_histories, on="customer_id")
    valued = with_forecast(histories, purchase_forecasts, spending)
    return valued.select(
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
        rfm_score().alias("rfm_score"),
        "repeat_purchases",
        "value_method",
        "probability_alive",
        "expected_purchases",
        "expected_purchase_value",
        "clv",
        nw.lit(horizon_days).cast(nw.Int64).alias("horizon_days"),
        nw.lit(discount_rate).cast(nw.Float64).alias("discount_rate"),
    )


def last_order_date(orders_validated: Frame) -> date:
    """The day that `customer_lifetime_value` speaks of: the last one with an order (1970-01-01 without any).

    The one function here that runs its frame: a lazy plan cannot carry a day that it has yet to find.
    """
    last = orders_validated.select(nw.col("order_date").max()).collect().item()
    return _NO_ORDERS if last is None else last
