"""Files dropped into `landing/` of a running platform, and nothing else done."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest

from clickstream_platform_tests.e2e.platform import RunningPlatform, visit

pytestmark = pytest.mark.slow

MARCH = [datetime(2024, 3, day, 10, tzinfo=UTC) for day in range(1, 11)]
ORDER = {
    "order_id": "o1",
    "customer_id": "c1",
    "product_id": "p1",
    "quantity": 2,
    "unit_price": 10.0,
    "total_amount": 20.0,
    "status": "completed",
    "order_time": "2024-03-08T10:20:00Z",
}


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    running = RunningPlatform(tmp_path_factory.mktemp("platform"))
    yield running
    running.stop()


def revenue(platform: RunningPlatform) -> dict[date, Decimal]:
    """Revenue by day, by the traffic summary."""
    found = platform.lake.scan("traffic_summary").group_by("date").agg(pl.col("revenue").sum()).collect()
    return dict(found.iter_rows())


def purchases(platform: RunningPlatform) -> dict[date, int]:
    """Converted sessions by day, by the funnel."""
    found = platform.lake.scan("conversion_funnel").group_by("date").agg(pl.col("purchase").sum()).collect()
    return dict(found.iter_rows())


def days(*numbers: int) -> set[str]:
    return {f"2024-03-{number:02}" for number in numbers}


def test_1_a_dropped_file_changes_the_gold_of_its_day(platform: RunningPlatform) -> None:
    platform.drop("events/a.jsonl", [*visit("ann", MARCH[7], order="o1"), *visit("bob", MARCH[7])])
    platform.wait_until(lambda: revenue(platform) == {date(2024, 3, 8): Decimal("20.00")}, "revenue of 8 March")
    platform.wait_until(lambda: purchases(platform) == {date(2024, 3, 8): 1}, "the funnel of 8 March")
    platform.wait_until_quiet()
    assert not [run for run in platform.runs() if run.is_failure_or_canceled]


def test_2_a_late_file_recomputes_its_own_days_alone(platform: RunningPlatform) -> None:
    before = datetime.now(UTC)
    platform.drop("events/late.jsonl", visit("cat", MARCH[2], order="o0"))
    platform.wait_until(lambda: purchases(platform).get(date(2024, 3, 3)) == 1, "the funnel of 3 March")
    platform.wait_until_quiet()
    recomputed = platform.recomputed(before)
    assert recomputed["events_clean"] == days(3)
    assert recomputed["traffic_summary"] == days(3)
    # A visit may go on over midnight, so the days around it are looked at again; what is further off is left alone.
    assert days(3) <= recomputed["sessions"] <= days(2, 3, 4, 5)
    assert days(3) <= recomputed["conversion_funnel"] <= days(2, 3, 4, 5)
    assert days(3) <= recomputed["attributed_checkouts"] <= days(3, 4)
    assert not {"orders_validated", "customers_clean", "products_clean", "daily_sales_summary"} & set(recomputed)
    assert revenue(platform) == {date(2024, 3, 3): Decimal("20.00"), date(2024, 3, 8): Decimal("20.00")}


def test_3_the_same_file_again_runs_nothing(platform: RunningPlatform) -> None:
    before = {run.run_id for run in platform.runs()}
    platform.drop("events/once-more.jsonl", visit("cat", MARCH[2], order="o0"))
    landing = platform.lake_folder / "landing"
    platform.wait_until(lambda: not any(p.is_file() for p in landing.rglob("*")), "putting the file away")
    time.sleep(20)  # three ticks of every sensor
    platform.wait_until_quiet(5)
    assert {run.run_id for run in platform.runs()} == before


def test_4_orders_that_wait_for_their_customer_come_out_by_themselves(platform: RunningPlatform) -> None:
    platform.drop("orders/o.jsonl", [ORDER])
    platform.drop("products/p.jsonl", [{"product_id": "p1", "name": "Mug", "category": "kitchen", "price": 10.0}])
    platform.wait_until(
        lambda: platform.lake.scan("orders_quarantine").collect()["reason"].to_list() == ["unknown_customer"],
        "an order waiting for its customer",
    )
    platform.wait_until_quiet()
    platform.drop("customers/c.jsonl", [{"customer_id": "c1", "name": "Ann", "email": "ann@example.com"}])
    platform.wait_until(
        lambda: platform.lake.scan("daily_sales_summary").collect()["total_revenue"].to_list() == [Decimal("20.00")],
        "the sale of 8 March",
    )
    platform.wait_until(
        lambda: platform.lake.scan("customer_lifetime_value").collect()["customer_id"].to_list() == ["c1"],
        "the customer's lifetime value",
    )
    platform.wait_until_quiet()
    assert platform.lake.scan("orders_quarantine").collect().is_empty()
    assert not [run for run in platform.runs() if run.is_failure_or_canceled]
