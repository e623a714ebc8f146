"""Sensors that tell Dagster what arrived in bronze."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import obstore

from clickstream_platform.lake import Lake, layout
from clickstream_platform.lib.arrival_queue import Arrival, ArrivalQueue
from clickstream_platform.lib.partitions import daily_partitions
from clickstream_platform.lib.resources import LakeResource
from clickstream_platform.lib.table_asset import table_key
from clickstream_platform.schemas import TABLES

BRONZE = tuple(name for name, table in TABLES.items() if table.layer == "bronze")


def arrival_sensor(name: str, open_queue: Callable[[Lake], ArrivalQueue], *, every_seconds: int) -> dg.SensorDefinition:
    """A sensor that reports arrivals as materializations of the bronze days they touched.

    What a tick reports it acknowledges on the *next* tick, when its cursor, and so the report, has been kept: a crash
    in between reports twice, which is harmless, and never loses an arrival.
    """

    @dg.sensor(
        name=name,
        minimum_interval_seconds=every_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Reports bronze days that new objects touched.",
    )
    def sense(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SensorResult | dg.SkipReason:
        queue = open_queue(lake.open())
        reported: list[str] = json.loads(context.cursor) if context.cursor else []
        queue.acknowledge(reported)
        arrivals = queue.receive(queue.batch)
        if not arrivals:
            if reported:
                context.update_cursor("[]")
            return dg.SkipReason("nothing has arrived")
        events, outside = materializations(arrivals)
        if outside:
            context.log.warning(
                f"{outside} day(s) of new rows lie before the first partition {daily_partitions().start:%Y-%m-%d} or "
                "after today; they stay in bronze. Set CLICKSTREAM_START_DATE earlier to include them."
            )
        receipts = list(dict.fromkeys(arrival.receipt for arrival in arrivals))
        return dg.SensorResult(asset_events=events, cursor=json.dumps(receipts))

    return sense


def materializations(arrivals: Iterable[Arrival]) -> tuple[list[dg.AssetMaterialization], int]:
    """One materialization for each bronze table and day touched, and how many days no partition exists for."""
    rows: dict[tuple[str, date | None], int | None] = {}
    sources: dict[tuple[str, date | None], int] = defaultdict(int)
    for arrival in arrivals:
        for day in arrival.days or (None,):
            more = arrival.days[day] if day is not None else None
            known = rows.get((arrival.dataset, day), 0)
            # A sum with an unknown part is unknown: a notification from S3 does not count rows.
            rows[arrival.dataset, day] = None if more is None or known is None else known + more
            sources[arrival.dataset, day] += 1
    events, outside = [], 0
    for (dataset, day), added in sorted(rows.items(), key=str):
        if (day is None) != (TABLES[dataset].partition_column is None):
            continue
        if day is not None and not daily_partitions().has_partition_key(day.isoformat()):
            outside += 1
            continue
        metadata: Mapping[str, int] = {
            "sources": sources[dataset, day],
            **({"rows_added": added} if added is not None else {}),
        }
        events.append(
            dg.AssetMaterialization(
                table_key(TABLES[dataset]), partition=day.isoformat() if day else None, metadata=metadata
            )
        )
    return events, outside


def reconciliation_sensor(name: str, *, every_seconds: int) -> dg.SensorDefinition:
    """A slower pass that finds bronze objects whose notification was lost, by listing.

    A day is reported when an object in it is newer than both the last pass and the day's last report.
    """

    @dg.sensor(
        name=name,
        minimum_interval_seconds=every_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Lists bronze now and then for objects that no notification told of.",
    )
    def sense(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SensorResult | dg.SkipReason:
        started = datetime.now(UTC)
        since = datetime.fromisoformat(context.cursor) if context.cursor else datetime.min.replace(tzinfo=UTC)
        # An arrival still on its way through the queue is not lost: leave the newest minute to the next pass.
        until = started - timedelta(minutes=1)
        changed = _newest_object_by_day(lake.open(), since, until)
        lost = [
            Arrival("", dataset, "", {day: None} if day else {})
            for (dataset, day), newest in changed.items()
            if newest > _last_report(context.instance, dataset, day)
        ]
        context.update_cursor(until.isoformat())
        if not lost:
            return dg.SkipReason(f"{len(changed)} changed day(s), all reported")
        events, _ = materializations(lost)
        context.log.warning(f"{len(events)} bronze partition(s) had objects that no notification told of")
        return dg.SensorResult(asset_events=events, cursor=until.isoformat())

    return sense


def _newest_object_by_day(lake: Lake, since: datetime, until: datetime) -> dict[tuple[str, date | None], datetime]:
    newest: dict[tuple[str, date | None], datetime] = {}
    for dataset in BRONZE:
        for batch in obstore.list(lake.store, prefix=layout.table_prefix("bronze", dataset) + "/"):
            for meta in batch:
                modified = meta["last_modified"]
                if since < modified <= until and meta["path"].endswith(".parquet"):
                    key = (dataset, layout.day_of(meta["path"]))
                    newest[key] = max(modified, newest.get(key, modified))
    return newest


def _last_report(instance: dg.DagsterInstance, dataset: str, day: date | None) -> datetime:
    records = instance.fetch_materializations(
        dg.AssetRecordsFilter(
            asset_key=table_key(TABLES[dataset]), asset_partitions=[day.isoformat()] if day else None
        ),
        limit=1,
    ).records
    return datetime.fromtimestamp(records[0].timestamp if records else 0, UTC)
