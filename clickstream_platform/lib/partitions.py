"""The one partition definition that every day-partitioned table shares (identical starts: dagster#19625)."""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache

import dagster as dg

from clickstream_platform.config import get_settings


@lru_cache(maxsize=1)
def daily_partitions() -> dg.DailyPartitionsDefinition:
    """Days (UTC) from the settings' start date up to and including today, which is still filling."""
    return dg.DailyPartitionsDefinition(start_date=get_settings().start_date.isoformat(), end_offset=1)


def to_days(partition_keys: Iterable[str]) -> list[date]:
    """Partition keys as dates, sorted."""
    return sorted(date.fromisoformat(key) for key in partition_keys)
