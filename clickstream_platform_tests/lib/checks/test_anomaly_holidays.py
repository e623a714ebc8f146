"""Days that are not as usual: left out of what others are compared with, and judged leniently."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from clickstream_platform.lib.checks.baseline import WEEKS
from clickstream_platform.lib.checks.holiday_calendar import HolidayError, holidays_of
from clickstream_platform_tests.lib.checks.anomalies import SAME_WEEKDAYS, traffic, verdict_on, written
from clickstream_platform_tests.lib.checks.shop import MONDAY


def test_holiday_is_left_out_of_what_other_days_are_compared_with(tmp_path: Path) -> None:
    quiet = set(SAME_WEEKDAYS[1:6])
    records = [record for day in SAME_WEEKDAYS for record in traffic(day, Direct=200 if day in quiet else 1_000)]
    lake = written(tmp_path, "traffic_summary", records)
    listed = tmp_path / "holidays.txt"
    listed.write_text("# ours\n" + "".join(f"{day} Inventory  # closed\n" for day in sorted(quiet)[:4]))
    assert not verdict_on(lake, "traffic_summary").passed
    assert verdict_on(lake, "traffic_summary", holidays_file=listed).passed


def test_too_few_days_beside_holidays_pass_and_say_so(tmp_path: Path) -> None:
    records = [record for day in SAME_WEEKDAYS for record in traffic(day, Direct=9 if day == MONDAY else 1_000)]
    listed = tmp_path / "holidays.txt"
    listed.write_text("".join(f"{day}\n" for day in SAME_WEEKDAYS[1:6]))
    verdict = verdict_on(written(tmp_path, "traffic_summary", records), "traffic_summary", holidays_file=listed)
    assert verdict.passed
    assert "nothing to compare with" in verdict.said


@pytest.mark.parametrize(("count", "passed"), [(1_400, True), (700, True), (10, False), (9_000, False)])
def test_holiday_itself_is_judged_leniently_and_says_so(tmp_path: Path, count: int, passed: bool) -> None:
    christmas = date(2023, 12, 25)
    weeks = [christmas - timedelta(weeks=week) for week in range(1, WEEKS + 1)]
    records = [record for day in weeks for record in traffic(day, Direct=1_000)]
    lake = written(tmp_path, "traffic_summary", [*records, *traffic(christmas, Direct=count)])
    assert not verdict_on(lake, "traffic_summary", christmas).passed
    verdict = verdict_on(lake, "traffic_summary", christmas, holiday_country="US")
    assert verdict.passed is passed
    assert verdict.severity == "warn"
    assert "Christmas Day" in verdict.said
    assert verdict.counts["holiday"] == "Christmas Day"


def test_wrong_holidays_are_told_with_setting_line_and_remedy(tmp_path: Path) -> None:
    with pytest.raises(HolidayError, match=r"CLICKSTREAM_HOLIDAY_COUNTRY=XX.*such as DE"):
        holidays_of([2024], "XX", None)
    listed = tmp_path / "holidays.txt"
    listed.write_text("2024-01-01 New Year\n\n29.11.2024 Black Friday\n")
    with pytest.raises(HolidayError, match=r"line 3: '29.11.2024' is no day. Write lines like"):
        holidays_of([2024], None, listed)
    with pytest.raises(HolidayError, match=r"CLICKSTREAM_HOLIDAYS_FILE=.*cannot be read"):
        holidays_of([2024], None, tmp_path / "nowhere.txt")


def test_holidays_are_read_as_editors_of_other_systems_write_them(tmp_path: Path) -> None:
    listed = tmp_path / "holidays.txt"
    listed.write_bytes("\ufeff2024-01-01\tNew Year\r\n  2024-11-29   Black Friday # sale\r\n2024-12-27\r\n".encode())
    named = {date(2024, 1, 1): "New Year", date(2024, 11, 29): "Black Friday", date(2024, 12, 27): "holiday"}
    assert holidays_of([2024], None, listed) == named


def test_holidays_of_a_part_of_a_country_are_known() -> None:
    assert date(2024, 1, 6) in holidays_of([2024], "DE-BY", None)
    assert date(2024, 1, 6) not in holidays_of([2024], "DE", None)
