"""customer_lifetime_value."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from clickstream_platform.transforms import customer_lifetime_value, last_order_date
from clickstream_platform_tests.transforms.rows import DAY, MOMENT, MONEY, at, found, frame, only

LINES = {
    "order_id": pl.String,
    "customer_id": pl.String,
    "status": pl.String,
    "total_amount": MONEY,
    "order_time": MOMENT,
    "order_date": pl.Date,
}


def bought(customer: str, days_ago: int = 0, amount: str = "10.00", order: str = "o", **fields: Any) -> dict[str, Any]:
    day = DAY - timedelta(days=days_ago)
    return {
        "order_id": f"{customer}-{order}-{days_ago}",
        "customer_id": customer,
        "status": "completed",
        "total_amount": Decimal(amount),
        "order_time": at("12:00", day),
        "order_date": day,
        **fields,
    }


def values(*lines: dict[str, Any]) -> dict[str, dict[str, Any]]:
    answer = found(customer_lifetime_value(frame(list(lines), LINES), as_of=DAY))
    return {row["customer_id"]: row for row in answer}


def test_orders_spending_and_days_of_a_customer() -> None:
    row = values(bought("c", 10, "1.00"), bought("c", 10, "0.01"), bought("c", 3, "2.00"))["c"]
    assert (row["total_orders"], row["total_spent"], row["avg_order_value"]) == (2, Decimal("3.01"), Decimal("1.51"))
    assert (row["days_since_first_order"], row["recency_days"], row["as_of"]) == (10, 3, DAY)


def test_days_are_calendar_days_over_leap_days_and_years() -> None:
    line = bought("c", order_time=at("23:59:59", date(2020, 2, 28)), order_date=date(2020, 2, 28))
    assert only(customer_lifetime_value(frame([line], LINES), as_of=date(2024, 3, 1)))["recency_days"] == 1463


@pytest.mark.parametrize("status", ["cancelled", "refunded"])
def test_cancelled_and_refunded_orders_do_not_count(status: str) -> None:
    assert values(bought("c", status=status)) == {}


def test_orders_after_the_day_are_ignored() -> None:
    assert values(bought("c", days_ago=-1)) == {}


def test_single_customer_is_recent_and_rare() -> None:
    row = values(bought("c"))["c"]
    assert (row["recency_score"], row["frequency_score"], row["monetary_score"]) == (5, 1, 1)
    assert row["rfm_segment"] == "new_customers"


def test_scores_are_fifths_of_the_places() -> None:
    rows = values(*(bought(f"c{place}", place, f"{place + 1}.00") for place in range(11)))
    assert [rows[f"c{place}"]["monetary_score"] for place in range(11)] == [1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert [rows[f"c{place}"]["recency_score"] for place in range(11)] == [5, 5, 5, 4, 4, 3, 3, 2, 2, 1, 1]


def test_equal_spending_and_recency_share_the_lowest_place() -> None:
    rows = values(*(bought(f"c{place}") for place in range(5)))
    assert {row["monetary_score"] for row in rows.values()} == {1}
    assert {row["recency_score"] for row in rows.values()} == {5}


def test_equal_frequencies_are_told_apart_by_the_first_order_then_the_id() -> None:
    rows = values(bought("b", 1), bought("a", 1), bought("z", 9), bought("y", 5), bought("x", 0), bought("x", 2))
    order = sorted(rows, key=lambda name: rows[name]["frequency_score"])
    assert order == ["z", "y", "a", "b", "x"]
    assert [rows[name]["frequency_score"] for name in order] == [1, 2, 3, 4, 5]


SEGMENTS = {
    "hibernating": ["11", "12", "21", "22"],
    "at_risk": ["13", "14", "23", "24"],
    "cant_lose": ["15", "25"],
    "about_to_sleep": ["31", "32"],
    "need_attention": ["33"],
    "loyal_customers": ["34", "35", "44", "45"],
    "promising": ["41"],
    "new_customers": ["51"],
    "potential_loyalists": ["42", "43", "52", "53"],
    "champions": ["54", "55"],
}


def test_every_pair_of_scores_has_its_segment() -> None:
    segment_of = {pair: name for name, pairs in SEGMENTS.items() for pair in pairs}
    assert len(segment_of) == 25
    # Customer (r, f) is the r-th most stale and orders f times: all 25 pairs of scores come up.
    lines = [
        bought(f"r{recency}f{often}", 10 * (5 - recency) + again, order=str(again))
        for recency in range(5)
        for often in range(5)
        for again in range(often + 1)
    ]
    rows = values(*lines)
    assert len({(row["recency_score"], row["frequency_score"]) for row in rows.values()}) >= 20
    for row in rows.values():
        assert row["rfm_segment"] == segment_of[f"{row['recency_score']}{row['frequency_score']}"]


def test_last_order_date_is_the_newest_day_of_any_order() -> None:
    assert last_order_date(frame([bought("a", 5), bought("b", 2, status="cancelled")], LINES)) == DAY - timedelta(
        days=2
    )
    assert last_order_date(frame([], LINES)) == date(1970, 1, 1)
