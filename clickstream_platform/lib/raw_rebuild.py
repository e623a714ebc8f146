"""The job that rebuilds bronze events from what the streams delivered, and the sensor that can run it by itself.

It is a job and no asset: to ask for it is an exception, and automation and `clickstream build` must not.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import dagster as dg
from pydantic import Field

from clickstream_platform.config import get_settings
from clickstream_platform.ingest import IngestOptions, IngestSummary, ingest_raw
from clickstream_platform.ingest.raw_objects import raw_objects
from clickstream_platform.ingest.store import open_lake_store
from clickstream_platform.ingest.stored import StoredObject
from clickstream_platform.lake import layout
from clickstream_platform.lib.partitions import daily_partitions
from clickstream_platform.lib.table_asset import RETRIES

_LATE = timedelta(minutes=15)
"""A store may list an object some time after the moment that it gives as the object's time."""


class DeliveredConfig(dg.Config):
    """What of the day to read."""

    objects: list[str] = Field(default_factory=list, description="Paths in the lake; all of the day's when empty.")
    again: bool = Field(default=True, description="Read what was read before, too, replacing its rows.")


@dg.op(retry_policy=RETRIES, pool="landing", description="Reads the objects that arrived on the partition's day.")
def delivered_events(context: dg.OpExecutionContext, config: DeliveredConfig) -> None:
    """Ingest one arrival day. The message that this leaves has the sensors recompute what depends on it."""
    options = IngestOptions.from_settings(get_settings())
    day = date.fromisoformat(context.partition_key)
    summary = ingest_raw([day], options, paths=config.objects or None, again=config.again, processes=1)
    context.add_output_metadata(_metadata(summary))
    if summary.failed:
        said = "; ".join(f"{report.source}: {report.error}" for report in summary.failed[:10])
        raise dg.Failure(f"{len(summary.failed)} object(s) could not be read: {said}")


@dg.job(
    partitions_def=daily_partitions(),
    description=(
        "Rebuilds bronze events from `raw/`, a partition an arrival day: after a loss, or when the rules of what is "
        "accepted have changed. Running it twice adds nothing, and silver takes each event once."
    ),
)
def rebuild_bronze() -> None:
    """One op."""
    delivered_events()


@dataclass(frozen=True)
class Seen:
    """What the sensor remembers: the time of the newest object, and the names of those shortly before it."""

    newest: datetime
    names: frozenset[str]

    @classmethod
    def from_cursor(cls, cursor: str | None) -> "Seen":
        """Without a cursor, all that is older than a day counts as seen."""
        if cursor is None:
            return cls(datetime.now(UTC) - timedelta(days=1), frozenset())
        kept = json.loads(cursor)
        return cls(datetime.fromisoformat(kept["newest"]), frozenset(kept["names"]))

    def new(self, objects: Iterable[StoredObject]) -> list[StoredObject]:
        """Those of the objects that have not been seen."""
        return [one for one in objects if one.modified > self.newest - _LATE and one.path not in self.names]

    def after(self, objects: list[StoredObject]) -> "Seen":
        """The memory once these have been seen."""
        newest = max([self.newest, *(one.modified for one in objects)])
        return Seen(newest, frozenset(one.path for one in objects if one.modified > newest - _LATE))

    def cursor(self) -> str:
        """It as a text."""
        return json.dumps({"newest": self.newest.isoformat(), "names": sorted(self.names)})


@dg.sensor(
    job=rebuild_bronze,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING if get_settings().ingest_raw else dg.DefaultSensorStatus.STOPPED,
    description="Reads what streams deliver to `raw/`, where no stream processor does (CLICKSTREAM_INGEST_RAW).",
)
def raw_deliveries(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """One run an arrival day with the objects that are new since the last look."""
    seen, today = Seen.from_cursor(context.cursor), datetime.now(UTC).date()
    first = (seen.newest - _LATE).date()
    days = [first + timedelta(days=number) for number in range((today - first).days + 1)]
    objects = raw_objects(open_lake_store(get_settings().lake_uri), days)
    by_day: dict[date | None, list[str]] = {}
    for one in seen.new(objects):
        by_day.setdefault(layout.day_of(one.path), []).append(one.path)
    cursor = seen.after(objects).cursor()
    requests = [
        dg.RunRequest(
            partition_key=day.isoformat(),
            run_config=dg.RunConfig(ops={"delivered_events": DeliveredConfig(objects=paths, again=False)}),
        )
        for day, paths in by_day.items()
        if day is not None and daily_partitions().has_partition_key(day.isoformat())
    ]
    if not requests:
        context.update_cursor(cursor)
        return dg.SkipReason("nothing has been delivered")
    return dg.SensorResult(run_requests=requests, cursor=cursor)


def _metadata(summary: IngestSummary) -> dict[str, dg.MetadataValue]:
    return {
        "objects": dg.MetadataValue.int(len(summary.sources)),
        "objects read before": dg.MetadataValue.int(len(summary.with_status("already_ingested"))),
        "records read": dg.MetadataValue.int(summary.rows_read),
        "records accepted": dg.MetadataValue.int(summary.accepted),
        "records rejected": dg.MetadataValue.json(dict(summary.rejected)),
        "event days": dg.MetadataValue.json(
            {day.isoformat(): counts["events"] for day, counts in summary.days.items()}
        ),
    }
