"""Tables computed again in place, and the proof of what that changed: nothing, where code and data are as before."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from clickstream_platform.config import get_settings
from clickstream_platform.ingest import IngestOptions, IngestSummary, ingest_raw
from clickstream_platform.lake import Lake
from clickstream_platform.lib.build import BuildReport, OnEvent, bronze_days, run_steps
from clickstream_platform.lib.day_steps import Step, TableGroups
from clickstream_platform.lib.differences import Difference, Snapshot, differences, snapshot
from clickstream_platform.lib.rebuild_record import Before, forget_before, read_before, record_path, write_before
from clickstream_platform.schemas import TABLES


class RebuildError(Exception):
    """These days cannot be rebuilt; the message says why and what to do."""


@dataclass(frozen=True)
class Plan:
    """What to rebuild: all computed tables on days from first to last, with `raw` bronze events before them."""

    first: date
    last: date
    raw: bool = False

    @property
    def days(self) -> list[date]:
        """All of them."""
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]

    @property
    def tables(self) -> list[str]:
        """Tables that are written, and held against what they were."""
        computed = [name for name, table in TABLES.items() if table.layer != "bronze"]
        return ["events", *computed] if self.raw else computed


@dataclass
class Rebuild:
    """What a rebuild did, filled as it goes on.

    Attributes:
        before: The state that the difference is to.
        resumed: Whether that was kept by an earlier rebuild of the same days that broke off.
        differences: What changed; None as long as that cannot be said.
        other_days: Event days outside of the plan for which `raw/` brought something: `clickstream build` follows them.
    """

    plan: Plan
    before: Before | None = None
    resumed: bool = False
    read: IngestSummary | None = None
    built: BuildReport = field(default_factory=BuildReport)
    differences: list[Difference] | None = None
    other_days: list[date] = field(default_factory=list)

    def progress_of(self, table: str) -> tuple[int, int]:
        """How many partitions of a computed table are rebuilt, and how many there are to be."""
        done = self.built.partitions.get(f"{TABLES[table].layer}/{table}", set())
        return len(done), 1 if TABLES[table].partition_column is None else len(self.plan.days)

    def unfinished(self) -> list[str]:
        """Computed tables that are not wholly rebuilt."""
        names = [name for name in self.plan.tables if TABLES[name].layer != "bronze"]
        return [name for name in names if self.progress_of(name)[0] < self.progress_of(name)[1]]


@dataclass(frozen=True)
class Watch:
    """Who is told how far a rebuild is: a phase with its number of steps, each step, each event of Dagster."""

    phase: Callable[[str, int], None] = lambda name, steps: None
    step: Callable[[str], None] = lambda name: None
    event: OnEvent = lambda event: None


def rebuild(
    lake: Lake,
    plan: Plan,
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    *,
    outcome: Rebuild | None = None,
    watch: Watch | None = None,
    tags: dict[str, str] | None = None,
    processes: int | None = 1,
) -> Rebuild:
    """Rebuild days and compare.

    The figures before are taken, and kept in the lake, before anything is written. When this breaks off, doing it again
    ends it, and the comparison is still with the state before the first attempt.

    Args:
        lake: Where the tables are.
        plan: Which days.
        job: Has the tables.
        instance: Keeps the runs.
        outcome: Filled as it goes on.
        watch: Told how far it is.
        tags: Of all runs.
        processes: Reading `raw/`.

    Raises:
        RebuildError: There is nothing to rebuild from, or `raw/` cannot be read.
    """
    check_plan(lake, plan)
    outcome, watch = outcome or Rebuild(plan), watch or Watch()
    path = record_path(plan.first, plan.last, raw=plan.raw)
    outcome.before = read_before(lake, path)
    outcome.resumed = outcome.before is not None
    if outcome.before is None:
        outcome.before = write_before(lake, path, _measured(lake, plan, watch, "before"))
    if plan.raw:
        watch.phase("reading raw", 1)
        outcome.read = _read_raw(lake, plan, processes)
        outcome.other_days = sorted(set(outcome.read.days) - set(plan.days))
    groups = TableGroups(job)
    steps = [Step(groups.masters), *groups.steps(groups.on(plan.days)), Step(groups.summaries)]
    watch.phase("computing", sum(len(step.tables) for step in steps))
    run_steps(job, instance, steps, watch.event, tags=tags, report=outcome.built)
    if outcome.built.succeeded:
        outcome.differences = differences(outcome.before.figures, _measured(lake, plan, watch, "after"))
        forget_before(lake, path)
    return outcome


def check_plan(lake: Lake, plan: Plan) -> None:
    """Refuse days that cannot be rebuilt.

    Raises:
        RebuildError: They are reversed, have no partitions, or there is no bronze.
    """
    start, today = get_settings().start_date, datetime.now(UTC).date()
    if plan.last < plan.first:
        raise RebuildError(f"the days end on {plan.last}, before they begin on {plan.first}")
    if plan.first < start:
        raise RebuildError(f"{plan.first} is before the first partition {start}; set CLICKSTREAM_START_DATE earlier")
    if plan.last > today:
        raise RebuildError(f"{plan.last} has not come yet; today is {today} (UTC)")
    if not plan.raw and not bronze_days(lake):
        raise RebuildError(f"the lake {lake.uri} is empty: `clickstream ingest PATH`, or set CLICKSTREAM_LAKE_URI")


def _measured(lake: Lake, plan: Plan, watch: Watch, when: str) -> Snapshot:
    watch.phase(f"measuring {when}", len(plan.tables))
    return snapshot(lake, plan.tables, plan.days, watch.step)


def _read_raw(lake: Lake, plan: Plan, processes: int | None) -> IngestSummary:
    options = IngestOptions.from_settings(get_settings(), lake_uri=lake.uri)
    summary = ingest_raw(plan.days, options, processes=processes)
    if not summary.sources:
        raise RebuildError(
            f"nothing was delivered below {lake.uri}/raw/ from {plan.first} to {plan.last}; "
            "without --raw the tables are computed from bronze as it is"
        )
    if summary.failed:
        said = "; ".join(f"{report.source}: {report.error}" for report in summary.failed[:10])
        raise RebuildError(f"{len(summary.failed)} object(s) of raw/ could not be read: {said}")
    return summary


def not_rebuilt(outcome: Rebuild) -> Sequence[str]:
    """For each table that is not wholly rebuilt, how far it is."""
    return [
        f"{TABLES[name].layer}.{name}: {done} of {wanted} partition(s)"
        for name in outcome.unfinished()
        for done, wanted in [outcome.progress_of(name)]
    ]
