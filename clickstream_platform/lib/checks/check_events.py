"""Verdicts as Dagster records them: results, and a day partition's own evaluations in runs over a range of days."""

from collections.abc import Iterator, Mapping, Sequence

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluation,
    AssetCheckEvaluationTargetMaterializationData,
)

from clickstream_platform.lib.checks.verdict import CheckInfo, Verdict
from clickstream_platform.lib.table_asset import table_key
from clickstream_platform.schemas import TABLES, Table

SEVERITIES = {"error": dg.AssetCheckSeverity.ERROR, "warn": dg.AssetCheckSeverity.WARN}
Targets = Mapping[str, AssetCheckEvaluationTargetMaterializationData]


def has_partitions(info: CheckInfo) -> bool:
    """Whether a check has a verdict of its own for each day partition."""
    return info.by_day and TABLES[info.table].partition_column is not None


def check_events(
    context: dg.AssetCheckExecutionContext, verdicts: Sequence[Verdict]
) -> Iterator[dg.AssetCheckResult | AssetCheckEvaluation | dg.Output[None]]:
    """What a check op yields for its verdicts.

    Dagster 1.13 records an `AssetCheckResult` of a run over a *range* of partitions without any partition. There, the
    event that it would be turned into (`AssetCheckEvaluation`) is yielded instead, once a day: it is stored under its
    partition, and a blocking failure stops what is downstream all the same. The op's outputs are then ours to fill. A
    test tells when Dagster does this itself.
    """
    targets: dict[str, Targets] = {}
    filled: set[dg.AssetCheckKey] = set()
    for verdict in verdicts:
        table = TABLES[verdict.info.table]
        if not verdict.passed:
            context.log.warning(f"{table.name}.{verdict.info.name} {verdict.day or ''}: {verdict.said}")
        if not has_partitions(verdict.info) or context.has_partition_key:
            yield _result(table, verdict)
            continue
        if table.name not in targets:
            days = sorted({str(other.day) for other in verdicts if other.info.table == table.name and other.day})
            targets[table.name] = _targets(context.instance, table, days)
        filled.add(dg.AssetCheckKey(table_key(table), verdict.info.name))
        yield _evaluation(table, verdict, targets[table.name])
    for key in sorted(filled):
        yield dg.Output(None, output_name=_output_name(context, key))


def _result(table: Table, verdict: Verdict) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=table_key(table),
        check_name=verdict.info.name,
        passed=verdict.passed,
        severity=SEVERITIES[verdict.severity],
        description=verdict.said,
        metadata=check_metadata(verdict),
    )


def _evaluation(table: Table, verdict: Verdict, targets: Targets) -> AssetCheckEvaluation:
    partition = verdict.day.isoformat() if verdict.day else None
    return AssetCheckEvaluation(
        asset_key=table_key(table),
        check_name=verdict.info.name,
        passed=verdict.passed,
        severity=SEVERITIES[verdict.severity],
        description=verdict.said,
        metadata=check_metadata(verdict),
        blocking=verdict.info.blocking,
        partition=partition,
        target_materialization_data=targets.get(partition or ""),
    )


def check_metadata(verdict: Verdict) -> dict[str, dg.MetadataValue]:
    """What the UI shows of a verdict. Small: every verdict is an event of its own."""
    metadata: dict[str, dg.MetadataValue] = {
        "checked": dg.MetadataValue.int(verdict.checked),
        "failed": dg.MetadataValue.int(verdict.failed),
        "failed share": dg.MetadataValue.float(round(verdict.rate, 6)),
    }
    for name, value in verdict.counts.items():
        match value:
            case int():
                metadata[name] = dg.MetadataValue.int(value)
            case float():
                metadata[name] = dg.MetadataValue.float(value)
            case _:
                metadata[name] = dg.MetadataValue.text(value)
    if not verdict.passed:
        metadata["rule"] = dg.MetadataValue.text(verdict.info.rule)
        if verdict.info.remedy:
            metadata["remedy"] = dg.MetadataValue.text(verdict.info.remedy)
    if verdict.sample:
        metadata["sample"] = dg.MetadataValue.md(_markdown(verdict.sample))
    return metadata


def _markdown(rows: Sequence[Mapping[str, str]]) -> str:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[row.get(name, "").replace("|", "\\|").replace("\n", " ") for name in columns] for row in rows]
    lines = [columns, ["---"] * len(columns), *cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _targets(instance: dg.DagsterInstance, table: Table, partitions: Sequence[str]) -> Targets:
    """The newest materialization of each of the partitions, which its verdicts are about."""
    found: dict[str, AssetCheckEvaluationTargetMaterializationData] = {}
    newest = instance.event_log_storage.get_latest_storage_id_by_partition(
        table_key(table), dg.DagsterEventType.ASSET_MATERIALIZATION, set(partitions)
    )
    if not newest:
        return found
    records = instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=table_key(table), storage_ids=list(newest.values())), limit=len(newest)
    ).records
    for record in records:
        if record.partition_key:
            found[record.partition_key] = AssetCheckEvaluationTargetMaterializationData(
                storage_id=record.storage_id, run_id=record.run_id, timestamp=record.timestamp
            )
    return found


def _output_name(context: dg.AssetCheckExecutionContext, key: dg.AssetCheckKey) -> str:
    layer = context.op_execution_context.get_step_execution_context().job_def.asset_layer
    name = layer.get_op_output_name(key)
    assert name is not None
    return name
