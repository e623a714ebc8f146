"""Names for what transforms take and give back, and the selections that several of them share."""

from collections.abc import Sequence
from datetime import date
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


def consenting(events_clean: Frame) -> Frame:
    """The events of people who allow analytics: those that a table about somebody's behaviour may be made from.

    Whether an event may be used to measure advertising is in `is_touch` already: without consent it is no touch.
    """
    return people(events_clean).filter(nw.col("analytics_consent"))


def sales(orders_validated: Frame) -> Frame:
    """The order lines that count as sales."""
    return orders_validated.filter(nw.col("status").is_in(SALE_STATUSES))


def null_text() -> nw.Expr:
    """A null of type string."""
    return nw.lit(None, dtype=nw.String)


def for_each(frame: Frame, name: str, values: Sequence[str], one_row: Frame) -> Frame:
    """The frame's rows once for each of some texts, which are in a new column.

    A list in every row to be exploded would do as well, but DuckDB computes all that comes before an explosion twice.

    Args:
        frame: The rows.
        name: Of the new column.
        values: What it holds; none with a comma.
        one_row: A frame of one row that costs little: it says which engine computes.
    """
    listed = one_row.select(nw.lit(",".join(values)).str.split(",").alias(name)).explode(name)
    return frame.join(listed, how="cross")


def within(frame: Frame, first: date, last: date) -> Frame:
    """The rows whose `date` is from the first day to the last."""
    return frame.filter(nw.col("date") >= first, nw.col("date") <= last)
