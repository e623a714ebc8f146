"""Freshness: tables keep up with what arrived, and something arrives every day.

The first is judged in every run that computes a table, and nightly; data of years ago that is all computed is fresh.
The second looks at the clock. It runs by itself where the lake is remote; a lake in a folder on a laptop may hold data
as old as it likes, so there the schedule is stopped until somebody starts it in the UI.
"""

import warnings
from collections.abc import Sequence

import dagster as dg

from clickstream_platform.config import get_settings
from clickstream_platform.lib.checks.asset_checks import freshness_checks
from clickstream_platform.lib.table_asset import table_key
from clickstream_platform.schemas import TABLES

DAILY_TABLES = ("events", "orders")
END_OF_DAY = "59 23 * * *"
"""Partitions exist up to the day under way: by its end something of it must have arrived."""


@dg.definitions
def freshness() -> dg.Definitions:
    """The checks, and the schedules that run them an hour and more after the nightly run began."""
    kept_up = freshness_checks()
    with warnings.catch_warnings():
        # What supersedes it looks at an asset as a whole: to it, an old day that is filled in makes the table fresh.
        warnings.simplefilter("ignore", dg.SupersessionWarning)
        arrived = dg.build_time_partition_freshness_checks(
            assets=[table_key(TABLES[name]) for name in DAILY_TABLES],
            deadline_cron=END_OF_DAY,
            timezone="UTC",
            severity=dg.AssetCheckSeverity.WARN,
        )
    remote = "://" in get_settings().lake_uri
    return dg.Definitions(
        asset_checks=[kept_up, *arrived],
        schedules=[
            _nightly("tables_keep_up", [kept_up], running=True),
            _nightly("something_arrived", arrived, running=remote),
        ],
    )


def _nightly(name: str, checks: Sequence[dg.AssetChecksDefinition], *, running: bool) -> dg.ScheduleDefinition:
    job = dg.define_asset_job(name, selection=dg.AssetSelection.checks(*checks))
    return dg.ScheduleDefinition(
        name=f"{name}_nightly",
        job=job,
        cron_schedule="15 3 * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING if running else dg.DefaultScheduleStatus.STOPPED,
    )
