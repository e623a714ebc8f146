"""What the platform knows of a table beside its rows."""

from dataclasses import dataclass
from functools import cached_property
from inspect import cleandoc
from typing import Literal

import pandera.polars as pa
import polars as pl

Layer = Literal["bronze", "silver", "gold"]


@dataclass(frozen=True)
class Table:
    """A table of the lake.

    Attributes:
        name: also the name of its transform, its asset and its folder.
        layer: bronze, silver or gold.
        model: column types, descriptions and row rules.
        grain: what one row is.
        key: columns that no two rows share.
        partition_column: the date column (UTC) its day folders come from; None where it is not partitioned.
    """

    name: str
    layer: Layer
    model: type[pa.DataFrameModel]
    grain: str
    key: tuple[str, ...]
    partition_column: str | None = None

    @property
    def description(self) -> str:
        """The model's docstring."""
        return cleandoc(self.model.__doc__ or "")

    @cached_property
    def columns(self) -> dict[str, pa.Column]:
        """The columns as Pandera has them, in order."""
        return dict(self.model.to_schema().columns)

    def polars_schema(self) -> pl.Schema:
        """Column names and Polars types, in order."""
        return pl.Schema({name: column.dtype.type for name, column in self.columns.items()})
