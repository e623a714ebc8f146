import os
import shutil
from pathlib import Path

import pytest

from clickstream_platform.lake import Lake
from clickstream_platform.lib.checks import freshness
from clickstream_platform_tests.lib.checks.shop import DAYS, WEDNESDAY, failed, stored_object

CHECK = ("freshness", None)
BY_DAY = ["events_clean", "sessions", "orders_validated", "daily_sales_summary", "product_performance"]
WHOLE = {"customers_clean": ("customers", None), "customer_lifetime_value": ("orders_validated", WEDNESDAY)}


@pytest.mark.parametrize("table", BY_DAY)
def test_table_without_the_newest_day_of_its_source_is_stale(lake: Lake, table: str) -> None:
    stored_object(lake, table, WEDNESDAY).unlink()
    shutil.rmtree(stored_object_folder(lake, table))
    verdict = failed(lake, table, DAYS[:1])[CHECK]
    assert verdict.said == "newest day 2024-03-05, of its source 2024-03-06"
    assert verdict.info.severity == "warn"


def stored_object_folder(lake: Lake, table: str) -> Path:
    return next(Path(lake.uri).glob(f"*/{table}/year=2024/month=03/day=06"))


@pytest.mark.parametrize("table", WHOLE)
def test_whole_table_older_than_its_source_is_stale(lake: Lake, table: str) -> None:
    source, day = WHOLE[table]
    later = stored_object(lake, table, None).stat().st_mtime + 60
    os.utime(stored_object(lake, source, day), (later, later))
    assert "its source" in failed(lake, table)[CHECK].said


@pytest.mark.parametrize("table", ["sessions", "customers_clean"])
def test_table_that_is_not_there_is_stale_only_when_its_source_is(lake: Lake, table: str) -> None:
    shutil.rmtree(Path(lake.uri) / "silver" / table)
    assert failed(lake, table)[CHECK].said.startswith("nothing is there, and bronze ")
    shutil.rmtree(Path(lake.uri) / "bronze" / freshness.SOURCES[table])
    assert CHECK not in failed(lake, table)
