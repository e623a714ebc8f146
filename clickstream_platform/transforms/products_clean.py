"""Silver `products_clean`."""

import narwhals as nw

from clickstream_platform.transforms._frames import Frame
from clickstream_platform.transforms._versions import VERSION_TIME, latest_versions

UNKNOWN_NAME = "Unknown"
UNCATEGORIZED = "uncategorized"


def products_clean(products: Frame) -> Frame:
    """The latest version of every product.

    Grain: one row a `product_id`. A version replaces the earlier one whole. A missing name is "Unknown", a missing
    category "uncategorized"; the price stays null where the shop names none.

    Args:
        products: Bronze `products`, every version.
    """
    return latest_versions(products, ["product_id"]).select(
        "product_id",
        nw.col("name").fill_null(UNKNOWN_NAME),
        nw.col("category").fill_null(UNCATEGORIZED),
        "price",
        nw.col(VERSION_TIME).alias("updated_at"),
    )
