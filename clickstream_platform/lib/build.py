"""Compute silver and gold for given days in this process, as Dagster runs of the embedded instance."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TypeAlias

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run_iterator

from clickstream_platform.config import get_settings
from clickstream_platform.lake import Lake
from clickstream_platform.lib.arrival_queue import Arrival, FolderQueue
from clickstream_platform.lib.arrival_sensor import materializations
from clickstream_platform.lib.day_ranges import range_tags
from clickstream_platform.lib.day_steps import Step, TableGroups, merged
from clickstream_platform.lib.event_log import open_instance
from clickstream_platform.lib.waiting_orders import NAMED, days_to_name, days_to_release
from clickstream_platform.schemas import TABLES

FACTS = [name for name, table in TABLES.items() if table.layer == "bronze" and table.partition_column is not None]
"""Bronze tables by day: events, orders and whatever else arrives with a date."""

_PENDING_LIMIT = 100_000

OnEvent: TypeAlias = Callable[[dg.DagsterEvent], None]


@dataclass
class BuildReport:
    """What a build did: runs, rows written and partitions by table, and error-severity checks that failed."""

    runs: list[str] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    partitions: dict[str, set[str | None]] = field(default_factory=dict)
    failed_steps: dict[str, str] = field(default_factory=dict)
    failed_checks: list[str] = field(default_factory=list)
    checks: int = 0

    @property
    def succeeded(self) -> bool:
        """Whether every step ran through."""
        return not self.failed_steps


def pending(lake: Lake) -> list[Arrival]:
    """Arrivals that nothing has dealt with yet."""
    return FolderQueue(lake).receive(_PENDING_LIMIT)


def changed_days(arrivals: Iterable[Arrival]) -> dict[str, set[date]]:
    """Days that arrivals brought something for, by the bronze table they went to."""
    changed: dict[str, set[date]] = {}
    for arrival in arrivals:
        changed.setdefault(arrival.dataset, set()).update(arrival.days)
    return changed


def bronze_days(lake: Lake) -> list[date]:
    """Days that bronze has rows for and a partition exists for, sorted."""
    start = get_settings().start_date
    return sorted({day for table in FACTS for day in lake.days(table) if day >= start})


def build(
    lake: Lake,
    days: Sequence[date] | None,
    arrivals: Sequence[Arrival],
    defs: dg.Definitions,
    *,
    on_event: OnEvent = lambda event: None,
) -> BuildReport:
    """Report arrivals to Dagster, then compute every table, batch by batch.

    Master data comes first, so that orders waiting for it are released in the same build. Arrivals are acknowledged
    once everything has succeeded: a build that is killed is taken up again by the next one.

    Args:
        lake: Where the tables are.
        days: Compute every table on these; None: each on the days that the arrivals change, from bronze's first day to
            its last.
        arrivals: What has come since the last build.
        defs: Have the tables.
        on_event: Told of everything that Dagster logs.
    """
    instance, job = open_instance(), defs.resolve_implicit_global_asset_job_def()
    for event in materializations(arrivals)[0]:
        instance.report_runless_asset_event(event)
    groups = TableGroups(job)

    def steps() -> Iterator[Step]:
        yield Step(groups.masters)
        between = _between(bronze_days(lake))
        wanted = groups.on(days) if days is not None else groups.after(changed_days(arrivals), between)
        # By now master data is computed.
        wanted = merged(wanted, groups.after({"orders": days_to_release(lake)}, between), {NAMED: days_to_name(lake)})
        yield from groups.steps(wanted)
        yield Step(groups.summaries)

    report = run_steps(job, instance, steps(), on_event)
    if report.succeeded:
        FolderQueue(lake).acknowledge([arrival.receipt for arrival in arrivals])
    return report


def _between(days: Sequence[date]) -> list[date]:
    """All days from the first to the last of some."""
    return [days[0] + timedelta(days=number) for number in range((days[-1] - days[0]).days + 1)] if days else []


def run_steps(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    steps: Iterable[Step],
    on_event: OnEvent = lambda event: None,
    *,
    tags: Mapping[str, str] | None = None,
    report: BuildReport | None = None,
) -> BuildReport:
    """A run for each step and its checks in this process, until one fails.

    Args:
        job: Has the tables.
        instance: Keeps the runs.
        steps: Asked for one after the other: a step may depend on what those before it did.
        on_event: Told of everything that Dagster logs.
        tags: Of all runs.
        report: Filled as it goes on, so that the caller knows how far it came whatever happens.
    """
    report = BuildReport() if report is None else report
    for step in steps:
        days = range_tags(*step.days) if step.days else {}
        _run(job, instance, step.tables, {**(tags or {}), **days}, report, on_event)
        if not report.succeeded:
            break
    return report


def _run(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    assets: Sequence[dg.AssetKey],
    tags: dict[str, str],
    report: BuildReport,
    on_event: OnEvent,
) -> None:
    """One run over these assets and their checks; what happened goes into the report."""
    selection = set(assets)
    checks = {key for key in job.asset_layer.asset_graph.asset_check_keys if key.asset_key in selection}
    part = job.get_subset(asset_selection=selection, asset_check_selection=checks)
    run = instance.create_run_for_job(
        job_def=part,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        tags=tags,
        asset_selection=frozenset(selection),
    )
    report.runs.append(run.run_id)
    for event in _events(part, run, instance):
        on_event(event)
        _note(event, report)


def _events(job: dg.JobDefinition, run: dg.DagsterRun, instance: dg.DagsterInstance) -> Iterator[dg.DagsterEvent]:
    yield from execute_run_iterator(InMemoryJob(job), run, instance)


def _note(event: dg.DagsterEvent, report: BuildReport) -> None:
    if event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION and event.asset_key is not None:
        rows = event.materialization.metadata.get("dagster/row_count")
        table = event.asset_key.to_user_string()
        report.partitions.setdefault(table, set()).add(event.partition)
        report.rows[table] = report.rows.get(table, 0) + (int(rows.value) if rows is not None else 0)  # type: ignore[arg-type]
    elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        verdict = event.asset_check_evaluation_data
        report.checks += 1
        if not verdict.passed and verdict.severity == dg.AssetCheckSeverity.ERROR:
            day = f" ({verdict.partition})" if verdict.partition else ""
            report.failed_checks.append(f"{verdict.asset_key.to_user_string()}: {verdict.check_name}{day}")
    elif event.event_type == dg.DagsterEventType.STEP_FAILURE:
        error = event.step_failure_data.error
        cause = (error.cause or error) if error else None
        report.failed_steps[event.step_key or "?"] = cause.message.strip() if cause else "failed"
