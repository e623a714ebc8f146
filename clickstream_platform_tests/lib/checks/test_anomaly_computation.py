"""What the anomaly check reads, and what changes nothing in what it says."""

import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickstream_platform.lake import Lake
from clickstream_platform_tests.lib.checks.anomalies import (
    SAME_WEEKDAYS,
    few,
    traffic,
    verdict_on,
    written,
)
from clickstream_platform_tests.lib.checks.shop import MONDAY


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
