"""The factory of a table's Dagster asset checks."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date

import dagster as dg

from clickstream_platform.lib.checks.catalogue import CheckGroup, Request, check_groups, checked_tables, verdicts_of
from clickstream_platform.lib.checks.check_events import check_events, has_partitions
from clickstream_platform.lib.checks.freshness import FRESHNESS
from clickstream_platform.lib.checks.schema_change import COLUMNS, SCHEMA_CHANGE
from clickstream_platform.lib.checks.verdict import CheckInfo, CheckOptions, Verdict
from clickstream_platform.lib.partitions import daily_partitions, to_days
from clickstream_platform.lib.resources import LakeResource
from clickstream_platform.lib.table_asset import table_key
from clickstream_platform.schemas import TABLES, Table

Judge = Callable[[dg.AssetCheckExecutionContext, LakeResource, set[dg.AssetCheckKey]], list[Verdict]]


def table_checks(table_name: str, options: CheckOptions | None = None) -> list[dg.AssetChecksDefinition]:
    """The asset checks of a silver or gold table; its freshness is judged by `freshness_checks`.

    One op evaluates the shape, the row rules and the daily totals, so that the rows are loaded once; what compares with
    other tables is an op of its own that waits for them. They run in the runs that compute the table.

    Args:
        table_name: the table.
        options: settings of the checks; those of the process without.
    """
    groups = [group for group in check_groups(table_name) if group.name != FRESHNESS]
    alone = [group for group in groups if not group.reads]
    together = [[group] for group in groups if group.reads]
    return [
        _table_op(TABLES[table_name], members, options or CheckOptions.from_settings())
        for members in [alone, *together]
    ]


def freshness_checks() -> dg.AssetChecksDefinition:
    """The freshness of all tables that have such a check, in one op: it costs each a listing."""
    groups = [group for table in checked_tables() for group in check_groups(table.name) if group.name == FRESHNESS]

    def judge(_: dg.AssetCheckExecutionContext, lake: LakeResource, selected: set[dg.AssetCheckKey]) -> list[Verdict]:
        request = Request(lake.open(), None)
        chosen = [group for group in groups if check_key(group.infos[0]) in selected]
        return [verdict for group in chosen for verdict in verdicts_of(group, request)]

    specs = [check_spec(group.infos[0]) for group in groups]
    return _op("tables_freshness", "Judges whether tables keep up with what has arrived.", specs, judge)


def check_key(info: CheckInfo) -> dg.AssetCheckKey:
    """Dagster's key of a check."""
    return dg.AssetCheckKey(table_key(TABLES[info.table]), info.name)


def check_spec(info: CheckInfo, reads: Sequence[str] = ()) -> dg.AssetCheckSpec:
    """What Dagster knows of a check before it runs."""
    return dg.AssetCheckSpec(
        info.name,
        asset=table_key(TABLES[info.table]),
        description=f"{info.rule[:1].upper()}{info.rule[1:]}.",
        additional_deps=[table_key(TABLES[name]) for name in reads],
        blocking=info.blocking,
        metadata={"severity": info.severity, "remedy": info.remedy},
        partitions_def=daily_partitions() if has_partitions(info) else None,
    )


def _table_op(table: Table, groups: Sequence[CheckGroup], options: CheckOptions) -> dg.AssetChecksDefinition:
    def judge(
        context: dg.AssetCheckExecutionContext, resource: LakeResource, selected: set[dg.AssetCheckKey]
    ) -> list[Verdict]:
        lake = resource.open()
        days = _days(context, table, lake.days)
        request = Request(lake, days, options, _columns_before(context, table, selected))
        chosen = [group for group in groups if any(check_key(info) in selected for info in group.infos)]
        return [verdict for group in chosen for verdict in verdicts_of(group, request)]

    specs = [check_spec(info, group.reads) for group in groups for info in group.infos]
    suffix = groups[0].name if groups[0].reads else "checks"
    said = f"Judges {table.layer}.{table.name}: {', '.join(spec.name for spec in specs)}."
    return _op(f"{table.layer}_{table.name}_{suffix}", said, specs, judge, pool=f"lake_{table.layer}")


def _op(
    name: str, description: str, specs: Sequence[dg.AssetCheckSpec], judge: Judge, pool: str | None = None
) -> dg.AssetChecksDefinition:
    @dg.multi_asset_check(name=name, description=description, specs=specs, can_subset=True, pool=pool)
    def check_op(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> Iterator[object]:
        selected = set(context.selected_asset_check_keys)
        verdicts = judge(context, lake, selected)
        yield from check_events(context, [verdict for verdict in verdicts if check_key(verdict.info) in selected])

    return check_op


def _days(
    context: dg.AssetCheckExecutionContext, table: Table, known: Callable[[str], list[date]]
) -> list[date] | None:
    """The run's days; all that a partitioned table has in a run without partitions; None for other tables."""
    if table.partition_column is None:
        return None
    if context.has_partition_key or context.has_partition_key_range:
        return to_days(context.partition_keys)
    return known(table.name)


def _columns_before(
    context: dg.AssetCheckExecutionContext, table: Table, selected: set[dg.AssetCheckKey]
) -> Mapping[str, str] | None:
    """The columns that the last schema check of the table saw."""
    key = dg.AssetCheckKey(table_key(table), SCHEMA_CHANGE)
    if key not in selected:
        return None
    summary = context.instance.event_log_storage.get_asset_check_summary_records([key])[key]
    record = summary.last_completed_check_execution_record
    evaluation = record.event.asset_check_evaluation if record and record.event else None
    kept = evaluation.metadata.get(COLUMNS) if evaluation else None
    if not isinstance(kept, dg.TextMetadataValue) or not kept.text:
        return None
    columns: dict[str, str] = json.loads(kept.text)
    return columns
