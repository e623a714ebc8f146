"""Silver `customers_clean`."""

import narwhals as nw

from clickstream_platform.transforms._frames import UNKNOWN, Frame
from clickstream_platform.transforms._versions import VERSION_TIME, latest_versions


def customers_clean(customers: Frame) -> Frame:
    """The latest version of every customer.

    Grain: one row a `customer_id`. A version replaces the earlier one whole: what it leaves out is not taken from the
    one before. E-mail addresses are the valid lower-case ones (else null), phones E.164 (else null), as bronze has
    normalised them; a missing name is "Unknown", a missing country or region "unknown".

    Args:
        customers: Bronze `customers`, every version.
    """
    return latest_versions(customers, ["customer_id"]).select(
        "customer_id",
        nw.col("email_normalized").alias("email"),
        "email_hash",
        nw.col("name").fill_null("Unknown"),
        nw.col("phone_e164").alias("phone"),
        nw.col("country").fill_null(UNKNOWN),
        nw.col("region").fill_null(UNKNOWN),
        "signup_date",
        nw.col(VERSION_TIME).alias("updated_at"),
    )
