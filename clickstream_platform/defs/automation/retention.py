"""Originals that are past their retention are deleted every night."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from clickstream_platform.config import get_settings
from clickstream_platform.lake import Lake
from clickstream_platform.lib.retention import purge_raw


@dg.op
def purge_originals(context: dg.OpExecutionContext) -> None:
    """Delete originals older than CLICKSTREAM_RAW_RETENTION_DAYS, and what killed writers left in staging."""
    settings, now = get_settings(), datetime.now(UTC)
    gone = purge_raw(settings.lake_uri, now.date() - timedelta(days=settings.raw_retention_days))
    swept = Lake(settings.lake_uri).sweep_staging(now - timedelta(days=1))
    context.log.info(f"{len(gone)} original(s) and {swept} staged object(s) deleted")


@dg.job(description="Deletes originals past their retention, and leftovers of killed writers.")
def retention() -> None:
    """One op."""
    purge_originals()


retention_nightly = dg.ScheduleDefinition(
    job=retention,
    cron_schedule="30 2 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
