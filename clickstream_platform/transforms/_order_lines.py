"""What `orders_validated` and `orders_quarantine` share: the latest order lines, judged."""

import narwhals as nw

from clickstream_platform.transforms._frames import UNKNOWN, Frame
from clickstream_platform.transforms._versions import latest_versions

REASON = "reason"


def judged_order_lines(orders: Frame, customers_clean: Frame, products_clean: Frame, currency: str) -> Frame:
    """The latest version of every order line, with `reason` (null for the good ones), category and final region.

    Versions are compared within an order day, so that a day's answer never depends on which other days are read. The
    first reason that applies is given. A line without currency is in the shop's.
    """
    lines = latest_versions(orders, ["order_date", "order_id", "product_id"]).select(
        "order_id",
        "product_id",
        "customer_id",
        "quantity",
        "unit_price",
        "total_amount",
        "status",
        "order_time",
        "order_date",
        "region",
        "currency",
        "source_id",
        "source_line",
    )
    customers = customers_clean.select(
        "customer_id", nw.col("region").alias("customer_region"), nw.lit(True).alias("customer_known")
    )
    products = products_clean.select(
        "product_id", nw.col("category").alias("product_category"), nw.lit(True).alias("product_known")
    )
    return (
        lines.join(customers, on="customer_id", how="left")
        .join(products, on="product_id", how="left")
        .with_columns(
            nw.coalesce("region", "customer_region", nw.lit(UNKNOWN)).alias("region"),
            nw.when(nw.col("total_amount") <= 0)
            .then(nw.lit("amount_not_positive"))
            .when(nw.col("quantity") <= 0)
            .then(nw.lit("quantity_not_positive"))
            .when(nw.col("currency") != currency)
            .then(nw.lit("foreign_currency"))
            .when(nw.col("customer_known").is_null())
            .then(nw.lit("unknown_customer"))
            .when(nw.col("product_known").is_null())
            .then(nw.lit("unknown_product"))
            .alias(REASON),
        )
    )
