"""A view over a table's objects that reads only the days a WHERE leaves.

The day comes from the object's path, not from the rows. So `WHERE date = ...` is a condition on the path, which DuckDB
decides before it opens a file (for IN only where `filename` is asked for as a column); `EXPLAIN ANALYZE` says
`Scanning Files: 1/30`. It holds for comparisons, BETWEEN, IN, date_trunc and through joins on the day. It does not for
a day that only the query itself finds out (`date = (SELECT max(date) ...)`), nor for year(date) and month(date).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from clickstream_platform.sql.catalogue import REJECTED, LakeTable

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

_DAY = r"regexp_replace(filename, '^.*/year=(\d+)/month=(\d+)/day=(\d+)/[^/]*$', '\1-\2-\3')::DATE"


def create_view(connection: "DuckDBPyConnection", table: LakeTable, objects: Sequence[str]) -> None:
    """Make the table's view over these objects.

    Its columns are those of the newest object; in older ones that lack a column it is null.
    """
    columns = connection.execute(
        f"DESCRIBE SELECT * FROM read_parquet({quoted(newest(table, objects))}, hive_partitioning=false)"
    ).fetchall()
    # `schema` makes columns go by name, and spares DuckDB to guess from the first object, which is the oldest.
    schema = ", ".join(
        f"{quoted(name)}: {{name: {quoted(name)}, type: {quoted(kind)}, default_value: NULL}}"
        for name, kind, *_ in columns
    )
    day = f" REPLACE ({_DAY} AS {table.day_column})" if table.day_column else ""
    paths = ", ".join(map(quoted, objects))
    connection.execute(
        f"CREATE VIEW {table.view} AS SELECT * EXCLUDE (filename){day} "
        f"FROM read_parquet([{paths}], filename=true, schema=MAP {{{schema}}})"
    )


def create_empty(connection: "DuckDBPyConnection", table: LakeTable) -> None:
    """Make an empty stand-in for a table that has no object yet."""
    connection.from_arrow(_declared(table)).create(table.view)


def newest(table: LakeTable, objects: Sequence[str]) -> str:
    """The object of the latest day; of unpartitioned tables any."""
    return max(objects)


def quoted(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def quoted_name(text: str) -> str:
    """A SQL identifier."""
    return '"' + text.replace('"', '""') + '"'


def _declared(table: LakeTable) -> "pa.Table":
    if table is REJECTED:
        from clickstream_platform.ingest.bronze_schemas import REJECTED as COLUMNS

        return COLUMNS.empty_table()
    import polars as pl

    from clickstream_platform.schemas import TABLES  # takes seconds: only where no object tells the columns

    return pl.DataFrame(schema=TABLES[table.name].polars_schema()).to_arrow()
