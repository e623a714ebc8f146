"""The totals of a gold table's days as the lake has them, in all and by segment."""

from collections.abc import Collection, Iterator
from datetime import date

import polars as pl

from clickstream_platform.lake import Lake
from clickstream_platform.lib.checks.baseline import aggregations
from clickstream_platform.lib.checks.table_measures import TODAY, TOTALS
from clickstream_platform.schemas import TABLES


def totals_of_days(lake: Lake, table_name: str, days: Collection[date], present: date) -> pl.DataFrame:
    """The totals, a row a `day` and `split`: `baseline.aggregations`."""
    totals = TOTALS[table_name]
    rows = _scan(lake, table_name, days, present).filter(totals.rows)
    return rows.group_by("day", totals.split.alias("split")).agg(aggregations(totals)).collect(engine="streaming")


def totals_of_segments(
    lake: Lake, table_name: str, days: Collection[date], present: date
) -> Iterator[tuple[str, pl.DataFrame]]:
    """For each dimension its name, and the totals with a row a `segment` too."""
    totals = TOTALS[table_name]
    scanned, split = _scan(lake, table_name, days, present), totals.split.alias("split")
    if totals.segment_rows is not None:
        found = scanned.filter(totals.segment_rows).group_by("day", split, "dimension", "segment")
        whole = found.agg(aggregations(totals)).collect(engine="streaming")
        for name in whole["dimension"].unique().sort():
            yield name, whole.filter(pl.col("dimension") == name)
        return
    for name in totals.dimensions:
        segment = pl.col(name).fill_null("(not set)").alias("segment")
        grouped = scanned.filter(totals.rows).group_by("day", split, segment)
        yield name, grouped.agg(aggregations(totals)).collect(engine="streaming")


def _scan(lake: Lake, table_name: str, days: Collection[date], present: date) -> pl.LazyFrame:
    column = TABLES[table_name].partition_column
    assert column is not None
    return lake.scan(table_name, sorted(days)).with_columns(pl.col(column).alias("day"), pl.lit(present).alias(TODAY))
