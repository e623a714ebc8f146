"""What a table says in few numbers, day by day: enough to tell whether two states of it differ, and in what.

Reading streams the table once and holds a hash of each key. All figures are exact and know no order of rows:

- `rows`, and `keys`: distinct values of the table's key.
- `sum(column)` of numbers, `true(column)` of truth values. Decimals and integers are summed without rounding; floats as
  whole millionths, each rounded half away from zero, as a sum of floats depends on the order.
- `content`: the sum modulo 2^64 of a hash of each row, lists and structs within included. Floats count with all their
  bits, though 0.0 and -0.0 are one, and so are all NaNs. `source_id` and `source_line` are left out: where a row came
  from is not what it says.
"""

from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

import polars as pl

from clickstream_platform.lake.lake import Lake
from clickstream_platform.schemas import TABLES, Table

Figure: TypeAlias = int | Decimal
Figures: TypeAlias = dict[str, Figure]
"""By measure."""

CONTENT = "content"
_LINEAGE = {"source_id", "source_line"}
_SEED = 20_240_301
_MILLION = 1_000_000
_LOW, _HIGH, _DAY = "content_low", "content_high", "__day__"


def table_figures(lake: Lake, name: str, days: Collection[date]) -> dict[date | None, Figures]:
    """A table's figures on each of some days that it has rows for; of an unpartitioned table as a whole (key None).

    Raises:
        polars.exceptions.PolarsError: an object is no Parquet of the table's columns.
    """
    table = TABLES[name]
    partition = table.partition_column
    if partition is None:
        found = _measured(lake.scan(name), table, pl.lit(None, pl.Date))
        return {None: found.get(None) or dict.fromkeys(_measures(table), 0)}
    return dict(_measured(lake.scan(name, days), table, pl.col(partition)))


def _measured(frame: pl.LazyFrame, table: Table, day: pl.Expr) -> Mapping[date | None, Figures]:
    columns = [_canonical(name, kind) for name, kind in table.polars_schema().items() if name not in _LINEAGE]
    row, key = pl.struct(columns).hash(_SEED), pl.struct(table.key).hash(_SEED)
    measures = _measures(table)
    hashed = frame.select(
        *{name for _, name in measures.values() if name}, day.alias(_DAY), row.alias("row"), key.alias("key")
    )
    found = (
        hashed.group_by(_DAY)
        .agg(
            *(expression.alias(measure) for measure, (expression, _) in measures.items()),
            # Sums of halves cannot overflow before four billion rows, whatever the engine makes of overflows.
            (pl.col("row") & 0xFFFFFFFF).sum().alias(_LOW),
            (pl.col("row") // 2**32).sum().alias(_HIGH),
        )
        .collect(engine="streaming")
    )
    return {row[_DAY]: _figures(row) for row in found.to_dicts()}


def _figures(row: dict[str, Any]) -> Figures:
    content = (row.pop(_LOW) + row.pop(_HIGH) * 2**32) % 2**64
    return {measure: value or 0 for measure, value in row.items() if measure != _DAY} | {CONTENT: content}


def _measures(table: Table) -> dict[str, tuple[pl.Expr, str | None]]:
    """Each measure's expression, and the column it is of."""
    measures: dict[str, tuple[pl.Expr, str | None]] = {
        "rows": (pl.len(), None),
        "keys": (pl.col("key").n_unique(), None),
    }
    for name, kind in table.polars_schema().items():
        column = pl.col(name)
        if name in _LINEAGE or name == "record_hash":
            continue
        if isinstance(kind, pl.Decimal):
            measures[f"sum({name})"] = column.cast(pl.Decimal(38, kind.scale)).sum(), name
        elif kind.is_integer():
            measures[f"sum({name})"] = column.cast(pl.Int128).sum(), name
        elif kind.is_float():
            measures[f"sum({name})"] = (column * _MILLION).round().cast(pl.Int128, strict=False).sum(), name
        elif kind == pl.Boolean:
            measures[f"true({name})"] = column.sum(), name
    return measures


def _canonical(name: str, kind: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if not kind.is_float():
        return column
    return pl.when(column.is_nan()).then(float("nan")).otherwise(column + 0.0).alias(name)
