"""Credit by the fitted models: the classical worked example, and how a day's credit is shared by their effects."""

from datetime import timedelta

import pytest

from clickstream_platform_tests.transforms.journeys import path
from clickstream_platform_tests.transforms.paths import click, credit_of, credited, purchase
from clickstream_platform_tests.transforms.rows import DAY, at

YESTERDAY = DAY - timedelta(days=1)
FITTED = ("markov", "shapley")


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
