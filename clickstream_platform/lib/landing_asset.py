"""The landing asset, its checks, and the sensor that runs it when files are dropped."""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import dagster as dg
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES
from pydantic import Field

from clickstream_platform.config import get_settings
from clickstream_platform.ingest import IngestOptions, IngestSummary, ingest_sources
from clickstream_platform.lib import landing
from clickstream_platform.lib.bronze import LANDING_KEY
from clickstream_platform.lib.table_asset import RETRIES

_TAG = {"clickstream/landing": "files"}
_FILES_SHOWN = 50

FILES_READABLE = dg.AssetCheckSpec(
    "files_are_readable", asset=LANDING_KEY, description="Every dropped file could be read to its end."
)
REJECTED_SHARE = dg.AssetCheckSpec(
    "rejected_share",
    asset=LANDING_KEY,
    description="No more records were rejected than CLICKSTREAM_REJECT_THRESHOLD allows.",
)


class LandingConfig(dg.Config):
    """Which files of `landing/` to ingest (paths below it); all of them when empty."""

    files: list[str] = Field(default_factory=list)


@dg.asset(
    key=LANDING_KEY,
    group_name="bronze",
    kinds={"json", "csv"},
    owners=["team:data-engineering"],
    tags={"layer": "landing", "personal_data": "true"},
    check_specs=[FILES_READABLE, REJECTED_SHARE],
    retry_policy=RETRIES,
    pool="landing",
    description=(
        "Files dropped into `landing/<dataset>/`, validated by the contract and written to bronze. Originals are put "
        "away under `raw/`; refused records are kept under `rejected/` with their reasons."
    ),
)
def landing_files(context: dg.AssetExecutionContext, config: LandingConfig) -> Iterator[object]:
    """Ingest dropped files. The same content twice adds nothing; a growing file is finished by a later run."""
    options = IngestOptions.from_settings(get_settings())
    folder = landing.landing_folder(options.lake_uri)
    names = config.files or [file.name for file in landing.dropped_files(folder)]
    present = [str(folder / name) for name in names if (folder / name).is_file()]
    summary = ingest_sources(present, options)
    landing.put_ingested_away(options, summary.sources)
    for report in summary.failed:
        context.log.error(f"{Path(report.source).name}: {report.error}")
    yield dg.MaterializeResult(asset_key=LANDING_KEY, metadata=_metadata(summary))
    yield _files_readable(summary)
    yield _rejected_share(summary)


def _metadata(summary: IngestSummary) -> dict[str, dg.MetadataValue]:
    rows = [
        dg.TableRecord(
            {
                "file": Path(report.source).name,
                "dataset": report.dataset or "?",
                "status": report.status,
                "read": report.rows_read,
                "accepted": report.accepted,
                "rejected": report.rejected_rows,
                "said": "; ".join([*([report.error] if report.error else []), *report.notes]),
            }
        )
        for report in summary.sources[:_FILES_SHOWN]
    ]
    reasons = [dg.TableRecord({"reason": reason, "records": count}) for reason, count in summary.rejected.most_common()]
    return {
        "dagster/row_count": dg.MetadataValue.int(summary.accepted),
        "files": dg.MetadataValue.int(len(summary.sources)),
        "records read": dg.MetadataValue.int(summary.rows_read),
        "records rejected": dg.MetadataValue.int(summary.rejected.total()),
        **({"by file": dg.MetadataValue.table(rows)} if rows else {}),
        **({"rejected by reason": dg.MetadataValue.table(reasons)} if reasons else {}),
    }


def _files_readable(summary: IngestSummary) -> dg.AssetCheckResult:
    failed = summary.failed
    said = "; ".join(f"{Path(report.source).name}: {report.error}" for report in failed[:10])
    return dg.AssetCheckResult(
        check_name=FILES_READABLE.name,
        asset_key=LANDING_KEY,
        passed=not failed,
        severity=dg.AssetCheckSeverity.ERROR,
        description=said or f"{len(summary.sources)} file(s) read",
        metadata={"failed": len(failed)},
    )


def _rejected_share(summary: IngestSummary) -> dg.AssetCheckResult:
    share, most = summary.rejected_share, get_settings().reject_threshold
    return dg.AssetCheckResult(
        check_name=REJECTED_SHARE.name,
        asset_key=LANDING_KEY,
        passed=share <= most,
        severity=dg.AssetCheckSeverity.ERROR,
        description=(
            f"{summary.rejected.total():,} of {summary.rows_read:,} records rejected ({share:.2%}, at most {most:.2%})"
        ),
        metadata={"rejected share": share, "records": summary.rows_read},
    )


@dg.sensor(
    name="landing_files",
    asset_selection=dg.AssetSelection.assets(LANDING_KEY),
    minimum_interval_seconds=5,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Ingests files dropped into `landing/` once they have stopped growing.",
)
def landing_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """A file is taken when two looks in a row see it alike. Content that is in bronze already starts no run."""
    lake_uri = get_settings().lake_uri
    if "://" in lake_uri:
        return dg.SkipReason("the lake is remote: what lands there is ingested by the file-ingest Lambda")
    folder, now = landing.landing_folder(lake_uri), time.time()
    seen = {name: landing.Seen(**kept) for name, kept in json.loads(context.cursor or "{}").items()}
    files = landing.dropped_files(folder)
    due = landing.due_files(files, seen, now)
    busy = bool(due) and bool(
        context.instance.get_runs(dg.RunsFilter(tags=_TAG, statuses=list(NOT_FINISHED_STATUSES)), limit=1)
    )
    known = [] if busy else landing.put_known_away(lake_uri, due)
    for file in known:
        context.log.info(f"{file.name}: its content was ingested before; put away")
    wanted = [] if busy else [file for file in due if file not in known]
    memory = landing.remember([file for file in files if file not in known], wanted, seen, now)
    cursor = json.dumps({name: asdict(kept) for name, kept in memory.items()})
    if not wanted:
        context.update_cursor(cursor)
        return dg.SkipReason(_why(files, known, busy=busy))
    run_config = dg.RunConfig(
        ops={LANDING_KEY.to_python_identifier(): LandingConfig(files=[file.name for file in wanted])}
    )
    request = dg.RunRequest(asset_selection=[LANDING_KEY], run_config=run_config, tags=_TAG)
    return dg.SensorResult(run_requests=[request], cursor=cursor)


def _why(files: list[landing.Dropped], known: list[landing.Dropped], *, busy: bool) -> str:
    if busy:
        return "an ingest is still running"
    if known:
        return f"{len(known)} file(s) had been ingested before and were put away"
    return f"{len(files)} file(s) are still growing or wait for a retry" if files else "nothing was dropped"
