"""When a daily total is told as an anomaly, and how severe it is."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.stats import median_abs_deviation
from statsmodels.robust.scale import mad

from clickstream_platform.config import get_settings
from clickstream_platform.lib.checks import evaluate
from clickstream_platform.lib.checks.baseline import MAD_TO_DEVIATION, SMALL_SAMPLE, WEEKS, bands, pairs
from clickstream_platform.lib.checks.daily_totals import check_daily_totals
from clickstream_platform.lib.checks.measures import Measure
from clickstream_platform.lib.checks.verdict import CheckOptions
from clickstream_platform_tests.lib.checks.anomalies import SAME_WEEKDAYS, traffic, verdict_on, written
from clickstream_platform_tests.lib.checks.shop import MONDAY, rows

EVENTS = Measure("events", ("events",), pl.col("events").sum())


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
    assert verdict.said.startswith("events 0 on a Monday, where 1,700 is usual and never less than 600 was (")
    lake.replace("traffic_summary", rows("traffic_summary", traffic(MONDAY, Direct=100)).lazy(), [MONDAY])
    assert verdict_on(lake, "traffic_summary").passed


def test_bounds_are_those_that_are_passed_whichever_setting_is_wider(tmp_path: Path) -> None:
    records = [record for day in SAME_WEEKDAYS[1:] for record in traffic(day, Direct=1_000)]
    lake = written(tmp_path, "traffic_summary", [*records, *traffic(MONDAY, Direct=1_500)])
    verdict = verdict_on(lake, "traffic_summary", anomaly_least_change=0.9, anomaly_error_change=0.4)
    assert (verdict.passed, verdict.severity) == (False, "error")
    assert "where 1,000 is usual and 600 to 1,400 within bounds" in verdict.said


def test_where_refunds_are_more_than_sales_bounds_are_below_zero(tmp_path: Path) -> None:
    def day_of(day: date, revenue: int) -> dict[str, Any]:
        return {"date": day, "event_name": "purchase", "events": 400, "revenue": Decimal(revenue)}

    records = [day_of(day, -9_000 if day == MONDAY else -1_000) for day in SAME_WEEKDAYS]
    verdict = verdict_on(written(tmp_path, "traffic_summary", records), "traffic_summary")
    assert "revenue -9,000 on a Monday, where -1,000 is usual and -1,283 to -717 within bounds" in verdict.said


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
