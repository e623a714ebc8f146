"""daily_sales_summary, product_performance, conversion_funnel, attributed_checkouts, traffic_summary."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from clickstream_platform.transforms import (
    attributed_checkouts,
    conversion_funnel,
    daily_sales_summary,
    product_performance,
    sessions,
    traffic_summary,
)
from clickstream_platform_tests.transforms.rows import (
    DAY,
    HALF_HOUR,
    MONEY,
    at,
    clean_events,
    event,
    found,
    frame,
    item,
    only,
)

HOUR = timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)
LINES = {
    "order_id": pl.String,
    "customer_id": pl.String,
    "product_category": pl.String,
    "region": pl.String,
    "status": pl.String,
    "total_amount": MONEY,
    "order_date": pl.Date,
}
PRODUCTS = {"product_id": pl.String, "name": pl.String, "category": pl.String}


def line(order_id: str, amount: str, customer: str = "c", status: str = "completed") -> dict[str, Any]:
    return {
        "order_id": order_id,
        "customer_id": customer,
        "product_category": "mugs",
        "region": "CA",
        "status": status,
        "total_amount": Decimal(amount),
        "order_date": DAY,
    }


def test_daily_sales_count_orders_and_customers_once_and_lines_each() -> None:
    lines = [line("o1", "10.00"), line("o1", "5.00"), line("o2", "1.00"), line("o3", "2.00", customer="d")]
    row = only(daily_sales_summary(frame(lines, LINES)))
    assert (row["total_orders"], row["unique_customers"], row["total_revenue"]) == (3, 2, Decimal("18.00"))
    assert row["avg_order_value"] == Decimal("6.00")


@pytest.mark.parametrize("status", ["cancelled", "refunded"])
def test_cancelled_and_refunded_orders_are_no_sales(status: str) -> None:
    assert found(daily_sales_summary(frame([line("o", "10.00", status=status)], LINES))) == []


@pytest.mark.parametrize("status", ["pending", "completed", "shipped", "delivered"])
def test_all_other_orders_are_sales(status: str) -> None:
    assert len(found(daily_sales_summary(frame([line("o", "10.00", status=status)], LINES)))) == 1


@pytest.mark.parametrize(
    ("amounts", "average"),
    [
        (["0.01", "0.02"], "0.02"),
        (["0.01", "0.01", "0.02"], "0.01"),
        (["9999999999999.99", "0.02"], "5000000000000.01"),
    ],
)
def test_average_order_value_rounds_halves_up_to_the_cent(amounts: list[str], average: str) -> None:
    lines = [line(f"o{number}", amount) for number, amount in enumerate(amounts)]
    assert only(daily_sales_summary(frame(lines, LINES)))["avg_order_value"] == Decimal(average)


def performance(*events: dict[str, Any], known: str | None = "p") -> list[dict[str, Any]]:
    products = [{"product_id": known, "name": "Mug", "category": "mugs"}] if known else []
    return found(product_performance(clean_events(*events), frame(products, PRODUCTS)), "product_id")


def test_product_performance_counts_kinds_units_and_money_apart() -> None:
    bought = [item("p", "2.50", 3), item("q", "1.00")]
    p, q = performance(
        event(at("09:00"), "view_item", items=[item("p", "9.99", 5)]),
        event(at("09:01"), "view_item", items=[item("p")]),
        event(at("09:02"), "add_to_cart", items=[item("p", quantity=3)]),
        event(at("09:03"), "purchase", items=bought, value=Decimal("8.50")),
        event(at("09:04"), "refund", items=[item("p", "2.50", 1)], value=Decimal("2.50")),
        event(at("09:05"), "view_item_list", items=[item("r")]),
    )
    assert [p[name] for name in ("views", "carts", "purchases", "units_sold", "refunds")] == [2, 1, 1, 3, 1]
    assert (p["revenue"], p["refund_amount"]) == (Decimal("7.50"), Decimal("2.50"))
    assert (p["view_to_cart_rate"], p["conversion_rate"]) == (0.5, 0.5)
    assert (q["product_id"], q["views"], q["view_to_cart_rate"], q["conversion_rate"]) == ("q", 0, None, None)


def test_product_without_master_data_takes_the_category_of_its_events() -> None:
    rows = performance(
        event(at("09:00"), "view_item", items=[item("x", category="lamps")]),
        event(at("09:01"), "view_item", items=[item("x")]),
        event(at("09:02"), "view_item", items=[item("y")]),
        known=None,
    )
    assert [(row["product_name"], row["category"]) for row in rows] == [
        ("Unknown", "lamps"),
        ("Unknown", "uncategorized"),
    ]


def test_items_without_a_price_and_events_without_items_add_no_money() -> None:
    rows = performance(
        event(at("09:00"), "purchase", items=[item("p", quantity=2)], value=Decimal(9)),
        event(at("09:01"), "purchase", value=Decimal(9)),
    )
    assert [(row["units_sold"], row["revenue"]) for row in rows] == [(2, 0)]


def test_bots_are_in_no_gold_table() -> None:
    events = clean_events(
        event(at("09:00"), "view_item", is_bot=True, items=[item("p")]),
        event(at("09:01"), "purchase", is_bot=True, value=Decimal(1)),
    )
    assert found(product_performance(events, frame([], PRODUCTS))) == []
    assert found(traffic_summary(events)) == []
    assert found(attributed_checkouts(events, first_day=DAY, last_day=DAY, window=HOUR)) == []


def funnel(*events: dict[str, Any]) -> dict[str, Any]:
    return only(conversion_funnel(sessions(clean_events(*events), first_day=DAY, last_day=DAY, timeout=HALF_HOUR)))


def test_funnel_counts_shares_losses_and_waits() -> None:
    row = funnel(
        event(at("09:00"), entity="a"),
        event(at("09:00:10"), "view_item", entity="a"),
        event(at("09:01"), "add_to_cart", entity="a"),
        event(at("09:00"), "view_item", entity="b"),
        event(at("09:00:20.000001"), "add_to_cart", entity="b"),
        event(at("09:00"), entity="c"),
        event(at("09:00"), "view_item", entity="d"),
    )
    assert [row[name] for name in ("sessions", "view_item", "add_to_cart", "begin_checkout", "purchase")] == [
        4,
        3,
        2,
        0,
        0,
    ]
    assert (row["view_item_rate"], row["add_to_cart_rate"], row["begin_checkout_rate"]) == (0.75, 2 / 3, 0.0)
    assert row["purchase_rate"] is None
    assert row["conversion_rate"] == 0.0
    assert [row[f"{step}_dropoff"] for step in ("view_item", "add_to_cart", "begin_checkout", "purchase")] == [
        1,
        1,
        2,
        0,
    ]
    assert row["median_seconds_to_view_item"] == 0.0
    assert row["median_seconds_to_add_to_cart"] == (50.0 + 20.000001) / 2
    assert row["median_seconds_to_begin_checkout"] is None


def credited(*events: dict[str, Any], window: timedelta = HOUR) -> dict[str, Any]:
    return only(attributed_checkouts(clean_events(*events), first_day=DAY, last_day=DAY, window=window))


def click(when: Any, source: str = "google", **fields: Any) -> dict[str, Any]:
    origin = {"channel": "Paid Search", "source": source, "medium": "cpc", "campaign": "spring"}
    return event(when, "click", **{"is_touch": True, "has_source": True, **origin, **fields})


def purchase(when: Any, **fields: Any) -> dict[str, Any]:
    return event(when, "purchase", **{"value": Decimal("5.00"), "order_id": "o", **fields})


def test_first_click_in_the_window_gets_the_checkout() -> None:
    row = credited(click(at("09:10"), "first"), click(at("09:20"), "second"), purchase(at("09:30")))
    assert (row["is_attributed"], row["source"], row["campaign"]) == (True, "first", "spring")
    assert (row["click_id"], row["click_time"]) == ("ann-click-2024-03-02T09:10:00+00:00", at("09:10"))
    assert (row["seconds_from_click"], row["revenue"], row["order_id"]) == (1200.0, Decimal("5.00"), "o")


def test_click_exactly_a_window_before_counts_and_an_earlier_one_does_not() -> None:
    assert credited(click(at("08:30")), purchase(at("09:30")))["is_attributed"]
    assert not credited(click(at("08:30") - MICROSECOND), purchase(at("09:30")))["is_attributed"]


def test_click_at_the_moment_of_the_checkout_or_after_does_not_count() -> None:
    assert not credited(click(at("09:30")), purchase(at("09:30")))["is_attributed"]
    assert not credited(purchase(at("09:30")), click(at("09:31")))["is_attributed"]


def test_clicks_of_one_moment_are_told_apart_by_event_id() -> None:
    rows = [click(at("09:10"), "b", event_id="2"), click(at("09:10"), "a", event_id="1"), purchase(at("09:30"))]
    assert credited(*rows)["click_id"] == credited(*rows[::-1])["click_id"] == "1"


def test_checkout_without_a_click_is_kept_as_direct() -> None:
    row = credited(purchase(at("09:30")), click(at("09:20"), entity="bob"))
    assert not row["is_attributed"]
    assert [row[name] for name in ("channel", "source", "medium", "campaign", "click_id", "seconds_from_click")] == [
        "Direct",
        "(direct)",
        "(none)",
        None,
        None,
        None,
    ]


def test_click_of_the_day_before_counts() -> None:
    row = credited(click(at("23:50", DAY - timedelta(days=1))), purchase(at("00:10")))
    assert row["seconds_from_click"] == 1200.0


def test_checkouts_of_other_days_are_not_answered_for() -> None:
    assert credited(purchase(at("23:00", DAY - timedelta(days=1))), purchase(at("09:30")))["checkout_time"] == at(
        "09:30"
    )


def test_window_longer_than_a_day_is_refused() -> None:
    with pytest.raises(ValueError, match="window"):
        credited(purchase(at("09:30")), window=timedelta(days=1, microseconds=1))


def test_traffic_falls_into_windows_of_five_minutes() -> None:
    rows = found(
        traffic_summary(
            clean_events(
                event(at("09:04:59.999999")),
                event(at("09:05"), "purchase", value=Decimal("3.00")),
                event(at("09:09:59"), "purchase", value=Decimal("4.00")),
                event(at("09:07"), "purchase", entity="bob", value=Decimal("5.00")),
                event(at("23:59:59")),
            )
        ),
        "window_start",
    )
    assert [(row["window_start"], row["events"], row["sessions"], row["revenue"]) for row in rows] == [
        (at("09:00"), 1, 1, 0),
        (at("09:05"), 3, 2, Decimal("12.00")),
        (at("23:55"), 1, 1, 0),
    ]
