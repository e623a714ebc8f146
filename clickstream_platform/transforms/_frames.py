"""Names for what transforms take and give back, and the selections that several of them share."""

from typing import Any, TypeAlias

import narwhals as nw

Frame: TypeAlias = nw.LazyFrame[Any]
"""A lazy frame of whatever engine the caller brought."""

UNKNOWN = "unknown"

SALE_STATUSES = ("pending", "completed", "shipped", "delivered")
"""An order line with one of these statuses counts as a sale; cancelled and refunded ones do not."""


def people(events_clean: Frame) -> Frame:
    """The events that no bot sent."""
    return events_clean.filter(~nw.col("is_bot"))


def sales(orders_validated: Frame) -> Frame:
    """The order lines that count as sales."""
    return orders_validated.filter(nw.col("status").is_in(SALE_STATUSES))


def null_text() -> nw.Expr:
    """A null of type string."""
    return nw.lit(None, dtype=nw.String)
