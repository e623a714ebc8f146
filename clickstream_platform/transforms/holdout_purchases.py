"""What customers with a history in one period did in the next: what a forecast is held against."""

from datetime import date

import narwhals as nw

from clickstream_platform.transforms._frames import Frame, sales
from clickstream_platform.transforms.purchase_histories import HISTORY, purchase_histories


def holdout_purchases(orders_validated: Frame, *, calibration_end: date, holdout_end: date) -> Frame:
    """Purchases after a day of the customers known by then, by their history up to it.

    Grain: one row a history (repeat purchases, days to the last one, days since the first) with at least one customer.
    `purchases` counts the days with a purchase of all these customers from the day after `calibration_end` to
    `holdout_end`, both UTC; `squares` is the sum over customers of the square of their number, for the spread.

    Args:
        orders_validated: Silver `orders_validated`, all days.
        calibration_end: Last day of the histories.
        holdout_end: Last day that purchases are counted on.
    """
    histories = purchase_histories(orders_validated, until=calibration_end, recent_days=0)
    later = (
        sales(orders_validated)
        .filter(nw.col("order_date") > calibration_end, nw.col("order_date") <= holdout_end)
        .group_by("customer_id")
        .agg(nw.col("order_date").n_unique().cast(nw.Int64).alias("purchases"))
    )
    purchases = nw.col("purchases").fill_null(0)
    return (
        histories.join(later, on="customer_id", how="left")
        .with_columns(purchases.alias("purchases"))
        .with_columns((nw.col("purchases") * nw.col("purchases")).alias("squares"))
        .group_by(*HISTORY)
        .agg(
            nw.len().cast(nw.Int64).alias("customers"),
            nw.col("purchases").sum().cast(nw.Int64).alias("purchases"),
            nw.col("squares").sum().cast(nw.Int64).alias("squares"),
        )
    )
