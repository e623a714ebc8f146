"""Silver `orders_validated`."""

import narwhals as nw

from clickstream_platform.transforms._frames import Frame
from clickstream_platform.transforms._order_lines import REASON, judged_order_lines


def orders_validated(orders: Frame, customers_clean: Frame, products_clean: Frame, *, currency: str) -> Frame:
    """Order lines that a sale can be counted on, in their latest version.

    Grain: one row an (`order_id`, `product_id`) within an order day (UTC). Customer and product are known, amount and
    quantity positive, and the currency is the shop's. All statuses are here, cancelled and refunded too: gold decides
    what a sale is. The region is the order's own, else its customer's, else "unknown".

    Args:
        orders: Bronze `orders` of the wanted days, every version.
        customers_clean: All customers.
        products_clean: All products.
        currency: The shop's currency (ISO 4217).
    """
    lines = judged_order_lines(orders, customers_clean, products_clean, currency)
    return lines.filter(nw.col(REASON).is_null()).select(
        "order_id",
        "product_id",
        "customer_id",
        "product_category",
        "quantity",
        "unit_price",
        "total_amount",
        "status",
        "order_time",
        "order_date",
        nw.col("order_date").dt.year().cast(nw.Int16).alias("order_year"),
        nw.col("order_date").dt.month().cast(nw.Int8).alias("order_month"),
        "region",
    )
