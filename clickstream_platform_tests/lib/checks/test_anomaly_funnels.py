"""Funnels are judged by what is final, and by what is configured."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from clickstream_platform.config import get_settings
from clickstream_platform.lib.checks.daily_totals import check_daily_totals
from clickstream_platform.lib.checks.verdict import CheckOptions
from clickstream_platform.lib.funnel_file import FunnelError
from clickstream_platform_tests.lib.checks.anomalies import SAME_WEEKDAYS, verdict_on, written
from clickstream_platform_tests.lib.checks.shop import MONDAY


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with one funnel of two steps, `shop`."""
    file = tmp_path / "funnels.toml"
    file.write_text('[funnels.shop]\nsteps = ["view_item", "purchase"]\n')
    monkeypatch.setenv("CLICKSTREAM_FUNNELS_FILE", str(file))
    get_settings.cache_clear()
    return file


def steps(funnel: str, days: Sequence[date], *reached: int) -> list[dict[str, Any]]:
    """The totals of a funnel, alike on all of the days."""
    cell = {"funnel": funnel, "dimension": "all", "segment": "all", "entered": reached[0], "closes_on": MONDAY}
    return [
        {**cell, "date": day, "step": step, "reached": count, "dropped": reached[max(step - 2, 0)] - count}
        for day in days
        for step, count in enumerate(reached, 1)
    ]


@pytest.mark.parametrize(
    ("past", "said"),
    [
        (steps("old", SAME_WEEKDAYS[1:], 900, 90), "old step 1, old step 2"),
        (steps("shop", SAME_WEEKDAYS[1:], 500, 400, 100), "shop step 3"),
    ],
    ids=["a funnel", "its last step"],
)
def test_what_is_configured_no_longer_is_no_outage(
    configured: Path, tmp_path: Path, past: list[dict[str, Any]], said: str
) -> None:
    kept = steps("shop", SAME_WEEKDAYS, 500, 400)
    lake = written(tmp_path / "lake", "funnel_steps", [*past, *(one for one in kept if one not in past)])
    verdict = verdict_on(lake, "funnel_steps")
    assert verdict.passed, verdict.said
    assert verdict.checked == 4  # attempts of both steps, and the second's rates
    assert verdict.counts["measured no longer"] == said
    assert not [name for name in verdict.counts if name.startswith(tuple(said.split(", ")))]


def test_a_configured_funnel_without_rows_is_an_outage(configured: Path, tmp_path: Path) -> None:
    records = [*steps("shop", SAME_WEEKDAYS[1:], 500, 400), *steps("other", SAME_WEEKDAYS, 90, 9)]
    verdict = verdict_on(written(tmp_path / "lake", "funnel_steps", records), "funnel_steps")
    assert verdict.severity == "error"
    assert "shop step 1: attempts 0 on a Monday, where 500 is usual" in verdict.said
    assert verdict.counts["shop step 2: attempts"] == 0
    assert "measured no longer" not in verdict.counts


def test_days_on_which_a_funnel_of_the_past_was_measured_are_judged_still(configured: Path, tmp_path: Path) -> None:
    records = [*steps("old", SAME_WEEKDAYS[1:], 900, 90), *steps("old", [MONDAY], 100, 10)]
    verdict = verdict_on(written(tmp_path / "lake", "funnel_steps", records), "funnel_steps")
    assert "old step 1: attempts 100 on a Monday, where 900 is usual" in verdict.said
    assert "measured no longer" not in verdict.counts


def test_a_funnel_without_breakdowns_is_not_said_to_have_changed_in_all_of_them(
    configured: Path, tmp_path: Path
) -> None:
    divided = [{**one, "dimension": "channel", "segment": "Email"} for one in steps("other", SAME_WEEKDAYS, 90, 9)]
    records = [*steps("shop", SAME_WEEKDAYS[1:], 500, 400), *steps("shop", [MONDAY], 500, 100), *divided]
    verdict = verdict_on(written(tmp_path / "lake", "funnel_steps", records), "funnel_steps")
    assert "shop step 2: attempts 100 on a Monday, where 400 is usual and 300 to 500 within bounds;" in verdict.said
    assert "spread" not in verdict.said
    assert not [name for name in verdict.counts if name.endswith("moved")]


def test_wrong_funnels_are_told_as_everywhere(configured: Path, tmp_path: Path) -> None:
    configured.write_text("[funnels]")
    lake = written(tmp_path / "lake", "funnel_steps", steps("shop", SAME_WEEKDAYS, 500, 400))
    with pytest.raises(FunnelError, match=r"funnels.toml: defines no funnel"):
        verdict_on(lake, "funnel_steps")


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
