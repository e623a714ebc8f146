"""Bronze tables as external assets: append-only objects that ingest writes outside of any Dagster run."""

import dagster as dg

from clickstream_platform.lib.dagster_types import column_schema
from clickstream_platform.lib.partitions import daily_partitions
from clickstream_platform.lib.table_asset import table_key
from clickstream_platform.schemas import TABLES

LANDING_KEY = dg.AssetKey(["landing", "files"])


def bronze_table(name: str) -> dg.AssetSpec:
    """The external asset of a bronze table, partitioned by event day where the table is."""
    table = TABLES[name]
    return dg.AssetSpec(
        table_key(table),
        deps=[LANDING_KEY],
        description=f"{table.description}\n\n**Grain:** {table.grain}.",
        group_name=table.layer,
        kinds={"parquet", "bronze"},
        owners=["team:data-engineering"],
        tags={"layer": "bronze", "personal_data": "true" if name == "customers" else "false"},
        metadata={
            "dagster/column_schema": column_schema(table),
            "dagster/table_name": f"bronze.{name}",
        },
        partitions_def=daily_partitions() if table.partition_column is not None else None,
    )
