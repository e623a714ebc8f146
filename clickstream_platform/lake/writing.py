"""Writing tables: streamed to staging, then promoted partition by partition."""

import contextlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import obstore
import polars as pl
from obstore.store import ObjectStore

from clickstream_platform.lake import layout
from clickstream_platform.lake.footer import parquet_footer
from clickstream_platform.lake.store import LakeError, drop_empty_folder, list_paths, polars_options
from clickstream_platform.schemas import Table

PARQUET: dict[str, Any] = {"compression": "zstd", "compression_level": 1, "maintain_order": False}
"""How every table is written. Polars' own level 3 takes half as much processor time again and more, and of the large
tables only `events_clean` gets smaller by it, a fifteenth: ids, most of what the others hold, even take more."""

_DAY = "__day__"


@dataclass(frozen=True)
class Written:
    """What a partition holds now."""

    rows: int
    bytes: int


def replace_whole(store: ObjectStore, uri: str, table: Table, frame: pl.LazyFrame) -> Written:
    """Replace an unpartitioned table."""
    _require_columns(table, frame)
    staging = _new_staging()
    staged = f"{staging}/{layout.OBJECT}"
    rows = frame.select(list(table.columns))
    rows.sink_parquet(f"{uri}/{staged}", mkdir=True, storage_options=polars_options(uri), **PARQUET)
    written = _measure(store, staged)
    obstore.rename(store, staged, f"{layout.table_prefix(table.layer, table.name)}/{layout.OBJECT}")
    drop_empty_folder(uri, staging)
    return written


def replace_days(
    store: ObjectStore, uri: str, table: Table, frame: pl.LazyFrame, days: Sequence[date]
) -> dict[date | None, Written]:
    """Replace days of a partitioned table."""
    _require_columns(table, frame)
    assert table.partition_column is not None
    staging = _new_staging()
    target = pl.PartitionBy(
        f"{uri}/{staging}/",
        key=pl.col(table.partition_column).cast(pl.String).alias(_DAY),
        include_key=False,
        approximate_bytes_per_file=None,
        file_path_provider=_object_name,
    )
    rows = frame.select(list(table.columns))
    rows.sink_parquet(target, mkdir=True, storage_options=polars_options(uri), **PARQUET)
    staged = {path.rpartition("/")[2].removesuffix(".parquet"): path for path, _ in list_paths(store, staging)}
    outside = sorted(set(staged) - {day.isoformat() for day in days})
    if outside:
        for path in staged.values():
            obstore.delete(store, path)
        raise LakeError(
            f"{table.layer}.{table.name}: rows of {', '.join(outside[:5])} in a write of "
            f"{days[0] if days else 'no day'} to {days[-1] if days else 'none'}; nothing was written"
        )
    written: dict[date | None, Written] = {
        day: _promote(store, table, day, staged.get(day.isoformat())) for day in days
    }
    drop_empty_folder(uri, staging)
    return written


def sweep(store: ObjectStore, before: datetime) -> int:
    """Delete staged objects last written before a time; how many."""
    old = [
        meta["path"]
        for batch in obstore.list(store, prefix=layout.STAGING + "/")
        for meta in batch
        if meta["last_modified"] < before
    ]
    for path in old:
        obstore.delete(store, path)
    return len(old)


def _promote(store: ObjectStore, table: Table, day: date, staged: str | None) -> Written:
    path = f"{layout.table_prefix(table.layer, table.name)}/{layout.day_folder(day)}/{layout.OBJECT}"
    if staged is None:
        with contextlib.suppress(FileNotFoundError):
            obstore.delete(store, path)
        return Written(0, 0)
    written = _measure(store, staged)
    obstore.rename(store, staged, path)
    return written


def _measure(store: ObjectStore, path: str) -> Written:
    footer, size = parquet_footer(store, path)
    return Written(footer.num_rows, size)


def _require_columns(table: Table, frame: pl.LazyFrame) -> None:
    want, have = table.polars_schema(), frame.collect_schema()
    wrong = [
        f"{name} is {have.get(name, 'missing')}, not {want.get(name, 'a column of it')}"
        for name in {**want, **have}
        if have.get(name) != want.get(name)
    ]
    if wrong:
        raise LakeError(f"{table.layer}.{table.name}: {'; '.join(wrong)}; nothing was written")


def _new_staging() -> str:
    return f"{layout.STAGING}/{uuid.uuid4().hex}"


def _object_name(args: Any) -> str:
    return f"{args.partition_keys.item()}.parquet"
