"""Gold `daily_sales_summary`."""

import narwhals as nw

from clickstream_platform.transforms._frames import Frame, sales
from clickstream_platform.transforms._money import average, total


def daily_sales_summary(orders_validated: Frame) -> Frame:
    """Sales of a day by category and region.

    Grain: one row a `date` (UTC day of the order) x `product_category` x `region`. Cancelled and refunded order lines
    are no sales. `total_orders` counts orders with at least one line in the cell, so an order over two categories
    counts in both; `avg_order_value` is the cell's revenue by its orders, to the cent, halves upwards.

    Args:
        orders_validated: Silver `orders_validated` of the wanted days.
    """
    cells = (
        sales(orders_validated)
        .group_by("order_date", "product_category", "region")
        .agg(
            nw.col("order_id").n_unique().cast(nw.Int64).alias("total_orders"),
            total(nw.col("total_amount")).alias("total_revenue"),
            nw.col("customer_id").n_unique().cast(nw.Int64).alias("unique_customers"),
        )
    )
    return cells.select(
        nw.col("order_date").alias("date"),
        "product_category",
        "region",
        "total_orders",
        "total_revenue",
        average(nw.col("total_revenue"), nw.col("total_orders")).alias("avg_order_value"),
        "unique_customers",
    )
