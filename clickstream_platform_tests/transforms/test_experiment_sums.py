"""The sums that experiment_results is made of, by cases and in any time zone."""

from datetime import date, timedelta
from typing import Any

import pytest

from clickstream_platform.transforms import ExperimentSpan
from clickstream_platform_tests.time_zones import ELSEWHERE, said_in
from clickstream_platform_tests.transforms.experiments import buys, of, returns, shows, sums
from clickstream_platform_tests.transforms.rows import DAY, at

NEXT = DAY + timedelta(days=1)


def test_outcomes_of_later_days_move_the_sums_on_their_own_days() -> None:
    rows = sums(
        shows(at("22:00")),
        buys(at("23:00"), "10.00"),
        buys(at("01:00", NEXT), "5.00"),
        returns(at("02:00", NEXT + timedelta(days=3)), "8.00"),
        shows(at("09:00", NEXT), entity="bob"),
    )
    assert [(row["day"] - DAY).days for row in rows] == [0, 1, 4]
    assert [row["entities"] for row in rows] == [1, 1, 0]
    assert [row["conversion_total"] for row in rows] == [1, 0, 0]
    assert [row["orders_per_visitor_total"] for row in rows] == [1, 1, 0]
    assert [row["orders_per_visitor_squares"] for row in rows] == [1, 3, 0]
    assert [row["revenue_per_visitor_total"] for row in rows] == [1000, 500, -800]
    assert [row["revenue_per_visitor_squares"] for row in rows] == [1000**2, 1500**2 - 1000**2, 700**2 - 1500**2]


def test_full_days_before_the_first_exposure_are_the_covariate() -> None:
    rows = sums(
        buys(at("12:00", DAY - timedelta(days=15)), "64.00"),
        buys(at("12:00", DAY - timedelta(days=14)), "3.00"),
        buys(at("12:00", DAY - timedelta(days=1)), "4.00"),
        buys(at("08:00"), "32.00"),
        shows(at("09:00")),
        buys(at("10:00"), "5.00"),
    )
    assert of(rows, "revenue_per_visitor") == (500, 500**2, 700, 700**2, 500 * 700)
    assert of(rows, "orders_per_visitor") == (1, 1, 2, 4, 2)
    assert of(rows, "conversion") == (1, 1, 1, 1, 1)
    assert {row["day"] for row in rows} == {DAY}


def test_entities_that_saw_two_variants_are_counted_and_left_out() -> None:
    rows = sums(
        shows(at("09:00")),
        shows(at("09:00", NEXT), "A"),
        buys(at("10:00", NEXT), "5.00"),
        shows(at("09:00"), "A", "bob"),
    )
    assert [(row["variant"], row["day"], row["entities"], row["mixed_entities"]) for row in rows] == [("A", DAY, 1, 1)]
    assert of(rows, "revenue_per_visitor") == (0, 0, 0, 0, 0)


def test_exposures_and_outcomes_outside_the_span_do_not_count() -> None:
    journey = [
        shows(at("09:00", DAY - timedelta(days=1)), "A"),
        shows(at("09:00")),
        buys(at("10:00"), "1.00"),
        buys(at("10:00", NEXT), "2.00"),
        buys(at("10:00", NEXT + timedelta(days=1)), "4.00"),
        shows(at("09:00", NEXT + timedelta(days=1)), "A", "bob"),
    ]
    span = ExperimentSpan(start=DAY, end=NEXT)
    rows = sums(*journey, span=span)
    assert {row["variant"] for row in rows} == {"B"}
    assert of(rows, "revenue_per_visitor")[0] == 300
    for window, total in ((0, 100), (1, 300), (2, 700)):
        rows = sums(*journey, span=ExperimentSpan(start=DAY, end=NEXT, window_days=window))
        assert of(rows, "revenue_per_visitor")[0] == total


def around_midnight() -> list[dict[str, Any]]:
    return sums(shows(at("23:30")), buys(at("23:59"), "1.00"), buys(at("00:10", NEXT), "2.00"))


def test_days_are_days_of_utc() -> None:
    assert [row["day"] for row in around_midnight()] == [date(2024, 3, 2), date(2024, 3, 3)]


@pytest.mark.parametrize("zone", ELSEWHERE)
def test_the_machines_time_zone_changes_no_sum(zone: str) -> None:
    code = f"from {__name__} import around_midnight; print(around_midnight())"
    assert said_in(zone, code) == str(around_midnight())
