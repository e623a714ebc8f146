"""Touches are accounted for, and credit adds up: on a built day that is right, and on days that were tampered with."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from clickstream_platform.lake import Lake
from clickstream_platform.lib.checks.credit import check_credit
from clickstream_platform.lib.checks.touches import check_touches
from clickstream_platform.transforms import sessions, touchpoints
from clickstream_platform_tests.lib.checks.shop import rewrite
from clickstream_platform_tests.transforms.paths import click, credit_of, paths_of, purchase, refund
from clickstream_platform_tests.transforms.rows import DAY, HALF_HOUR, at, clean_events, event

REFUSES = {"ads_consent": False, "analytics_consent": True}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    order = purchase(at("10:00"), "10.01")
    rows = [
        click(at("09:00")),
        click(at("09:30"), "Display"),
        order,
        refund(at("20:00"), order, "12.00"),
        click(at("09:00"), entity="bot", is_bot=True),
        click(at("09:00"), entity="shy", **REFUSES),
        event(at("09:00"), entity="dan"),
        event(at("09:00"), entity="eve", **REFUSES),
    ]
    events = clean_events(*rows)
    visits = sessions(events, first_day=DAY, last_day=DAY, timeout=HALF_HOUR)
    made = Lake(str(tmp_path))
    made.replace("events_clean", events.to_native(), [DAY])
    made.replace("sessions", visits.to_native(), [DAY])
    made.replace("touchpoints", touchpoints(events, visits).to_native(), [DAY])
    made.replace("conversion_paths", paths_of(*rows).lazy(), [DAY])
    made.replace("channel_attribution", credit_of(*rows).lazy(), [DAY])
    return made


def test_touches_bots_and_withheld_ones_are_counted(lake: Lake) -> None:
    (verdict,) = check_touches(lake, [DAY])
    assert verdict.passed
    assert verdict.counts["events with a source"] == 4
    assert (verdict.counts["of bots"], verdict.counts["withheld for lack of consent"]) == (1, 1)
    assert verdict.counts["Direct sessions withheld for lack of consent"] == 1


@pytest.mark.parametrize("kind", ["source", "session_start"])
def test_a_lost_touch_is_noticed(lake: Lake, kind: str) -> None:
    rewrite(lake, "touchpoints", lambda frame: frame.filter(pl.col("touch_type") != kind), DAY)
    (verdict,) = check_touches(lake, [DAY])
    assert not verdict.passed and "≠" in verdict.said


def test_credit_of_every_model_is_compared(lake: Lake) -> None:
    (verdict,) = check_credit(lake, [DAY])
    assert verdict.passed, verdict.said
    assert dict(verdict.counts) == {"conversions": 1.0, "revenue": 10.01, "refunds": 12.0}


@pytest.mark.parametrize(
    "change",
    [
        pl.col("revenue") + Decimal("0.01"),
        pl.col("refunds") - Decimal("0.01"),
        pl.col("conversions") + 0.001,
    ],
)
def test_credit_that_is_off_in_one_model_fails(lake: Lake, change: pl.Expr) -> None:
    column = change.meta.root_names()[0]

    def tampered(frame: pl.DataFrame) -> pl.DataFrame:
        one = (pl.col("model") == "markov") & (pl.col("channel") == "Email")
        dtype = frame.schema[column]
        return frame.with_columns(pl.when(one).then(change.cast(dtype)).otherwise(column).cast(dtype).alias(column))

    rewrite(lake, "channel_attribution", tampered, DAY)
    (verdict,) = check_credit(lake, [DAY])
    assert verdict.failed == 1 and verdict.said.startswith(f"markov: {column}")


def test_a_day_without_its_credit_fails(lake: Lake) -> None:
    drop: Callable[[pl.DataFrame], pl.DataFrame] = lambda frame: frame.filter(pl.col("model") != "linear")  # noqa: E731
    rewrite(lake, "channel_attribution", drop, DAY)
    (verdict,) = check_credit(lake, [DAY])
    assert "linear: conversions 0.0 instead of 1.0" in verdict.said
