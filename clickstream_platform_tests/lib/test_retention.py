from datetime import date
from pathlib import Path

import pytest

from clickstream_platform.lib.retention import purge_raw

OLD = "raw/landing/events/year=2024/month=02/day=29/a b.jsonl.gz"
KEPT = (
    "raw/landing/events/year=2024/month=03/day=01/b.jsonl",
    "raw/landing/orders/year=2024/month=03/day=02/c.csv",
    "raw/landing/events/no-day.jsonl",
    "bronze/events/year=2024/month=02/day=29/x.parquet",
)


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    for path in (OLD, *KEPT):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("x")
    return tmp_path


def files(lake: Path) -> set[str]:
    return {path.relative_to(lake).as_posix() for path in lake.rglob("*") if path.is_file()}


def test_only_originals_of_days_before_are_deleted(lake: Path) -> None:
    assert purge_raw(str(lake), date(2024, 3, 1)) == [OLD]
    assert files(lake) == set(KEPT)


def test_second_purge_finds_nothing(lake: Path) -> None:
    purge_raw(str(lake), date(2024, 3, 1))
    assert purge_raw(str(lake), date(2024, 3, 1)) == []


def test_dry_run_deletes_nothing(lake: Path) -> None:
    assert purge_raw(str(lake), date(2024, 3, 1), dry_run=True) == [OLD]
    assert files(lake) == {OLD, *KEPT}


def test_lake_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    assert purge_raw(str(tmp_path / "none"), date(2024, 3, 1)) == []
    assert not (tmp_path / "none").exists()
