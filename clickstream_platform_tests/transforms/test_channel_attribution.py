"""Credit by every model: the rules by hand and against another program, sums, refunds, spend, odd input."""

import os
import time
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mam import MAM
from polars.testing import assert_frame_equal

from clickstream_platform.transforms.channel_attribution import ATTRIBUTION_MODELS
from clickstream_platform_tests.transforms.paths import click, credit_of, credited, paths_of, purchase, refund
from clickstream_platform_tests.transforms.rows import DAY, at

YESTERDAY, TOMORROW = DAY - timedelta(days=1), DAY + timedelta(days=1)
RULES = ("first", "last", "last_non_direct", "linear", "position_based", "time_decay")
FITTED = ("markov", "shapley")
CHANNELS = ("Email", "Display", "Direct", "Affiliates", "Paid Search")


def path(*channels: str, entity: str = "ann", value: str = "10.00", hour: int = 10, buys: bool = True) -> list[Any]:
    """A click a minute, and a purchase at the next full hour."""
    clicks = [click(at(f"{hour - 1:02}:{minute:02}"), name, entity) for minute, name in enumerate(channels)]
    return [*clicks, purchase(at(f"{hour:02}:00"), value, entity)] if buys else clicks


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


JOURNEY = st.lists(st.tuples(st.sampled_from(CHANNELS), st.integers(0, 600)), min_size=0, max_size=6)
SHOP = st.lists(
    st.tuples(JOURNEY, st.booleans(), st.integers(0, 100_000), st.lists(st.integers(1, 150_000), max_size=2)),
    min_size=1,
    max_size=6,
)


def shop(journeys: list[Any]) -> list[Any]:
    """Clicks so many hours before noon of DAY, a purchase at noon, refunds in the afternoon; an entity a journey."""
    rows: list[Any] = []
    noon = at("12:00")
    for number, (touches, buys, cents, refunds) in enumerate(journeys):
        who = f"v{number}"
        rows += [
            click(noon - timedelta(hours=hours, seconds=place), channel, who)
            for place, (channel, hours) in enumerate(touches)
        ]
        if buys:
            order = purchase(noon, str(Decimal(cents) / 100), who)
            rows.append(order)
            rows += [
                refund(noon + timedelta(hours=1 + place), order, str(Decimal(back) / 100), event_id=f"{who}-{place}")
                for place, back in enumerate(refunds)
            ]
    return rows


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


@pytest.fixture
def far_east() -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Pacific/Kiritimati"
    time.tzset()
    yield
    os.environ.pop("TZ")
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


MIXED = [
    ([("Email", 30), ("Display", 20), ("Email", 2)], True, 9999, [3333]),
    ([("Direct", 100), ("Affiliates", 90)], True, 1001, []),
    ([("Display", 3)], False, 0, []),
    ([], True, 500, [700]),
]


def test_the_machines_time_zone_changes_nothing(request: pytest.FixtureRequest) -> None:
    here = credit_of(*shop(MIXED))
    request.getfixturevalue("far_east")
    assert_frame_equal(credit_of(*shop(MIXED)), here, check_exact=True)


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


def test_fitted_on_one_day_the_models_are_the_classical_ones() -> None:
    """Worked example of the removal effect (serhiipuzyrov.com, 2019): effects 3/4 and 1/2, so of 4 conversions
    Google Ads has 2.4 and mailing 1.6. Shapley by hand: rates 2/3 (Google), 1 (mailing), 4/5 (both)."""
    rows = [
        *path("Google Ads", entity="a"),
        *path("Google Ads", entity="b"),
        *path("Mailing", entity="c"),
        *path("Google Ads", "Mailing", entity="d"),
        *path("Google Ads", entity="e", buys=False),
    ]
    credit = credit_of(*rows, window=1)
    assert credited(credit, "markov") == pytest.approx({"Google Ads": 2.4, "Mailing": 1.6}, abs=1e-8)
    google, mailing = (2 / 3 + 4 / 5 - 1) / 2, (1 + 4 / 5 - 2 / 3) / 2
    expected = {"Google Ads": 4 * google / (google + mailing), "Mailing": 4 * mailing / (google + mailing)}
    assert credited(credit, "shapley") == pytest.approx(expected, abs=1e-8)


def test_a_channel_without_a_touch_that_day_gets_nothing_of_it() -> None:
    rows = [
        click(at("09:00", YESTERDAY), "Display", "bob"),
        purchase(at("10:00", YESTERDAY), entity="bob"),
        *path("Email"),
    ]
    credit = credit_of(*rows)
    assert [credited(credit, model) for model in FITTED] == [{"Email": 1}, {"Email": 1}]


def test_campaigns_share_their_channels_fitted_credit_as_by_the_linear_model() -> None:
    rows = [
        click(at("09:00"), "Email", campaign="a"),
        click(at("09:01"), "Email", campaign="b"),
        click(at("09:02"), "Email", campaign="b", event_id="x"),
        purchase(at("10:00")),
    ]
    markov = credit_of(*rows).filter(model="markov").select("campaign", "conversions")
    assert dict(markov.rows()) == pytest.approx({"a": 1 / 3, "b": 2 / 3}, abs=2e-9)


def test_a_conversion_without_touches_is_directs_by_every_model() -> None:
    credit = credit_of(purchase(at("10:00"), "8.40"))
    assert credit.select("channel", "campaign", "conversions", "revenue").unique().rows() == [
        ("Direct", "(not set)", 1.0, Decimal("8.40"))
    ]
    assert set(credit["model"]) == set(ATTRIBUTION_MODELS)


def test_cents_that_do_not_divide_are_not_lost() -> None:
    credit = credit_of(*path("A", "B", "C", value="0.02"))
    assert credit.group_by("model").agg(pl.col("revenue").sum())["revenue"].unique().to_list() == [Decimal("0.02")]
    assert credited(credit, "linear", "revenue") == {"A": 0.01, "C": 0.01}


def test_a_full_refund_takes_back_exactly_what_was_credited() -> None:
    order = path("Email", "Display", "Affiliates", value="10.01")
    credit = credit_of(*order, refund(at("20:00"), order[-1], "4.99"), refund(at("21:00"), order[-1], "5.02"))
    assert credit["revenue"].to_list() == credit["refunds"].to_list()
    assert credit["net_revenue"].unique().to_list() == [Decimal("0.00")]


def test_a_refund_on_another_day_is_taken_back_there() -> None:
    order = path("Email", "Display", value="10.00")
    rows = [*order, refund(at("09:00", TOMORROW), order[-1], "3.00", entity="bob")]
    credit = credit_of(*rows, last=TOMORROW)
    refunds = credit.filter(pl.col("refunds") > 0)
    assert set(refunds["date"]) == {TOMORROW}
    assert credited(refunds, "linear", "refunds") == {"Display": 1.5, "Email": 1.5}
    alone = credit_of(*rows, first=TOMORROW, last=TOMORROW)
    assert_frame_equal(alone, credit.filter(date=TOMORROW), check_exact=True)


def test_what_is_refunded_beyond_the_order_is_nobodys() -> None:
    order = path("Email", value="10.00")
    amounts = {"20:00": "8.00", "21:00": "8.00", "22:00": "1.00"}
    credit = credit_of(*order, *(refund(at(clock), order[-1], amount) for clock, amount in amounts.items()))
    for model in ATTRIBUTION_MODELS:
        assert credited(credit, model, "refunds") == {"(unknown)": 7, "Email": 10}


def test_a_refund_of_an_unknown_order_is_nobodys() -> None:
    unknown = {"(unknown)": 5.0}
    assert credited(credit_of(refund(at("09:00"), "nothing", "5.00")), "linear", "refunds") == unknown
    assert credited(credit_of(refund(at("09:00"), "nothing", "5.00", order_id=None)), "markov", "refunds") == unknown
    early = purchase(at("09:00") - timedelta(days=6), "9.00")
    late = [early, refund(at("09:00"), early, "5.00")]
    assert credited(credit_of(*late, refund_days=5), "linear", "refunds") == unknown
    assert credited(credit_of(*late, refund_days=6), "linear", "refunds") == {"Direct": 5.0}


def test_an_order_id_used_twice_is_the_latest_orders() -> None:
    first = [click(at("08:00"), "Email"), purchase(at("09:00"), "10.00", order_id="o")]
    second = [click(at("10:00"), "Display"), purchase(at("11:00"), "10.00", order_id="o")]
    credit = credit_of(*first, *second, refund(at("12:00"), "o", "4.00"))
    assert credited(credit, "linear", "refunds") == {"Display": 4}


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


def test_a_path_of_a_thousand_touches_is_shared_to_the_cent() -> None:
    start = at("00:00")
    clicks = [click(start + timedelta(seconds=number), CHANNELS[number % 5]) for number in range(1000)]
    credit = credit_of(*clicks, purchase(at("20:00"), "123.45"))
    sums = credit.group_by("model").agg(pl.col("revenue").sum(), pl.col("conversions").sum())
    assert sums["revenue"].unique().to_list() == [Decimal("123.45")]
    assert sums["conversions"].to_list() == pytest.approx([1] * 8)
    assert credited(credit, "linear") == pytest.approx(dict.fromkeys(sorted(CHANNELS), 0.2))


def test_a_day_without_anything_has_no_rows() -> None:
    assert credit_of(click(at("09:00"))).is_empty()


def test_free_purchases_are_conversions_without_revenue() -> None:
    credit = credit_of(*path("Email", "Display", value="0.00"))
    assert credited(credit, "linear") == {"Display": 0.5, "Email": 0.5}
    assert credited(credit, "linear", "revenue") == {}
