"""Tables computed again without a person: those made of what changed, on the days that changed, and no others."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from clickstream_platform.config import get_settings
from clickstream_platform.lake import Lake, layout
from clickstream_platform.lib.build import run_steps
from clickstream_platform.lib.day_steps import Step, TableGroups
from clickstream_platform.lib.erasure.audit import Unfinished
from clickstream_platform.lib.erasure.search import ErasureError, Holdings, Watch
from clickstream_platform.lib.table_asset import table_key
from clickstream_platform.schemas import TABLES

_FACTS = ("events", "orders")


@dataclass(frozen=True)
class Tables:
    """Who computes tables: the job that has them, and the instance that keeps the runs."""

    job: dg.JobDefinition
    instance: dg.DagsterInstance


@dataclass(frozen=True)
class Computed:
    """What computing did: error-severity checks that failed, and objects that it replaced, or deleted."""

    failed_checks: list[str]
    objects: set[str]


def note_days(state: Unfinished, found: Holdings) -> None:
    """Add the days of bronze that lose rows, and those that computed tables have rows of the person on."""
    for fact in _FACTS:
        days = found.days(fact)
        for name in found.tables:
            if TABLES[name].layer != "bronze" and _fact_of(name) == fact:
                days |= found.days(name)
        if days:
            state.days.setdefault(fact, set()).update(days)
    if found.tables.get("customers") or found.tables.get("customers_clean"):
        state.customers = True
    if found.tables.get("customer_lifetime_value"):
        state.days.setdefault("orders", set())


def compute(lake: Lake, state: Unfinished, made: Tables, erasure: str, watch: Watch) -> Computed:
    """Compute the tables that change on the days that change: what reads the days around a day changes with it.

    Raises:
        ErasureError: Some could not be computed.
    """
    steps = list(_steps(lake, state, TableGroups(made.job)))
    watch.phase("computing tables", sum(len(step.tables) for step in steps))
    for event in _reports(state):
        made.instance.report_runless_asset_event(event)

    def on_event(event: dg.DagsterEvent) -> None:
        if event.event_type == dg.DagsterEventType.STEP_SUCCESS:
            watch.step(str(event.step_key))

    report = run_steps(made.job, made.instance, steps, on_event, tags={"clickstream/erasure": erasure})
    if not report.succeeded:
        failed = "; ".join(f"{step}: {why}" for step, why in report.failed_steps.items())
        raise ErasureError(f"tables could not be computed again: {failed}. The same erasure again goes on here")
    objects = {_object(key.path[-1], day) for step in steps for key in step.tables for day in _days_of(step)}
    return Computed(report.failed_checks, objects)


def _steps(lake: Lake, state: Unfinished, groups: TableGroups) -> Iterator[Step]:
    changed: set[dg.AssetKey] = set()
    if state.customers:
        customers = table_key(TABLES["customers_clean"])
        yield Step([customers])
        changed |= groups.below(customers)
    if state.days:
        yield from groups.steps(groups.after(state.days, _with_partitions(_possible_days(lake, state))))
        changed = changed.union(*(groups.below(table_key(TABLES[fact])) for fact in state.days))
    summaries = [key for key in groups.summaries if key in changed]
    if summaries:
        yield Step(summaries)


def _possible_days(lake: Lake, state: Unfinished) -> set[date]:
    """Days up to the last that any table has rows on: later ones stay empty."""
    by_day = [name for name, table in TABLES.items() if table.partition_column is not None]
    held = [days[-1] for name in by_day if (days := lake.days(name))]
    first = get_settings().start_date
    last = max((first, *held, *set().union(*state.days.values())))
    return {first + timedelta(days=number) for number in range((last - first).days + 1)}


def _reports(state: Unfinished) -> Iterator[dg.AssetMaterialization]:
    """What the sensors need not find out by themselves: that bronze has changed, and why."""
    metadata = {"erasure": True}
    for fact, days in state.days.items():
        for day in _with_partitions(days):
            yield dg.AssetMaterialization(table_key(TABLES[fact]), partition=day.isoformat(), metadata=metadata)
    if state.customers:
        yield dg.AssetMaterialization(table_key(TABLES["customers"]), metadata=metadata)


def _fact_of(table: str) -> str:
    """Which bronze table makes a computed table of people by day."""
    return "orders" if table.startswith("orders") else "events"


def _with_partitions(days: Iterable[date]) -> list[date]:
    """Those of some days that tables are computed for."""
    first, last = get_settings().start_date, datetime.now(UTC).date()
    return sorted(day for day in days if first <= day <= last)


def _days_of(step: Step) -> Sequence[date | None]:
    if step.days is None:
        return [None]
    first, last = step.days
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _object(table: str, day: date | None) -> str:
    folder = layout.table_prefix(TABLES[table].layer, table)
    return f"{folder}/{layout.OBJECT}" if day is None else f"{folder}/{layout.day_folder(day)}/{layout.OBJECT}"
