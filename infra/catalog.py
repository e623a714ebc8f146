"""Glue's columns of every Parquet table: `python -m infra.catalog` writes `infra/catalog.json` from the Pandera models.

The models need Polars, the CDK app must not; so what it needs of them is kept in a file, which a
test holds to be current.
"""

import json
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).parent / "catalog.json"


def catalog() -> dict[str, dict[str, Any]]:
    """Layer, description, partitioning and columns of each table by its name."""
    from clickstream_platform.schemas import TABLES

    return {name: _table(table) for name, table in TABLES.items()}


def _table(table: Any) -> dict[str, Any]:
    schema = table.polars_schema()
    return {
        "layer": table.layer,
        "description": table.description,
        "is_daily": table.partition_column is not None,
        "columns": [
            {"name": name, "type": glue_type(schema[name]), "comment": _comment(column)}
            for name, column in table.columns.items()
        ],
    }


def glue_type(kind: Any) -> str:
    """A Polars type as Glue and Athena name it.

    Raises:
        TypeError: They have none for it.
    """
    import polars as pl

    simple = {
        pl.String: "string",
        pl.Boolean: "boolean",
        pl.Int8: "tinyint",
        pl.Int16: "smallint",
        pl.Int32: "int",
        pl.Int64: "bigint",
        pl.UInt32: "bigint",
        pl.Float32: "float",
        pl.Float64: "double",
        pl.Date: "date",
    }
    if kind.base_type() in simple:
        return simple[kind.base_type()]
    if isinstance(kind, pl.Datetime):
        return "timestamp"
    if isinstance(kind, pl.Decimal):
        return f"decimal({kind.precision},{kind.scale})"
    if isinstance(kind, pl.List):
        return f"array<{glue_type(kind.inner)}>"
    if isinstance(kind, pl.Struct):
        return f"struct<{','.join(f'{field.name}:{glue_type(field.dtype)}' for field in kind.fields)}>"
    raise TypeError(f"Glue has no type for {kind}")


def text() -> str:
    """What the file has to say."""
    return json.dumps(catalog(), indent=1, ensure_ascii=False) + "\n"


def _comment(column: Any) -> str:
    """What a column means, in the 255 characters that Glue keeps."""
    said = " ".join(str(getattr(column, "description", column) or "").split())
    return said if len(said) <= 255 else said[:252] + "..."


if __name__ == "__main__":
    FILE.write_text(text())
