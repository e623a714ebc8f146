"""Column types that tables share, and how their columns are declared."""

from typing import Annotated, Any

import pandera.polars as pa
import polars as pl

Money = Annotated[pl.Decimal, 18, 2]
"""An amount in the shop's currency: exact decimal, two places. Never a float."""
Moment = Annotated[pl.Datetime, "us", "UTC"]
"""A UTC time to the microsecond."""

ITEM = pl.Struct({"product_id": pl.String, "price": pl.Decimal(18, 2), "quantity": pl.Int64, "category": pl.String})
EXPERIMENT = pl.Struct({"experiment": pl.String, "variant": pl.String})


def column(description: str, **rules: Any) -> Any:
    """A column that every row fills."""
    return pa.Field(description=description, **rules)


def optional(description: str, **rules: Any) -> Any:
    """A column that may be null."""
    return pa.Field(description=description, nullable=True, **rules)


def personal(description: str, **rules: Any) -> Any:
    """A column of personal data: may be null, and no sample ever shows its values."""
    return pa.Field(description=description, nullable=True, metadata={"personal": True}, **rules)


def list_of(inner: pl.DataType, description: str) -> Any:
    """A list column; empty rather than null."""
    return pa.Field(description=description, dtype_kwargs={"inner": inner})


def none_negative(*names: str) -> pl.Expr:
    """Whether none of these columns is below zero; null is not. One check for all: every verdict is an event."""
    return pl.all_horizontal((pl.col(name) >= 0).fill_null(True) for name in names)
