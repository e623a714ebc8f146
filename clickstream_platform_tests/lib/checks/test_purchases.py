from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from clickstream_platform.lake import Lake
from clickstream_platform.lib.checks.purchases import check_purchases
from clickstream_platform.lib.checks.verdict import CheckOptions, Verdict
from clickstream_platform_tests.lib.checks.shop import DAYS, MONDAY, TUESDAY, noon, rewrite, rows, stored_object

ORDERS = 100
Make = Callable[[date, int], dict[str, Any]]


def purchase(day: date, number: int) -> dict[str, Any]:
    return {
        "event_id": f"e{number}",
        "event_name": "purchase",
        "event_time": noon(day),
        "event_date": day,
        "order_id": f"{day}-{number}",
        "revenue": Decimal("20.00"),
    }


def order(day: date, number: int) -> dict[str, Any]:
    return {"order_id": f"{day}-{number}", "order_date": day, "total_amount": Decimal("20.00")}


@pytest.fixture
def shop(tmp_path: Path) -> Lake:
    lake = Lake(str(tmp_path))
    for table, make in (("events_clean", purchase), ("orders_validated", order)):
        lake.replace(table, rows(table, [make(day, i) for day in DAYS for i in range(ORDERS)]).lazy(), DAYS)
    return lake


def judged(lake: Lake, day: date = MONDAY) -> Verdict:
    (verdict,) = check_purchases(lake, [day], CheckOptions())
    return verdict


def test_purchases_that_match_their_orders_pass(shop: Lake) -> None:
    verdict = judged(shop)
    assert (verdict.passed, verdict.checked, verdict.counts["revenue of purchases"]) == (True, ORDERS, 2000.0)


def test_missing_orders_file_fails_its_day_alone(shop: Lake) -> None:
    stored_object(shop, "orders_validated", TUESDAY).unlink()
    assert [judged(shop, day).passed for day in DAYS] == [True, False, True]
    verdict = judged(shop, TUESDAY)
    assert verdict.said.startswith("100 purchases without an order and 0 orders without a purchase, of 100; no order: ")
    assert (verdict.info.severity, verdict.failed) == ("warn", ORDERS)


def test_missing_events_file_fails(shop: Lake) -> None:
    stored_object(shop, "events_clean", TUESDAY).unlink()
    assert "100 orders without a purchase" in judged(shop, TUESDAY).said


@pytest.mark.parametrize(("lost", "passed"), [(2, True), (6, True), (7, False), (20, False)])
def test_tolerance_of_orders(shop: Lake, lost: int, passed: bool) -> None:
    rewrite(shop, "orders_validated", lambda frame: frame.head(-lost))
    assert judged(shop).passed is passed


def test_two_of_five_orders_astray_are_chance_but_three_are_not(shop: Lake) -> None:
    rewrite(shop, "events_clean", lambda frame: frame.head(5))
    rewrite(shop, "orders_validated", lambda frame: frame.head(3))
    assert judged(shop).passed
    rewrite(shop, "orders_validated", lambda frame: frame.head(2))
    assert not judged(shop).passed


def test_revenue_that_differs_fails(shop: Lake) -> None:
    twice = (pl.col("total_amount") * 2).cast(pl.Decimal(18, 2))
    rewrite(shop, "orders_validated", lambda frame: frame.with_columns(twice))
    assert judged(shop).said == "purchases say 2,000.00, the same orders 4,000.00 (50.0% apart)"


def test_order_on_the_other_side_of_midnight_matches(shop: Lake) -> None:
    late = rows("orders_validated", [order(MONDAY, i) | {"order_date": TUESDAY} for i in range(ORDERS)])
    stored_object(shop, "orders_validated", MONDAY).unlink()
    rewrite(shop, "orders_validated", lambda frame: pl.concat([frame, late]), TUESDAY)
    assert judged(shop, MONDAY).passed
    assert judged(shop, TUESDAY).passed


@pytest.mark.parametrize(
    ("clean", "quarantine"), [("orders_validated", "orders_quarantine"), ("events_clean", "events_quarantine")]
)
def test_what_is_in_quarantine_was_sent(shop: Lake, clean: str, quarantine: str) -> None:
    stored_object(shop, clean, MONDAY).unlink()
    make: Make = order if clean == "orders_validated" else purchase
    kept = [{name: value for name, value in make(MONDAY, i).items() if name != "revenue"} for i in range(ORDERS)]
    shop.replace(quarantine, rows(quarantine, kept).lazy(), [MONDAY])
    verdict = judged(shop)
    assert verdict.passed
    assert verdict.counts["revenue of the same orders"] == 0.0


def test_shop_that_sends_no_orders_at_all_passes(shop: Lake) -> None:
    for day in DAYS:
        stored_object(shop, "orders_validated", day).unlink()
    assert judged(shop).said == "no orders have arrived at all"


def test_shop_whose_purchases_name_no_order_passes(shop: Lake) -> None:
    rewrite(shop, "events_clean", lambda frame: frame.with_columns(order_id=pl.lit(None, pl.String)))
    assert judged(shop).passed
    assert judged(shop).said == "no purchase event carries an order id"


def test_day_before_the_lake_began_passes(shop: Lake) -> None:
    assert judged(shop, MONDAY - timedelta(days=5)).passed
