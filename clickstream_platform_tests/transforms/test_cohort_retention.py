"""cohort_retention."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import narwhals as nw
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clickstream_platform.transforms import cohort_retention
from clickstream_platform.transforms._periods import MONTH, WEEK, period_number, with_period_start
from clickstream_platform_tests.time_zones import ELSEWHERE, said_in
from clickstream_platform_tests.transforms.rows import MONEY, found, frame

LINES = {
    "order_id": pl.String,
    "product_id": pl.String,
    "customer_id": pl.String,
    "status": pl.String,
    "total_amount": MONEY,
    "order_date": pl.Date,
}
CUSTOMERS = {"customer_id": pl.String, "signup_date": pl.Date}
KEY = ("cohort_by", "period", "cohort_start", "age")


def line(customer: str, day: date, amount: str = "10.00", **fields: Any) -> dict[str, Any]:
    return {
        "order_id": f"{customer}-{day}",
        "product_id": "mug",
        "customer_id": customer,
        "status": "completed",
        "total_amount": Decimal(amount),
        "order_date": day,
        **fields,
    }


def cohorts(lines: list[dict[str, Any]], sign_ups: dict[str, date | None] | None = None) -> list[dict[str, Any]]:
    customers = [{"customer_id": name, "signup_date": day} for name, day in (sign_ups or {}).items()]
    return found(cohort_retention(frame(lines, LINES), frame(customers, CUSTOMERS)), *KEY)


def of(rows: list[dict[str, Any]], cohort_by: str, period: str, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[c] for c in columns) for row in rows if (row["cohort_by"], row["period"]) == (cohort_by, period)]


JANUARY, FEBRUARY, MARCH = date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)
ORDERS = [
    line("ann", date(2024, 1, 31), "10.00"),
    line("ann", date(2024, 2, 1), "5.00"),
    line("ann", date(2024, 2, 29), "2.50"),
    line("bob", date(2024, 1, 2), "20.00"),
    line("bob", date(2024, 3, 15), "1.00", product_id="mug"),
    line("bob", date(2024, 3, 15), "2.00", product_id="pot"),
    line("cyd", date(2024, 2, 10), "7.77"),
    line("dan", date(2024, 1, 5), status="cancelled"),
    line("dan", date(2024, 3, 9), status="refunded"),
]


def test_months_by_first_order_as_counted_by_hand() -> None:
    columns = ("cohort_start", "age", "customers", "retained_customers", "orders", "revenue", "cumulative_revenue")
    assert of(cohorts(ORDERS), "first_order", "month", *columns) == [
        (JANUARY, 0, 2, 2, 2, Decimal("30.00"), Decimal("30.00")),
        (JANUARY, 1, 2, 1, 2, Decimal("7.50"), Decimal("37.50")),
        (JANUARY, 2, 2, 1, 1, Decimal("3.00"), Decimal("40.50")),
        (FEBRUARY, 0, 1, 1, 1, Decimal("7.77"), Decimal("7.77")),
        (FEBRUARY, 1, 1, 0, 0, Decimal("0.00"), Decimal("7.77")),
    ]
    shares = of(cohorts(ORDERS), "first_order", "month", "retention_rate", "cumulative_revenue_per_customer")
    assert shares[:3] == [(1.0, Decimal("15.00")), (0.5, Decimal("18.75")), (0.5, Decimal("20.25"))]


def test_only_periods_that_orders_reach_the_end_of_are_complete() -> None:
    columns = ("period_start", "is_complete")
    last = [line("eve", date(2024, 3, 31), status="cancelled")]
    assert of(cohorts(ORDERS), "first_order", "month", *columns)[:3] == [
        (JANUARY, True),
        (FEBRUARY, True),
        (MARCH, False),
    ]
    assert of(cohorts(ORDERS + last), "first_order", "month", *columns)[2] == (MARCH, True)


def test_weeks_begin_on_monday_over_the_turn_of_the_year() -> None:
    rows = cohorts([line("ann", date(2023, 12, 31)), line("bob", date(2024, 1, 1)), line("ann", date(2024, 1, 7))])
    assert of(rows, "first_order", "week", "cohort_start", "age", "period_start", "retained_customers") == [
        (date(2023, 12, 25), 0, date(2023, 12, 25), 1),
        (date(2023, 12, 25), 1, date(2024, 1, 1), 1),
        (date(2024, 1, 1), 0, date(2024, 1, 1), 1),
    ]


def test_sign_up_cohorts_count_those_who_never_order_and_leave_out_who_says_no_day() -> None:
    sign_ups = {"ann": JANUARY, "bob": FEBRUARY, "lurker": JANUARY, "cyd": None, "later": date(2024, 4, 1)}
    rows = of(
        cohorts(ORDERS, sign_ups),
        "sign_up",
        "month",
        "cohort_start",
        "age",
        "customers",
        "retained_customers",
        "revenue",
    )
    assert rows == [
        (JANUARY, 0, 2, 1, Decimal("10.00")),
        (JANUARY, 1, 2, 1, Decimal("7.50")),
        (JANUARY, 2, 2, 0, Decimal("0.00")),
        # What bob ordered in January, before he signed up, is nobody's retention.
        (FEBRUARY, 0, 1, 0, Decimal("0.00")),
        (FEBRUARY, 1, 1, 1, Decimal("3.00")),
    ]


def test_sign_ups_on_a_day_that_stands_for_none_are_no_cohort_that_ends_too_early() -> None:
    """1900-01-01 is further back than weeks are counted, but not than months are."""
    rows = cohorts(ORDERS, {"ann": date(1900, 1, 1), "bob": date(1967, 1, 2)})
    weeks, months = (of(rows, "sign_up", period, "cohort_start", "period_start") for period in ("week", "month"))
    assert {start for start, _ in weeks} == {date(1967, 1, 2)}
    assert {start for start, _ in months} == {date(1900, 1, 1), date(1967, 1, 1)}
    assert weeks[-1][1] == date(2024, 3, 11) and months[-1][1] == MARCH
    assert len(weeks) == (date(2024, 3, 11) - date(1967, 1, 2)).days // 7 + 1


@pytest.mark.parametrize("zone", ELSEWHERE)
def test_the_machines_time_zone_changes_no_cohort(zone: str) -> None:
    code = f"from {__name__} import ORDERS, date, cohorts; print(cohorts(ORDERS, {{'ann': date(2024, 1, 31)}}))"
    assert said_in(zone, code) == str(cohorts(ORDERS, {"ann": date(2024, 1, 31)}))


@pytest.mark.parametrize("lines", [[], [line("dan", JANUARY, status="cancelled")]])
def test_without_sales_there_are_no_cohorts_by_first_order(lines: list[dict[str, Any]]) -> None:
    assert of(cohorts(lines), "first_order", "month", "age") == []
    assert len(of(cohorts(lines, {"ann": JANUARY}), "sign_up", "month", "age")) == len(lines)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_sizes_sum_to_customers_and_revenue_to_sales_whatever_the_order(data: st.DataObject) -> None:
    days = st.dates(date(2019, 11, 1), date(2021, 2, 3))
    amounts = st.decimals("0.01", "99999", places=2).map(str)
    lines = data.draw(
        st.lists(
            st.builds(
                line, st.sampled_from("abcdef"), days, amounts, status=st.sampled_from(["completed", "refunded"])
            ),
            max_size=25,
            unique_by=lambda one: one["order_id"],
        )
    )
    rows = cohorts(lines)
    assert rows == cohorts(data.draw(st.permutations(lines)))
    sold = [one for one in lines if one["status"] == "completed"]
    for period in ("month", "week"):
        cells = [row for row in rows if row["period"] == period]
        assert sum(row["customers"] for row in cells if row["age"] == 0) == len({one["customer_id"] for one in sold})
        assert sum(row["revenue"] for row in cells) == sum(one["total_amount"] for one in sold)
        assert sum(row["orders"] for row in cells) == len({one["order_id"] for one in sold})
        newest = max((row["period_start"] for row in cells), default=None)
        for start in {row["cohort_start"] for row in cells}:
            ages = [row for row in cells if row["cohort_start"] == start]
            assert [row["age"] for row in ages] == list(range(len(ages)))
            assert ages[-1]["period_start"] == newest
            assert ages[-1]["cumulative_revenue"] == sum(row["revenue"] for row in ages)


@pytest.mark.parametrize("period", [MONTH, WEEK])
def test_periods_of_four_centuries_are_polars_own(period: str) -> None:
    days = pl.date_range(date(1899, 12, 25), date(2301, 1, 7), timedelta(days=1), eager=True).alias("day")
    known = nw.from_native(days.to_frame().lazy())
    answer = with_period_start(known, "start", period_number(nw.col("day"), period), period).to_native().collect()
    truncated = answer["day"].dt.truncate("1mo" if period == MONTH else "1w").alias("start")
    assert answer["start"].equals(truncated)
