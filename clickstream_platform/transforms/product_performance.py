"""Gold `product_performance`."""

import narwhals as nw

from clickstream_platform.transforms._frames import Frame, people
from clickstream_platform.transforms._money import MONEY, ratio, total, zero
from clickstream_platform.transforms.products_clean import UNCATEGORIZED, UNKNOWN_NAME

_COUNTED = {"view_item": "views", "add_to_cart": "carts", "purchase": "purchases", "refund": "refunds"}


def product_performance(events_clean: Frame, products_clean: Frame) -> Frame:
    """What people did with each product on a day.

    Grain: one row a `date` (UTC) x `product_id` that was viewed, put in a cart, bought or given back on that day.
    `views`, `carts`, `purchases` and `refunds` count the item lines of events of that kind; `units_sold` adds their
    quantities. `revenue` and `refund_amount` (both positive) are price times quantity of the items of purchases and
    refunds, in the shop's currency; items without a price add nothing. Rates are against views, null without any.
    Name and category are the product's latest; of a product that the master data does not know, the name is "Unknown"
    and the category what its events say (the alphabetically first, should they disagree), else "uncategorized".

    Args:
        events_clean: Silver `events_clean` of the wanted days.
        products_clean: All products.
    """
    figures = (
        _item_lines(events_clean)
        .group_by("event_date", "product_id")
        .agg(
            *(nw.col(name).sum().cast(nw.Int64).alias(name) for name in (*_COUNTED.values(), "units_sold")),
            *(total(nw.col(name)).alias(name) for name in ("revenue", "refund_amount")),
            nw.col("event_category").min().alias("event_category"),
        )
    )
    products = products_clean.select("product_id", "name", "category")
    return figures.join(products, on="product_id", how="left").select(
        nw.col("event_date").alias("date"),
        "product_id",
        nw.col("name").fill_null(UNKNOWN_NAME).alias("product_name"),
        nw.coalesce("category", "event_category", nw.lit(UNCATEGORIZED)).alias("category"),
        "views",
        "carts",
        "purchases",
        "units_sold",
        "revenue",
        ratio("carts", "views").alias("view_to_cart_rate"),
        ratio("purchases", "views").alias("conversion_rate"),
        "refunds",
        "refund_amount",
    )


def _item_lines(events_clean: Frame) -> Frame:
    """One row an item of an event that counts, with 1 in the column of its kind."""
    items = (
        people(events_clean)
        .filter(nw.col("event_name").is_in(tuple(_COUNTED)))
        .select("event_date", "event_name", "items")
        .explode("items")
        .with_columns(
            nw.col("items").struct.field("product_id").alias("product_id"),
            nw.col("items").struct.field("category").alias("event_category"),
            nw.col("items").struct.field("quantity").alias("quantity"),
            (nw.col("items").struct.field("price") * nw.col("items").struct.field("quantity")).alias("amount"),
        )
        # An event without items leaves one row behind, without a product.
        .filter(~nw.col("product_id").is_null())
    )
    bought, returned = nw.col("event_name") == "purchase", nw.col("event_name") == "refund"
    return items.select(
        "event_date",
        "product_id",
        "event_category",
        *(nw.when(nw.col("event_name") == kind).then(1).otherwise(0).alias(name) for kind, name in _COUNTED.items()),
        nw.when(bought).then(nw.col("quantity")).otherwise(0).alias("units_sold"),
        nw.when(bought).then(nw.col("amount").cast(MONEY)).otherwise(zero()).alias("revenue"),
        nw.when(returned).then(nw.col("amount").cast(MONEY)).otherwise(zero()).alias("refund_amount"),
    )
