"""Credit by the rules: by hand, and against another program; how repeats, cents and odd paths are treated."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mam import MAM

from clickstream_platform_tests.transforms.journeys import CHANNELS, JOURNEY, path, shop
from clickstream_platform_tests.transforms.paths import click, credit_of, credited, paths_of, purchase
from clickstream_platform_tests.transforms.rows import at


def test_positions_share_two_fifths_a_fifth_and_two_fifths() -> None:
    def share(*channels: str) -> dict[str, float]:
        return credited(credit_of(*path(*channels)), "position_based")

    assert share("A") == {"A": 1}
    assert share("A", "B") == {"A": 0.5, "B": 0.5}
    assert share("A", "B", "C") == {"A": 0.4, "B": 0.2, "C": 0.4}
    assert share("A", "B", "C", "D") == {"A": 0.4, "B": 0.1, "C": 0.1, "D": 0.4}
    assert share("A", "B", "A") == {"A": 0.8, "B": 0.2}


def test_direct_is_passed_over_unless_there_is_nothing_else() -> None:
    credit = credit_of(*path("Email", "Display", "Direct"))
    assert credited(credit, "last") == {"Direct": 1}
    assert credited(credit, "last_non_direct") == {"Display": 1}
    assert credited(credit_of(*path("Direct", "Direct")), "last_non_direct") == {"Direct": 1}


def test_a_touch_counts_half_after_the_half_life() -> None:
    rows = [
        click(at("10:00") - timedelta(days=14), "Email"),
        click(at("10:00") - timedelta(days=7), "Display"),
        click(at("10:00"), "Affiliates"),
        purchase(at("12:00")),
    ]
    shares = credited(credit_of(*rows), "time_decay")
    assert shares == pytest.approx({"Email": 1 / 7, "Display": 2 / 7, "Affiliates": 4 / 7}, abs=2e-9)


def test_touches_many_half_lives_old_still_share_what_there_is() -> None:
    rows = [
        click(at("10:00") - timedelta(days=29), "Email"),
        click(at("10:00") - timedelta(days=29), "Display", event_id="other"),
        purchase(at("12:00")),
    ]
    shares = credited(credit_of(*rows, half_life=timedelta(minutes=1)), "time_decay")
    assert shares == {"Display": 0.5, "Email": 0.5}


@pytest.mark.parametrize(
    ("treatment", "linear"),
    [
        ("unique", {"Display": 0.4, "Email": 0.6}),
        ("exposure", {"Display": 1 / 3, "Email": 2 / 3}),
        ("first", {"Display": 0.5, "Email": 0.5}),
        ("last", {"Display": 0.5, "Email": 0.5}),
    ],
)
def test_repeats_are_treated_as_the_setting_says(treatment: str, linear: dict[str, float]) -> None:
    credit = credit_of(*path("Email", "Email", "Display", "Display", "Email"), treatment=treatment)
    assert credited(credit, "linear") == pytest.approx(linear, abs=2e-9)
    last = {"first": {"Display": 1}}.get(treatment, {"Email": 1})
    first = {"last": {"Display": 1}}.get(treatment, {"Email": 1})
    assert (credited(credit, "first"), credited(credit, "last")) == (first, last)


def test_another_campaign_is_no_repeat() -> None:
    rows = [click(at("09:00"), campaign="a"), click(at("09:01"), campaign="b"), purchase(at("10:00"))]
    linear = credit_of(*rows, treatment="exposure").filter(model="linear")
    assert linear.select("campaign", "conversions").rows() == [("a", 0.5), ("b", 0.5)]


def test_an_unknown_treatment_is_refused() -> None:
    with pytest.raises(ValueError, match="not by 'twice'"):
        credit_of(*path("Email"), treatment="twice")


def test_cents_that_do_not_divide_are_not_lost() -> None:
    credit = credit_of(*path("A", "B", "C", value="0.02"))
    assert credit.group_by("model").agg(pl.col("revenue").sum())["revenue"].unique().to_list() == [Decimal("0.02")]
    assert credited(credit, "linear", "revenue") == {"A": 0.01, "C": 0.01}


def test_a_path_of_a_thousand_touches_is_shared_to_the_cent() -> None:
    start = at("00:00")
    clicks = [click(start + timedelta(seconds=number), CHANNELS[number % 5]) for number in range(1000)]
    credit = credit_of(*clicks, purchase(at("20:00"), "123.45"))
    sums = credit.group_by("model").agg(pl.col("revenue").sum(), pl.col("conversions").sum())
    assert sums["revenue"].unique().to_list() == [Decimal("123.45")]
    assert sums["conversions"].to_list() == pytest.approx([1] * 8)
    assert credited(credit, "linear") == pytest.approx(dict.fromkeys(sorted(CHANNELS), 0.2))


def test_free_purchases_are_conversions_without_revenue() -> None:
    credit = credit_of(*path("Email", "Display", value="0.00"))
    assert credited(credit, "linear") == {"Display": 0.5, "Email": 0.5}
    assert credited(credit, "linear", "revenue") == {}


@settings(max_examples=5, deadline=None)
@given(st.lists(st.tuples(JOURNEY.filter(bool), st.integers(1, 50_000)), min_size=1, max_size=5))
def test_another_program_shares_alike(journeys: list[Any]) -> None:
    """Package `marketing-attribution-models`, over whole paths; its revenue is not rounded to cents."""
    rows = shop([(touches, True, cents, []) for touches, cents in journeys])
    noon = at("12:00")
    table = [
        {
            "channels": " > ".join(touch["channel"] for touch in found["touches"]),
            "hours": " > ".join(repr((noon - one["touched_at"]) / timedelta(hours=1)) for one in found["touches"]),
            "value": float(found["revenue"]),
        }
        for found in paths_of(*rows).filter(outcome="conversion").to_dicts()
    ]
    theirs = MAM(
        pl.DataFrame(table).with_columns(id=pl.int_range(pl.len()).cast(pl.String), converts=True),
        format_type="journey",
        channels_colname="channels",
        journey_with_conv_colname="converts",
        user_id_colname="id",
        time_till_conv_colname="hours",
        conversion_value_colname="value",
    )
    credit = credit_of(*rows)
    runs = {
        "first": theirs.run_first_click(),
        "last": theirs.run_last_click(),
        "linear": theirs.run_linear(),
        "position_based": theirs.run_position_based(),
        "time_decay": theirs.run_time_decay(),
    }
    most_off = 0.01 * sum(len(touches) for touches, _ in journeys) + 1e-6
    for model, result in runs.items():
        expected = dict(result.to_polars().with_columns(pl.col("channels").cast(pl.String)).rows())
        ours = credited(credit, model, "revenue")
        for channel in set(expected) | set(ours):
            assert ours.get(channel, 0) == pytest.approx(expected.get(channel, 0), abs=most_off), (model, channel)
