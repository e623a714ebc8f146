"""Silver `orders_quarantine`."""

import narwhals as nw

from clickstream_platform.transforms._frames import Frame
from clickstream_platform.transforms._order_lines import REASON, judged_order_lines


def orders_quarantine(orders: Frame, customers_clean: Frame, products_clean: Frame, *, currency: str) -> Frame:
    """Order lines that `orders_validated` refuses, each with the first reason that applies.

    Grain: one row an (`order_id`, `product_id`) within an order day (UTC), its latest version. Reasons, in this order:
    `amount_not_positive`, `quantity_not_positive`, `foreign_currency`, `unknown_customer`, `unknown_product`. Lines
    with one of the last two are released by computing the day again once the customer or product is known.

    Args:
        orders: Bronze `orders` of the wanted days, every version.
        customers_clean: All customers.
        products_clean: All products.
        currency: The shop's currency (ISO 4217).
    """
    lines = judged_order_lines(orders, customers_clean, products_clean, currency)
    return lines.filter(~nw.col(REASON).is_null()).select(
        "order_id",
        "product_id",
        "customer_id",
        "quantity",
        "unit_price",
        "total_amount",
        "status",
        "order_time",
        "order_date",
        REASON,
        "source_id",
        "source_line",
    )
