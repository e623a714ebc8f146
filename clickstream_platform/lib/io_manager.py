"""Tables in and out of the lake: many partitions as one lazy frame, and a range of days written in one run."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import dagster as dg
import polars as pl

from clickstream_platform.lake import Lake, Written
from clickstream_platform.lib.charts import COLUMNS, chart
from clickstream_platform.lib.gold_facts import facts
from clickstream_platform.lib.table_frames import TableFrames, Upstream
from clickstream_platform.schemas import TABLES

CHART_DAYS = 30
"""A gold table's chart shows this many days up to the newest day written."""


class LakeIOManager(dg.ConfigurableIOManager):
    """Hands an asset its upstream tables to read by days, and stores the frames it returns, batch by batch.

    The asset's key is (layer, table). Which days of an upstream table a batch needs is known to the asset (days without
    data are no error), so a load reads nothing yet. On store, just the run's partitions are replaced. Row counts and
    bytes are kept as metadata of each partition; rows never reach the logs.
    """

    uri: str

    def load_input(self, context: dg.InputContext) -> Upstream:
        """The upstream table, to be read by days."""
        return Upstream(Lake(self.uri), context.asset_key.path[-1])

    def handle_output(self, context: dg.OutputContext, obj: TableFrames) -> None:
        """Replace the run's partitions by the frames' rows."""
        lake, table = Lake(self.uri), context.asset_key.path[-1]
        written: dict[date | None, Written] = {}
        for days, frame in obj.batches:
            written |= lake.replace(table, frame.to_native(), days)
        _report(context, written)
        context.add_output_metadata({"path": dg.MetadataValue.path(lake.address(f"{TABLES[table].layer}/{table}"))})
        if TABLES[table].layer == "gold":
            newest = max((day for day in written if day is not None), default=None)
            rows = shown_rows(lake, table, newest)
            _add(context, newest, {"chart": dg.MetadataValue.md(chart(table, rows)), **facts(table, rows)})


def _report(context: dg.OutputContext, written: dict[date | None, Written]) -> None:
    """Counts on each partition's own materialization event: in a range run output metadata would go to all alike."""
    for day, stored in written.items():
        _add(context, day, {"dagster/row_count": stored.rows, "bytes": stored.bytes})
    total = sum(stored.rows for stored in written.values())
    context.log.info(f"{context.asset_key.to_user_string()}: {total:,} rows in {len(written)} partition(s)")


def _add(context: dg.OutputContext, day: date | None, metadata: Mapping[str, Any]) -> None:
    context.step_context.add_asset_metadata(
        metadata, asset_key=context.asset_key, partition_key=None if day is None else day.isoformat()
    )


def shown_rows(lake: Lake, table: str, newest: date | None) -> pl.DataFrame:
    """What the chart and the facts are made of: the table's rows up to the newest day written."""
    window = None if newest is None else [newest - timedelta(days=back) for back in range(CHART_DAYS)]
    return lake.scan(table, window).select(COLUMNS.get(table, tuple(TABLES[table].columns))).collect()
