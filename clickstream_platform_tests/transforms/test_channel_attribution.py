"""What every model has in common: sums, spend, odd days; no order of rows and no time zone changes anything."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from clickstream_platform.transforms.channel_attribution import ATTRIBUTION_MODELS
from clickstream_platform_tests.time_zones import ELSEWHERE, said_in
from clickstream_platform_tests.transforms.journeys import SHOP, path, shop
from clickstream_platform_tests.transforms.paths import click, credit_of, credited, paths_of, purchase
from clickstream_platform_tests.transforms.rows import DAY, at

TOMORROW = DAY + timedelta(days=1)


@settings(max_examples=6, deadline=None)
@given(SHOP)
def test_every_models_credit_adds_up_and_goes_to_channels_of_the_paths(journeys: list[Any]) -> None:
    rows = shop(journeys)
    credit = credit_of(*rows)
    paths = paths_of(*rows).filter(outcome="conversion")
    back = sum((row["value"] for row in rows if row["event_name"] == "refund"), Decimal(0))
    touched = {touch["channel"] for touches in paths["touches"].drop_nulls() for touch in touches}
    allowed = touched | ({"Direct"} if (paths["touch_count"] == 0).any() else set())
    for model in ATTRIBUTION_MODELS if rows else ():
        found = credit.filter(model=model)
        assert found["conversions"].sum() == pytest.approx(paths.height, abs=1e-7)
        assert found["revenue"].sum() == paths["revenue"].sum()
        assert found["refunds"].sum() == back
        assert set(credited(credit, model)) <= allowed
        assert set(credited(credit, model, "revenue")) <= allowed


@settings(max_examples=3, deadline=None)
@given(SHOP, st.randoms())
def test_the_order_of_rows_changes_nothing(journeys: list[Any], random: Any) -> None:
    rows = shop(journeys)
    shuffled = random.sample(rows, len(rows))
    assert_frame_equal(credit_of(*shuffled), credit_of(*rows), check_exact=True)


MIXED = [
    ([("Email", 30), ("Display", 20), ("Email", 2)], True, 9999, [3333]),
    ([("Direct", 100), ("Affiliates", 90)], True, 1001, []),
    ([("Display", 3)], False, 0, []),
    ([], True, 500, [700]),
]


@pytest.mark.parametrize("zone", ELSEWHERE)
def test_the_machines_time_zone_changes_nothing(zone: str) -> None:
    code = (
        "from clickstream_platform_tests.transforms import test_channel_attribution as t;"
        "print(t.credit_of(*t.shop(t.MIXED)).write_csv(), end='')"
    )
    assert said_in(zone, code) == credit_of(*shop(MIXED)).write_csv().strip()


def test_a_conversion_without_touches_is_directs_by_every_model() -> None:
    credit = credit_of(purchase(at("10:00"), "8.40"))
    assert credit.select("channel", "campaign", "conversions", "revenue").unique().rows() == [
        ("Direct", "(not set)", 1.0, Decimal("8.40"))
    ]
    assert set(credit["model"]) == set(ATTRIBUTION_MODELS)


def spend(channel: str, campaign: str, cost: str, **fields: Any) -> dict[str, Any]:
    line = {"spend_date": DAY, "source": "s", "medium": "m", "impressions": None, "clicks": None}
    return {**line, "channel": channel, "campaign": campaign, "cost": Decimal(cost), **fields}


def test_return_on_spend() -> None:
    lines = [spend("Email", "email-sale", "3.00"), spend("Email", "email-sale", "1.00", source="other")]
    credit = credit_of(*path("Email", "Display", value="10.00"), spend=lines)
    linear = credit.filter(model="linear").select("channel", "cost", "roas").rows()
    assert linear == [("Display", None, None), ("Email", Decimal("4.00"), 1.25)]


def test_spend_without_clicks_and_on_an_unheard_of_channel_keeps_a_row() -> None:
    credit = credit_of(*path("Email"), spend=[spend("Skywriting", "summer", "99.00"), spend("Email", "free", "0.00")])
    row = credit.filter(channel="Skywriting", model="shapley").row(0, named=True)
    assert (row["conversions"], row["revenue"], row["cost"], row["roas"]) == (0, 0, Decimal("99.00"), 0)
    assert credit.filter(campaign="free")["roas"].is_null().all()
    assert credit.group_by("channel", "campaign").len()["len"].unique().to_list() == [len(ATTRIBUTION_MODELS)]


def test_spend_of_other_days_is_not_counted() -> None:
    credit = credit_of(*path("Email"), spend=[spend("Email", "email-sale", "5.00", spend_date=TOMORROW)])
    assert credit["cost"].is_null().all()


def test_a_day_without_anything_has_no_rows() -> None:
    assert credit_of(click(at("09:00"))).is_empty()
