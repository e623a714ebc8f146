"""Which segments an anomaly is explained by."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickstream_platform_tests.lib.checks.anomalies import SAME_WEEKDAYS, few, traffic, verdict_on, written
from clickstream_platform_tests.lib.checks.shop import MONDAY


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
