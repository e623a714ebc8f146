"""A table's asset: its transform, with everything Dagster should know taken from its schema."""

import inspect
from collections.abc import Callable, Collection, Mapping

import dagster as dg

from clickstream_platform.config import get_settings
from clickstream_platform.lib.automation import on_change
from clickstream_platform.lib.dagster_types import column_schema, table_type
from clickstream_platform.lib.partitions import daily_partitions, to_days
from clickstream_platform.lib.table_frames import Frame, TableFrames, Upstream, batches_of_days, input_frames
from clickstream_platform.schemas import TABLES, Table

RETRIES = dg.RetryPolicy(max_retries=2, delay=1, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)


def table_key(table: Table) -> dg.AssetKey:
    """(layer, table): the key of a table's asset."""
    return dg.AssetKey([table.layer, table.name])


def table_asset(
    *,
    windows: Mapping[str, tuple[int, int]] | None = None,
    automation: dg.AutomationCondition | None = None,  # type: ignore[type-arg]
    column_lineage: dg.TableColumnLineage | None = None,
    sized_by: Collection[str] | None = None,
) -> Callable[[Callable[..., Frame]], dg.AssetsDefinition]:
    """Make the decorated function the asset of the table that bears its name.

    Its parameters (but for `days`, which gets the days to compute) are named after the upstream tables, and it gets
    each as one lazy frame over the partitions that those days need; it returns the table's lazy frame. In a run over
    many days it is called for one batch of days after the other.

    Args:
        windows: for an upstream read beyond the day itself, the days before and after as (-2, 1). Days without data
            are no obstacle.
        automation: when to recompute; on every upstream change unless said otherwise.
        column_lineage: which upstream columns each column comes from, where names alone do not tell.
        sized_by: the upstream tables whose size decides how many days are computed together; all of them unless said.
            For a table that reads little of a large one, and many days around its own, which every batch reads anew.
    """

    def decorate(fn: Callable[..., Frame]) -> dg.AssetsDefinition:
        table = TABLES[fn.__name__]
        upstream = [name for name in inspect.signature(fn).parameters if name != "days"]
        partitioned = table.partition_column is not None
        decorated = dg.asset(
            key=table_key(table),
            ins={name: _input(TABLES[name], (windows or {}).get(name)) for name in upstream},
            description=f"{table.description}\n\n**Grain:** {table.grain}.",
            group_name=table.layer,
            kinds={"polars", "parquet", table.layer},
            owners=["team:data-engineering"],
            tags={"layer": table.layer, "personal_data": "true" if table.name == "customers_clean" else "false"},
            metadata={
                "dagster/column_schema": column_schema(table),
                "dagster/table_name": f"{table.layer}.{table.name}",
                "dagster/column_lineage": column_lineage or lineage_by_name(table, [TABLES[n] for n in upstream]),
                **({"partition_expr": table.partition_column} if partitioned else {}),
            },
            partitions_def=daily_partitions() if partitioned else None,
            backfill_policy=dg.BackfillPolicy.multi_run(get_settings().run_batch_days) if partitioned else None,
            automation_condition=automation if automation is not None else on_change(),
            dagster_type=table_type(table),
            io_manager_key="lake_io_manager",
            retry_policy=RETRIES,
            pool=f"lake_{table.layer}",
        )(_in_batches(fn, table, upstream, windows or {}, sized_by))
        assert isinstance(decorated, dg.AssetsDefinition)
        return decorated

    return decorate


def _in_batches(
    fn: Callable[..., Frame],
    table: Table,
    upstream: list[str],
    windows: Mapping[str, tuple[int, int]],
    sized_by: Collection[str] | None,
) -> Callable[..., TableFrames]:
    """The asset's compute function: `fn` for each batch of the run's days."""
    by_day = [name for name in upstream if TABLES[name].partition_column is not None]
    takes_days = "days" in inspect.signature(fn).parameters

    def compute(context: dg.AssetExecutionContext, **inputs: Upstream) -> TableFrames:
        if table.partition_column is None:
            return TableFrames([(None, fn(**input_frames(inputs, None, windows, by_day)))])
        lake = inputs[upstream[0]].lake
        batches = list(batches_of_days(lake, by_day if sized_by is None else sized_by, to_days(context.partition_keys)))
        return TableFrames(
            [
                (days, fn(**input_frames(inputs, days, windows, by_day), **({"days": days} if takes_days else {})))
                for days in batches
            ]
        )

    return compute


def lineage_by_name(table: Table, upstream: list[Table]) -> dg.TableColumnLineage:
    """Column lineage of the columns that keep their upstream's name."""
    return dg.TableColumnLineage(
        {
            column: [
                dg.TableColumnDep(asset_key=table_key(source), column_name=column)
                for source in upstream
                if column in source.polars_schema()
            ]
            for column in table.polars_schema()
        }
    )


def _input(upstream: Table, window: tuple[int, int] | None) -> dg.AssetIn:
    mapping = None
    if window is not None:
        before, after = window
        mapping = dg.TimeWindowPartitionMapping(
            start_offset=before, end_offset=after, allow_nonexistent_upstream_partitions=True
        )
    return dg.AssetIn(
        key=table_key(upstream),
        partition_mapping=mapping,
        input_manager_key="lake_io_manager",
        dagster_type=table_type(upstream),
    )
