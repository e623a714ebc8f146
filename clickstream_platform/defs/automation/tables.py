"""The sensor that carries out the tables' automation conditions."""

import dagster as dg

table_automation = dg.AutomationConditionSensorDefinition(
    "table_automation",
    target=dg.AssetSelection.groups("silver", "gold"),
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=5,
    description="Recomputes silver and gold for the days whose upstream changed.",
)
