"""The safety net: yesterday once more at 02:00 UTC, whatever the sensors did."""

from datetime import timedelta

import dagster as dg

daily_tables = dg.define_asset_job(
    "daily_tables",
    selection=dg.AssetSelection.groups("silver", "gold"),
    description="Every silver and gold table and its checks, for one day or a range of days.",
)


@dg.schedule(
    job=daily_tables,
    cron_schedule="0 2 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def nightly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Computes the day that has just ended."""
    yesterday = (context.scheduled_execution_time - timedelta(days=1)).date().isoformat()
    return dg.RunRequest(partition_key=yesterday, run_key=yesterday)
