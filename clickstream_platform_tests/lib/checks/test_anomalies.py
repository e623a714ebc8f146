"""Anomalies of daily totals: what is covered, when they are told, how severe they are, and what explains them."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import median_abs_deviation
from statsmodels.robust.scale import mad

from clickstream_platform.config import get_settings
from clickstream_platform.lake import Lake
from clickstream_platform.lib.checks import evaluate
from clickstream_platform.lib.checks.baseline import MAD_TO_DEVIATION, SMALL_SAMPLE, WEEKS, bands, pairs
from clickstream_platform.lib.checks.daily_totals import check_daily_totals
from clickstream_platform.lib.checks.holiday_calendar import HolidayError, holidays_of
from clickstream_platform.lib.checks.measures import NOT_JUDGED, TOTALS, Measure
from clickstream_platform.lib.checks.verdict import CheckOptions, Verdict
from clickstream_platform.schemas import TABLES
from clickstream_platform_tests.lib.checks.shop import MONDAY, rows

DAILY_GOLD = [
    name
    for name, table in TABLES.items()
    if table.layer == "gold" and table.partition_column and name not in NOT_JUDGED
]
SAME_WEEKDAYS = [MONDAY - timedelta(weeks=week) for week in range(WEEKS + 1)]
EVENTS = Measure("events", ("events",), pl.col("events").sum())
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


# What is covered


@pytest.mark.parametrize("table", DAILY_GOLD)
def test_every_number_of_a_daily_gold_table_is_judged_or_left_out_with_a_reason(table: str) -> None:
    schema = TABLES[table].polars_schema()
    numbers = {name for name, dtype in schema.items() if dtype.is_numeric() and name not in TABLES[table].key}
    judged = {column for measure in TOTALS[table].measures for column in measure.columns}
    assert numbers <= judged | set(TOTALS[table].left_out)
    assert not judged & set(TOTALS[table].left_out)
    assert {*judged, *TOTALS[table].left_out} <= set(schema)
    assert all(len(reason) > 10 for reason in TOTALS[table].left_out.values())
    assert set(TOTALS[table].dimensions) <= set(schema)


@pytest.mark.parametrize("table", DAILY_GOLD)
def test_every_measure_of_every_table_can_be_judged(table: str, tmp_path: Path) -> None:
    """Nine alike days of a table whose rows are filled with something: every total is what is expected."""
    records = [{"date": day} for day in SAME_WEEKDAYS]
    if table == "funnel_steps":
        cell = {"funnel": "ecommerce", "dimension": "all", "segment": "all", "closes_on": MONDAY, "step": 1}
        records = [{**record, **cell, "entered": 50, "reached": 50, "dropped": 0} for record in records]
    if table == "channel_attribution":
        records = [{**record, "model": "last"} for record in records]
    lake = written(tmp_path, table, records)
    verdict = verdict_on(lake, table)
    assert verdict.passed, verdict.said
    counted = [measure for measure in TOTALS[table].measures if measure.kind == "count"]
    assert verdict.checked >= len(counted)


# When something is told


def test_spread_is_what_scipy_and_statsmodels_say_with_the_correction_for_few_values() -> None:
    rng = np.random.default_rng(7)
    for weeks in range(4, WEEKS + 1):
        sample = rng.normal(1e6, 3e5, weeks)
        known = pl.DataFrame(
            {
                "day": SAME_WEEKDAYS[: weeks + 1],
                "split": "",
                "measure": 0,
                "value": [1e6, *sample],
                "per": [None] * (weeks + 1),
            },
            schema_overrides={"measure": pl.Int32, "per": pl.Float64},
        )
        (band,) = bands(known, pairs([MONDAY], ()), [EVENTS]).to_dicts()
        assert band["expected"] == pytest.approx(np.median(sample))
        scale = median_abs_deviation(sample) * MAD_TO_DEVIATION * SMALL_SAMPLE[weeks]
        assert band["deviation"] == pytest.approx(scale)
        assert band["deviation"] == pytest.approx(mad(sample) * SMALL_SAMPLE[weeks], rel=1e-4)


def test_the_correction_makes_the_spread_of_few_normal_values_right_on_average() -> None:
    rng = np.random.default_rng(3)
    for weeks in (4, 6, 8):
        samples = rng.normal(0, 1, (200_000, weeks))
        spread = median_abs_deviation(samples, axis=1) * MAD_TO_DEVIATION * SMALL_SAMPLE[weeks]
        assert spread.mean() == pytest.approx(1, abs=0.01)


def test_noise_is_seldom_told_and_a_drop_by_half_always(tmp_path: Path) -> None:
    """300 weeks of a shop with busy weekends, each count off by 8 % and by chance."""
    rng = np.random.default_rng(20)
    days = [MONDAY - timedelta(days=back) for back in range(300 * 7)]
    busy = np.array([3_000 if day.weekday() < 5 else 8_000 for day in days])
    counts = rng.poisson(busy * rng.normal(1, 0.08, len(days)))
    usual = [
        {"date": day, "events": int(count), "revenue": Decimal(0)} for day, count in zip(days, counts, strict=True)
    ]
    lake = written(tmp_path / "usual", "traffic_summary", usual)
    judged = days[: -WEEKS * 7]
    verdicts = list(check_daily_totals(lake, "traffic_summary", judged, CheckOptions()))
    assert sum(not verdict.passed for verdict in verdicts) / len(verdicts) < 0.005
    assert not [verdict for verdict in verdicts if not verdict.passed and verdict.severity == "error"]
    halved = judged[::100]
    for day in halved:
        of_day = next(record for record in usual if record["date"] == day)
        lake.replace(
            "traffic_summary", rows("traffic_summary", [{**of_day, "events": of_day["events"] // 2}]).lazy(), [day]
        )
    found = list(check_daily_totals(lake, "traffic_summary", halved, CheckOptions()))
    assert sum(not verdict.passed for verdict in found) / len(found) >= 0.8
    assert {verdict.day for verdict in found if not verdict.passed} <= set(halved)


@pytest.mark.parametrize(
    ("count", "severity"), [(1_000, None), (1_400, "warn"), (700, "warn"), (300, "error"), (0, "error")]
)
def test_the_threshold_that_is_passed_gives_the_severity(tmp_path: Path, count: int, severity: str | None) -> None:
    records = [record for day in SAME_WEEKDAYS[1:] for record in traffic(day, Direct=1_000)]
    lake = written(tmp_path, "traffic_summary", [*records, *traffic(MONDAY, Direct=count)][: None if count else -2])
    verdict = verdict_on(lake, "traffic_summary")
    assert (None if verdict.passed else verdict.severity) == severity
    assert not verdict.info.blocking


def test_nothing_at_all_is_an_error_however_much_the_weeks_before_differ(tmp_path: Path) -> None:
    counts = dict(zip(SAME_WEEKDAYS[1:], (600, 2_400, 900, 3_000, 700, 2_700, 1_000, 3_300), strict=True))
    records = [record for day, count in counts.items() for record in traffic(day, Direct=count)]
    lake = written(tmp_path, "traffic_summary", records)
    verdict = verdict_on(lake, "traffic_summary")
    assert verdict.severity == "error"
    assert verdict.said.startswith("events 0 on a Monday")
    lake.replace("traffic_summary", rows("traffic_summary", traffic(MONDAY, Direct=100)).lazy(), [MONDAY])
    assert verdict_on(lake, "traffic_summary").passed


def test_settings_move_both_thresholds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = [record for day in SAME_WEEKDAYS[1:] for record in traffic(day, Direct=1_000)]
    lake = written(tmp_path, "traffic_summary", [*records, *traffic(MONDAY, Direct=1_400)])

    def severity() -> str | None:
        get_settings.cache_clear()
        (found,) = [v for v in evaluate(lake, "traffic_summary", [MONDAY]) if v.info.name == "daily_total_anomaly"]
        return None if found.passed else found.severity

    assert severity() == "warn"
    monkeypatch.setenv("CLICKSTREAM_ANOMALY_WARN_CHANGE", "0.5")
    assert severity() is None
    monkeypatch.setenv("CLICKSTREAM_ANOMALY_ERROR_CHANGE", "0.3")
    assert severity() == "error"
    monkeypatch.setenv("CLICKSTREAM_ANOMALY_ERROR_DEVIATIONS", "20")
    monkeypatch.setenv("CLICKSTREAM_ANOMALY_WARN_DEVIATIONS", "20")
    assert severity() is None


def test_rate_is_judged_beside_counts_that_are_as_usual(tmp_path: Path) -> None:
    def day_of(day: date, purchases: int) -> list[dict[str, Any]]:
        steps = {"sessions": 1_000, "view_item": 600, "add_to_cart": 200, "begin_checkout": 100}
        return [{"date": day, "channel": "Direct", **steps, "purchase": purchases}]

    records = [record for day in SAME_WEEKDAYS[1:] for record in day_of(day, 50)]
    lake = written(tmp_path, "conversion_funnel", [*records, *day_of(MONDAY, 5)])
    verdict = verdict_on(lake, "conversion_funnel")
    assert verdict.counts["purchase rate"] == 0.05
    assert verdict.counts["purchase rate expected"] == 0.5
    assert "purchase rate 5.00% on a Monday, where 50.00% is usual" in verdict.said
    assert verdict.counts["sessions"] == verdict.counts["sessions expected"] == 1_000


def test_rate_over_few_is_not_judged(tmp_path: Path) -> None:
    records = [
        {"date": day, "channel": "Direct", "sessions": 20, "view_item": 20, "add_to_cart": 0 if day == MONDAY else 20}
        for day in SAME_WEEKDAYS
    ]
    verdict = verdict_on(written(tmp_path, "conversion_funnel", records), "conversion_funnel")
    assert "add to cart rate" not in verdict.counts


def test_the_first_refunds_in_weeks_are_no_anomaly(tmp_path: Path) -> None:
    def day_of(day: date, refunds: int) -> dict[str, Any]:
        return {"date": day, "product_id": "mug", "refunds": refunds, "refund_amount": Decimal(99 * refunds)}

    records = [day_of(day, 3 if day == MONDAY else 0) for day in SAME_WEEKDAYS]
    lake = written(tmp_path, "product_performance", records)
    verdict = verdict_on(lake, "product_performance")
    assert verdict.passed, verdict.said
    assert verdict.counts["refunds expected"] == 0
    assert "refund amount expected" not in verdict.counts
    lake.replace("product_performance", rows("product_performance", [day_of(MONDAY, 30)]).lazy(), [MONDAY])
    assert "refunds 30 on a Monday, where 0 is usual" in verdict_on(lake, "product_performance").said


# Holidays


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


def test_holidays_of_a_part_of_a_country_are_known() -> None:
    assert date(2024, 1, 6) in holidays_of([2024], "DE-BY", None)
    assert date(2024, 1, 6) not in holidays_of([2024], "DE", None)


# What explains it


def test_the_segment_that_moved_is_named(tmp_path: Path) -> None:
    usual = {"Direct": 1_000, "Email": 400, "Referral": 100}
    records = [record for day in SAME_WEEKDAYS[1:] for record in traffic(day, **usual)]
    lake = written(tmp_path, "traffic_summary", [*records, *traffic(MONDAY, **{**usual, "Direct": 0})])
    verdict = verdict_on(lake, "traffic_summary")
    assert "(most of it: channel Direct 0 instead of 1,000 (100% of the change))" in verdict.said
    moved = str(verdict.counts["events moved"])
    assert moved.startswith("channel Direct 0 instead of 1,000 (100% of the change)")
    assert "country DE 250 instead of 750 (50% of the change)" in moved
    assert "Email" not in moved


def test_a_change_of_everything_is_not_blamed_on_the_largest_segment(tmp_path: Path) -> None:
    records = [
        record
        for day in SAME_WEEKDAYS
        for record in traffic(day, Direct=100 if day == MONDAY else 1_000, Email=10 if day == MONDAY else 100)
    ]
    verdict = verdict_on(written(tmp_path, "traffic_summary", records), "traffic_summary")
    assert "events 110 on a Monday, where 1,100 is usual" in verdict.said
    assert "(spread over all segments)" in verdict.said


def test_a_day_without_any_rows_is_explained_too(tmp_path: Path) -> None:
    records = [record for day in SAME_WEEKDAYS[1:] for record in traffic(day, Direct=1_000)]
    verdict = verdict_on(written(tmp_path, "traffic_summary", records), "traffic_summary")
    assert verdict.severity == "error"
    assert "channel Direct 0 instead of 1,000" in str(verdict.counts["events moved"])


def test_the_segment_whose_rate_moved_is_named_though_no_count_of_it_stands_out(tmp_path: Path) -> None:
    def day_of(day: date, **purchases: int) -> list[dict[str, Any]]:
        steps = {"sessions": 1_000, "view_item": 1_000, "add_to_cart": 1_000, "begin_checkout": 1_000}
        return [{"date": day, "channel": name, **steps, "purchase": count} for name, count in purchases.items()]

    records = [record for day in SAME_WEEKDAYS[1:] for record in day_of(day, Direct=300, Email=300)]
    lake = written(tmp_path, "conversion_funnel", [*records, *day_of(MONDAY, Direct=300, Email=30)])
    verdict = verdict_on(lake, "conversion_funnel")
    assert str(verdict.counts["purchase rate moved"]).startswith("channel Email 3.00% instead of 30.00% (100% of")


def test_a_rate_that_falls_by_who_comes_is_blamed_on_who_came_more(tmp_path: Path) -> None:
    """Nobody buys less often than before, but more of those came who seldom buy."""

    def day_of(day: date, **begun: int) -> list[dict[str, Any]]:
        rates = {"Direct": 0.2, "Email": 0.02}
        return [
            {
                "date": day,
                "channel": name,
                **dict.fromkeys(("sessions", "view_item", "add_to_cart", "begin_checkout"), count),
                "purchase": round(count * rates[name]),
            }
            for name, count in begun.items()
        ]

    records = [record for day in SAME_WEEKDAYS[1:] for record in day_of(day, Direct=3_000, Email=1_000)]
    lake = written(tmp_path, "conversion_funnel", [*records, *day_of(MONDAY, Direct=3_000, Email=5_000)])
    verdict = verdict_on(lake, "conversion_funnel")
    assert str(verdict.counts["purchase rate moved"]).startswith("channel Email 2.00% instead of 2.00% (75% of")


def test_of_many_segments_those_that_stand_out_are_named(tmp_path: Path) -> None:
    usual = {"Direct": 1_000, "Email": 400, "Referral": 400, "Display": 400, "Audio": 400}
    now = {name: 0 if name == "Direct" else 200 for name in usual}
    records = [record for day in SAME_WEEKDAYS[1:] for record in traffic(day, **usual)]
    lake = written(tmp_path, "traffic_summary", [*records, *traffic(MONDAY, **now)])
    moved = str(verdict_on(lake, "traffic_summary").counts["events moved"])
    assert moved.startswith("channel Direct 0 instead of 1,000 (56% of the change)")
    assert moved.count("channel ") == 3


@few
@given(
    usual=st.lists(st.integers(200, 2_000), min_size=2, max_size=6),
    which=st.integers(0, 5),
    factor=st.sampled_from([0.0, 0.1, 3.0, 10.0]),
    seed=st.integers(0, 9),
)
def test_scaling_one_segment_is_explained_by_it(
    usual: list[int], which: int, factor: float, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    which %= len(usual)
    rng = np.random.default_rng(seed)
    records = []
    for day in SAME_WEEKDAYS:
        counts = [int(count * rng.uniform(0.98, 1.02)) for count in usual]
        if day == MONDAY:
            counts[which] = int(counts[which] * factor)
        records += traffic(day, **{f"c{number}": count for number, count in enumerate(counts)})
    lake = written(tmp_path_factory.mktemp("lake"), "traffic_summary", records)
    verdict = verdict_on(lake, "traffic_summary", anomaly_least_change=0.05)
    if not verdict.passed and "events moved" in verdict.counts:
        assert str(verdict.counts["events moved"]).startswith(f"channel c{which} ")
    share = usual[which] * abs(factor - 1) / sum(usual)
    if share > 0.6:
        assert not verdict.passed


# How it is computed


@few
@given(random=st.randoms(use_true_random=False))
def test_order_of_rows_changes_nothing(tmp_path_factory: pytest.TempPathFactory, random: Any) -> None:
    rng = np.random.default_rng(1)
    records = [
        record
        for day in SAME_WEEKDAYS
        for record in traffic(day, **{name: int(rng.integers(100, 900)) for name in ("Direct", "Email", "Display")})
    ]
    shuffled = random.sample(records, len(records))
    verdicts = [
        verdict_on(written(tmp_path_factory.mktemp("lake"), "traffic_summary", some), "traffic_summary")
        for some in (records, shuffled)
    ]
    assert verdicts[0] == verdicts[1]


def test_time_zone_of_the_machine_changes_nothing(tmp_path: Path) -> None:
    records = [record for day in SAME_WEEKDAYS for record in traffic(day, Direct=10 if day == MONDAY else 1_000)]
    lake = written(tmp_path, "traffic_summary", records)
    code = (
        "import sys; from datetime import date; from clickstream_platform.lake import Lake;"
        "from clickstream_platform.lib.checks import evaluate;"
        "print([(v.day, v.said, v.counts) for v in evaluate(Lake(sys.argv[1]), 'traffic_summary', [date(2024, 3, 4)])])"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code, lake.uri],
            env={**os.environ, "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for zone in ("Pacific/Kiritimati", "America/Los_Angeles")
    }
    assert len(said) == 1
    assert "on a Monday" in said.pop()


def test_a_day_reads_itself_and_the_same_weekdays_before_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [MONDAY - timedelta(days=back) for back in range(80)]
    lake = written(tmp_path, "traffic_summary", [record for day in days for record in traffic(day, Direct=900)])
    asked: list[set[date]] = []
    scan = Lake.scan

    def watched(self: Lake, table: str, days: Any = None) -> pl.LazyFrame:
        asked.append(set(days))
        return scan(self, table, days)

    monkeypatch.setattr(Lake, "scan", watched)
    assert verdict_on(lake, "traffic_summary").passed
    assert asked == [set(SAME_WEEKDAYS)]


def test_open_days_of_a_funnel_are_judged_by_what_is_final(tmp_path: Path) -> None:
    def day_of(day: date) -> list[dict[str, Any]]:
        cell = {"funnel": "week", "within": "7d", "date": day, "entered": 100, "closes_on": day + timedelta(days=7)}
        bought = 2 if day == MONDAY else 40
        return [
            {**cell, "dimension": dimension, "segment": segment, "step": step, "reached": reached, "dropped": lost}
            for dimension, segment in (("all", "all"), ("channel", "Direct"))
            for step, reached, lost in ((1, 100, 0), (2, bought, 100 - bought))
        ]

    lake = written(tmp_path, "funnel_steps", [record for day in SAME_WEEKDAYS for record in day_of(day)])
    tomorrow, later = MONDAY + timedelta(days=1), MONDAY + timedelta(days=8)
    (still_open,) = check_daily_totals(lake, "funnel_steps", [MONDAY], CheckOptions(), today=tomorrow)
    assert still_open.passed
    assert still_open.counts["week step 1: attempts"] == 100
    assert "week step 2: attempts" not in still_open.counts
    (final,) = check_daily_totals(lake, "funnel_steps", [MONDAY], CheckOptions(), today=later)
    assert not final.passed
    assert "week step 2: of first step 2.00% on a Monday, where 40.00% is usual" in final.said
    assert str(final.counts["week step 2: attempts moved"]).startswith("channel Direct 2 instead of 40 (100%")
