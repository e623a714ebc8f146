from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from clickstream_platform.lake import Lake
from clickstream_platform.lib.checks.daily_totals import check_daily_totals
from clickstream_platform.lib.checks.verdict import CheckOptions, Verdict
from clickstream_platform_tests.lib.checks.shop import MONDAY, rows

TABLE = "traffic_summary"
SATURDAY = MONDAY - timedelta(days=2)


def usual(day: date) -> int:
    """Events of a quiet or a busy weekday, with a little noise."""
    return (9_000 if day.weekday() >= 5 else 3_000) + day.toordinal() % 5 * 40


def shop(folder: Path, weeks: int, **special: int) -> Lake:
    lake = Lake(str(folder))
    days = [MONDAY - timedelta(days=back) for back in range(weeks * 7 + 1)]
    named = {date.fromisoformat(day.replace("_", "-")[1:]): count for day, count in special.items()}
    records = [{"date": day, "events": named.get(day, usual(day))} for day in days]
    lake.replace(TABLE, rows(TABLE, [record for record in records if record["events"]]).lazy(), days)
    return lake


def verdict_on(lake: Lake, day: date, **options: float) -> Verdict:
    (verdict,) = check_daily_totals(lake, TABLE, [day], CheckOptions(**options))  # type: ignore[arg-type]
    return verdict


@pytest.mark.parametrize("day", [MONDAY, SATURDAY, MONDAY - timedelta(days=1)])
def test_usual_days_pass_though_weekends_are_thrice_as_busy(tmp_path: Path, day: date) -> None:
    assert verdict_on(shop(tmp_path, 9), day).passed


@pytest.mark.parametrize("count", [6_000, 9_000, 300, 0])
def test_monday_that_doubles_or_is_missing_stands_out(tmp_path: Path, count: int) -> None:
    verdict = verdict_on(shop(tmp_path, 9, d2024_03_04=count), MONDAY)
    assert not verdict.passed
    assert verdict.info.severity == "warn"
    assert "on a Monday, where 3,0" in verdict.said
    assert verdict.counts["events"] == count


def test_one_odd_week_before_does_not_hide_or_cause_an_anomaly(tmp_path: Path) -> None:
    assert verdict_on(shop(tmp_path / "a", 9, d2024_02_26=60_000), MONDAY).passed
    assert not verdict_on(shop(tmp_path / "b", 9, d2024_02_26=60_000, d2024_03_04=6_000), MONDAY).passed


def test_change_below_the_least_change_passes(tmp_path: Path) -> None:
    lake = shop(tmp_path, 9, d2024_03_04=3_700)
    assert verdict_on(lake, MONDAY).passed
    assert not verdict_on(lake, MONDAY, anomaly_least_change=0.05).passed


def test_counts_may_vary_by_their_square_root(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    days = [MONDAY - timedelta(weeks=week) for week in range(9)]
    few = [{"date": day, "events": 10 if day == MONDAY else 4} for day in days]
    lake.replace(TABLE, rows(TABLE, few).lazy(), days)
    assert verdict_on(lake, MONDAY).passed


def test_too_short_a_history_passes_and_says_so(tmp_path: Path) -> None:
    verdict = verdict_on(shop(tmp_path, 3, d2024_03_04=60_000), MONDAY)
    assert verdict.passed
    assert "nothing to compare with" in verdict.said


def test_day_under_way_passes(tmp_path: Path) -> None:
    lake = shop(tmp_path, 9, d2024_03_04=10)
    (verdict,) = check_daily_totals(lake, TABLE, [MONDAY], CheckOptions(), today=MONDAY)
    assert verdict.passed
    assert verdict.said == "the day is not over"


def test_revenue_is_judged_beside_orders(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    days = [MONDAY - timedelta(weeks=week) for week in range(9)]
    sales = [
        {"date": day, "total_orders": 100, "total_revenue": Decimal(9000 if day == MONDAY else 900)} for day in days
    ]
    lake.replace("daily_sales_summary", rows("daily_sales_summary", sales).lazy(), days)
    (verdict,) = check_daily_totals(lake, "daily_sales_summary", [MONDAY], CheckOptions())
    assert (verdict.checked, verdict.failed) == (4, 2)  # of revenue follows the average order value
    assert verdict.said.startswith("revenue 9,000 on a Monday, where 900 is usual")
    assert "; average order value 90.00 on a Monday, where 9.00 is usual" in verdict.said
    assert verdict.severity == "error"
