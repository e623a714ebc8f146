"""Rows that repeat a key: counted exactly, at the cost of a hash a row as long as there are none."""

from collections.abc import Sequence
from datetime import date

import polars as pl

from clickstream_platform.lake import Lake
from clickstream_platform.lib.checks.samples import sample_rows
from clickstream_platform.schemas import Table

_ROWS = "__rows__"


def key_hashes(table: Table, rows: pl.DataFrame) -> pl.Series:
    """A 64-bit hash of each row's key: equal keys have equal hashes, and different ones nearly always different."""
    return rows.select(pl.struct(table.key).hash()).to_series()


def repeated_keys(
    lake: Lake, table: Table, day: date | None, hashes: Sequence[pl.Series], sample: int
) -> tuple[int, list[dict[str, str]]]:
    """How many rows of a day come on top of the first of their key, and a sample of such keys.

    Args:
        lake: where the table lives.
        table: the table.
        day: the day; None for an unpartitioned table.
        hashes: of all keys of the day. All different, no key repeats; else the keys themselves are counted.
        sample: how many keys to show.
    """
    if not hashes:
        return 0, []
    seen = pl.concat(hashes)
    if seen.n_unique() == seen.len():
        return 0, []
    groups = (
        lake.scan(table.name, None if day is None else [day])
        .group_by(table.key)
        .agg(pl.len().alias(_ROWS))
        .filter(pl.col(_ROWS) > 1)
        .sort(table.key)
        .collect(engine="streaming")
    )
    shown = sample_rows(table, groups.head(sample), [])
    for row, count in zip(shown, groups[_ROWS], strict=False):
        row["rows"] = str(count)
    return int(groups[_ROWS].sum()) - groups.height, shown
