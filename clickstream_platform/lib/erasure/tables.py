"""Rows of a person in Parquet: found by id columns alone, and taken out of the objects that have some."""

from collections.abc import Callable, Iterable
from functools import reduce
from operator import or_
from typing import NamedTuple

import obstore
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from clickstream_platform.ingest.store import Store
from clickstream_platform.lake import Lake, layout, list_paths
from clickstream_platform.lake.store import polars_options
from clickstream_platform.lib.erasure.person import Person
from clickstream_platform.schemas import TABLES

ID_COLUMNS = ("user_id", "anonymous_id", "customer_id", "entity_id")
_TEXTS = ("record", "detail", "field", "source")
"""Columns of `rejected/` that may have something of a person."""

Mask = Callable[[pl.DataFrame], pl.Series]
"""Which rows of a batch are the person's."""


class Found(NamedTuple):
    """The person's rows in one object.

    Attributes:
        others: Whether some of them are of entities that are not erased, so that those change, too.
    """

    rows: int
    others: bool = False


def is_theirs(table: str, person: Person) -> pl.Expr | None:
    """Which rows of a table are the person's; None for a table that has nobody's."""
    columns = TABLES[table].polars_schema()
    ids = sorted(person.ids)
    conditions = [pl.col(name).is_in(ids).fill_null(False) for name in ID_COLUMNS if name in columns]
    if "email_hash" in columns and "user_id" in columns and person.hashes:
        nobody_else = pl.col("user_id").is_null() | pl.col("user_id").is_in(ids)
        conditions.append(pl.col("email_hash").is_in(sorted(person.hashes)).fill_null(False) & nobody_else)
    # A chain of `or` is what row-group statistics are held against.
    return reduce(or_, conditions) if conditions else None


def rows_in(lake: Lake, table: str, person: Person) -> dict[str, Found]:
    """The objects of a table that hold the person. Reads their id columns alone, and only where statistics allow it.

    Raises:
        polars.exceptions.PolarsError: An object is no Parquet of the table's columns.
    """
    theirs, paths = is_theirs(table, person), lake.objects(table)
    if theirs is None or not paths:
        return {}
    schema = TABLES[table].polars_schema()
    other = ~pl.col("entity_id").is_in(sorted(person.ids)) if "entity_id" in schema else pl.lit(False)
    found = (
        pl.scan_parquet(
            [lake.address(path) for path in paths],
            schema=schema,
            missing_columns="insert",
            extra_columns="ignore",
            hive_partitioning=False,
            glob=False,
            include_file_paths="__path",
            storage_options=polars_options(lake.uri),
        )
        .filter(theirs)
        .group_by("__path")
        .agg(pl.len().alias("rows"), other.any().alias("others"))
        .collect(engine="streaming")
    )
    return {_below(lake, path): Found(rows, others) for path, rows, others in found.iter_rows()}


def rejected_objects(lake: Lake) -> list[str]:
    """Objects with refused records of people."""
    listed = (path for path, _ in list_paths(lake.store, layout.REJECTED))
    return sorted(path for path in listed if path.endswith(".parquet") and "/products/" not in path)


def rejected_rows(lake: Lake, path: str, person: Person) -> int:
    """How many refused records of an object are the person's, or speak of them.

    Raises:
        polars.exceptions.PolarsError: The object is no Parquet.
    """
    frame = pl.scan_parquet(
        lake.address(path), glob=False, hive_partitioning=False, storage_options=polars_options(lake.uri)
    )
    columns = [name for name in _TEXTS if name in frame.collect_schema()]
    return int(refused_mask(person)(frame.select(columns).collect(engine="streaming")).sum())


def refused_mask(person: Person) -> Mask:
    """Of rows of `rejected/`."""

    def mask(rows: pl.DataFrame) -> pl.Series:
        columns = [name for name in _TEXTS if name in rows.columns]
        spelled = [pl.col(name).str.contains_any([*person.spellings, "\\"]).fill_null(False) for name in columns]
        near = rows.select(pl.any_horizontal(spelled)).to_series()
        verdicts = [
            is_near and any(_speaks(name, text, person) for name, text in zip(columns, row, strict=True))
            for is_near, row in zip(near, rows.select(columns).iter_rows(), strict=True)
        ]
        return pl.Series(verdicts, dtype=pl.Boolean)

    return mask


def rows_mask(table: str, person: Person) -> Mask:
    """Of rows of a table that has people's."""
    theirs = is_theirs(table, person)
    assert theirs is not None
    columns = TABLES[table].polars_schema()
    return lambda rows: (
        rows.select(theirs).to_series()
        if set(columns) <= set(rows.columns)
        else _padded(rows, columns).select(theirs).to_series()
    )


def take_out(store: Store, path: str, mask: Mask) -> int:
    """Rewrite an object without some of its rows, the others in their order; one that is left empty is deleted.

    Returns:
        How many rows were taken out; none of an object that is not there any more.

    Raises:
        IngestError: It cannot be read or written.
    """
    target = store.scratch()
    try:
        with store.fetched(path) as local, pq.ParquetFile(local) as file:
            before, kept = file.metadata.num_rows, 0
            with pq.ParquetWriter(target, file.schema_arrow, compression="zstd", compression_level=1) as writer:
                for group in range(file.num_row_groups):
                    rows = file.read_row_group(group)
                    left = rows.filter(pa.array((~mask(_frame(rows))).to_list(), pa.bool_()))
                    if left.num_rows:
                        writer.write_table(left)
                        kept += left.num_rows
        if kept == before:
            return 0
        if kept:
            store.move_in(target, path)
        else:
            store.delete(path)
        return int(before - kept)
    except FileNotFoundError:
        return 0
    finally:
        target.unlink(missing_ok=True)


def drop_staged(lake: Lake, person: Person) -> list[str]:
    """Delete what writers have staged of the person, or left unreadable; which objects.

    A writer that is still at it fails, and does its work again from what is clean by then.
    """
    dropped = []
    for path, _ in list_paths(lake.store, layout.STAGING):
        if staged_rows(lake, path, person):
            obstore.delete(lake.store, path)
            dropped.append(path)
    return dropped


def staged_rows(lake: Lake, path: str, person: Person) -> int:
    """How many rows of a staged object are the person's; 1 where it cannot be read."""
    try:
        frame = pl.scan_parquet(
            lake.address(path), glob=False, hive_partitioning=False, storage_options=polars_options(lake.uri)
        )
        columns = [name for name in ID_COLUMNS if name in frame.collect_schema()]
        if not columns:
            return 0
        theirs = pl.any_horizontal(pl.col(name).is_in(sorted(person.ids)).fill_null(False) for name in columns)
        return int(frame.select(theirs.sum()).collect(engine="streaming").item())
    except FileNotFoundError:
        return 0
    except (pl.exceptions.PolarsError, OSError):
        return 1


def _speaks(column: str, text: str | None, person: Person) -> bool:
    if text is None:
        return False
    return person.owns_refused(text) if column == "record" else person.is_mentioned_in(text)


def _frame(rows: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(rows)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _padded(rows: pl.DataFrame, columns: Iterable[str]) -> pl.DataFrame:
    """Rows of an object that was written with fewer columns."""
    return rows.with_columns(pl.lit(None, pl.String).alias(name) for name in columns if name not in rows.columns)


def _below(lake: Lake, address: str) -> str:
    """The path of an object of the lake."""
    return address.removeprefix(f"{lake.uri}/")
