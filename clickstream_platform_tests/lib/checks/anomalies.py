"""Small gold tables whose days are alike but for the last, and the verdict on it."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings

from clickstream_platform.lake import Lake
from clickstream_platform.lib.checks.baseline import WEEKS
from clickstream_platform.lib.checks.daily_totals import check_daily_totals
from clickstream_platform.lib.checks.table_measures import NOT_JUDGED
from clickstream_platform.lib.checks.verdict import CheckOptions, Verdict
from clickstream_platform.schemas import TABLES
from clickstream_platform_tests.lib.checks.shop import MONDAY, rows

DAILY_GOLD = [
    name
    for name, table in TABLES.items()
    if table.layer == "gold" and table.partition_column and name not in NOT_JUDGED
]
SAME_WEEKDAYS = [MONDAY - timedelta(weeks=week) for week in range(WEEKS + 1)]
few = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))


def written(folder: Path, table: str, records: Sequence[Mapping[str, Any]]) -> Lake:
    lake = Lake(str(folder))
    lake.replace(
        table, rows(table, [dict(record) for record in records]).lazy(), {record["date"] for record in records}
    )
    return lake


def traffic(day: date, **by_channel: int) -> list[dict[str, Any]]:
    return [
        {"date": day, "channel": channel, "country": country, "events": count // 2, "sessions": 1}
        for channel, count in by_channel.items()
        for country in ("DE", "FR")
    ]


def verdict_on(lake: Lake, table: str, day: date = MONDAY, **options: Any) -> Verdict:
    (verdict,) = check_daily_totals(lake, table, [day], CheckOptions(**options))
    return verdict
