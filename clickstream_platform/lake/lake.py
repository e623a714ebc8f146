"""The lake: tables as lazy frames over days, and their replacement day by day."""

import os
from collections.abc import Collection, Iterable
from datetime import date, datetime

import polars as pl

from clickstream_platform.lake import layout
from clickstream_platform.lake.store import list_folders, list_paths, open_store, polars_options
from clickstream_platform.lake.writing import Written, replace_days, replace_whole, sweep
from clickstream_platform.schemas import TABLES, Table

# Polars samples both sides of a join to choose the one to build on, by default up to ten million rows held in memory.
os.environ.setdefault("POLARS_JOIN_SAMPLE_LIMIT", "50000")

_LIST_WHOLE = 62
"""Asked for more days than this, a table is listed once rather than day by day."""


class Lake:
    """The tables below one root.

    Args:
        uri: a folder or `s3://bucket/prefix`.

    Raises:
        LakeError: the root cannot be used.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri.rstrip("/")
        self.store = open_store(self.uri)

    def address(self, path: str) -> str:
        """The full address of a path of the lake."""
        return f"{self.uri}/{path}"

    def objects(self, table: str, days: Collection[date] | None = None) -> list[str]:
        """Paths of a table's objects, sorted: of the given days, or of all. Days without objects are no error."""
        return sorted(path for path, _ in self._listed(table, days))

    def bytes_by_day(self, table: str, days: Collection[date]) -> dict[date, int]:
        """Bytes of a partitioned table's objects on each of the days that has any."""
        sizes: dict[date, int] = {}
        for path, size in self._listed(table, days):
            day = layout.day_of(path)
            if day is not None:
                sizes[day] = sizes.get(day, 0) + size
        return sizes

    def _listed(self, table: str, days: Collection[date] | None) -> list[tuple[str, int]]:
        prefix = _prefix(TABLES[table])
        if days is None or len(days) > _LIST_WHOLE:
            wanted = None if days is None else set(days)
            found = [
                (path, size)
                for path, size in list_paths(self.store, prefix)
                if wanted is None or layout.day_of(path) in wanted
            ]
        else:
            folders = [f"{prefix}/{layout.day_folder(day)}" for day in sorted(set(days))]
            found = [listed for folder in folders for listed in list_paths(self.store, folder)]
        return [(path, size) for path, size in found if path.endswith(".parquet")]

    def scan(self, table: str, days: Collection[date] | None = None) -> pl.LazyFrame:
        """The table's rows, lazily.

        Objects written with fewer columns read as nulls there, further columns are left out; a column of another type
        raises on collect.

        Args:
            table: name of the table.
            days: only these days; all without.
        """
        schema = TABLES[table].polars_schema()
        paths = self.objects(table, days)
        if not paths:
            return pl.LazyFrame(schema=schema)
        return pl.scan_parquet(
            [self.address(path) for path in paths],
            schema=schema,
            missing_columns="insert",
            extra_columns="ignore",
            hive_partitioning=False,
            glob=False,
            storage_options=polars_options(self.uri),
        )

    def days(self, table: str) -> list[date]:
        """Days that the table has objects for, sorted. Lists folders, not objects."""
        prefix = _prefix(TABLES[table])
        months = [
            f"{prefix}/{year}/{month}"
            for year in list_folders(self.store, prefix)
            for month in list_folders(self.store, f"{prefix}/{year}")
        ]
        folders = [f"/{month}/{day}" for month in months for day in list_folders(self.store, month)]
        return sorted(day for folder in folders if (day := layout.day_of(folder)) is not None)

    def replace(
        self, table: str, frame: pl.LazyFrame, days: Iterable[date] | None = None
    ) -> dict[date | None, Written]:
        """Replace a table, or these days of it, by the frame's rows.

        Rows are streamed to a staging folder first; then each partition's object is replaced in one step, so that a
        reader sees a day's old rows or its new ones. A day without rows loses its object. Killed in between, some days
        are old and some new, each whole; doing it again ends the work.

        Args:
            table: name of the table.
            frame: the rows, of exactly the table's columns.
            days: the days to replace; None for an unpartitioned table.

        Returns:
            Rows and bytes of each day (key None: the unpartitioned table).

        Raises:
            LakeError: columns or types are not the table's, or rows lie outside of the days. Nothing is changed then.
        """
        described = TABLES[table]
        if described.partition_column is None:
            return {None: replace_whole(self.store, self.uri, described, frame)}
        return replace_days(self.store, self.uri, described, frame, sorted(set(days or ())))

    def sweep_staging(self, before: datetime) -> int:
        """Delete what writers that were killed left in staging before a time; how many objects."""
        return sweep(self.store, before)


def _prefix(table: Table) -> str:
    return layout.table_prefix(table.layer, table.name)
