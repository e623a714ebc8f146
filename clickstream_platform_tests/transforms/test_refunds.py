"""Refunds: taken back where the order was credited, on their own day, and never more than it was worth."""

from datetime import timedelta
from decimal import Decimal

import polars as pl
from polars.testing import assert_frame_equal

from clickstream_platform.transforms.channel_attribution import ATTRIBUTION_MODELS
from clickstream_platform_tests.transforms.journeys import path
from clickstream_platform_tests.transforms.paths import click, credit_of, credited, purchase, refund
from clickstream_platform_tests.transforms.rows import DAY, at

TOMORROW = DAY + timedelta(days=1)


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


def test_a_second_days_refunds_take_what_the_first_days_left() -> None:
    order = path("Email", value="10.00")
    amounts = {at("20:00"): "4.00", at("21:00"): "4.00", at("20:00", TOMORROW): "3.00", at("21:00", TOMORROW): "2.50"}
    credit = credit_of(*order, *(refund(when, order[-1], amount) for when, amount in amounts.items()), last=TOMORROW)
    first, second = (credited(credit.filter(date=day), "linear", "refunds") for day in (DAY, TOMORROW))
    assert (first, second) == ({"Email": 8}, {"(unknown)": 3.5, "Email": 2})


def test_a_refund_of_an_unknown_order_is_nobodys() -> None:
    unknown = {"(unknown)": 5.0}
    assert credited(credit_of(refund(at("09:00"), "nothing", "5.00")), "linear", "refunds") == unknown
    assert credited(credit_of(refund(at("09:00"), "nothing", "5.00", order_id=None)), "markov", "refunds") == unknown
    early = purchase(at("09:00") - timedelta(days=6), "9.00")
    late = [early, refund(at("09:00"), early, "5.00")]
    assert credited(credit_of(*late, refund_days=5), "linear", "refunds") == unknown
    assert credited(credit_of(*late, refund_days=6), "linear", "refunds") == {"Direct": 5.0}
    with_the_day_before = credit_of(*late, first=DAY - timedelta(days=1), refund_days=5)
    assert credited(with_the_day_before, "linear", "refunds") == unknown


def test_an_order_id_used_twice_is_the_latest_orders() -> None:
    first = [click(at("08:00"), "Email"), purchase(at("09:00"), "10.00", order_id="o")]
    second = [click(at("10:00"), "Display"), purchase(at("11:00"), "10.00", order_id="o")]
    credit = credit_of(*first, *second, refund(at("12:00"), "o", "4.00"))
    assert credited(credit, "linear", "refunds") == {"Display": 4}
