"""customers_clean, products_clean, orders_validated and orders_quarantine."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from clickstream_platform.transforms import customers_clean, orders_quarantine, orders_validated, products_clean
from clickstream_platform_tests.transforms.rows import (
    BRONZE_CUSTOMERS,
    BRONZE_ORDERS,
    BRONZE_PRODUCTS,
    DAY,
    at,
    customer,
    found,
    frame,
    only,
    order,
    product,
)


def clean_customers(*rows: dict[str, Any]) -> Any:
    return customers_clean(frame(list(rows), BRONZE_CUSTOMERS))


def clean_products(*rows: dict[str, Any]) -> Any:
    return products_clean(frame(list(rows), BRONZE_PRODUCTS))


def judged(*rows: dict[str, Any], region: str | None = None) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Validated and quarantined lines of a shop with customer c1 and product p1."""
    orders = frame(list(rows), BRONZE_ORDERS)
    customers, products = clean_customers(customer("c1", region=region)), clean_products(product("p1", category="mugs"))
    return (
        found(orders_validated(orders, customers, products, currency="USD"), "order_id"),
        found(orders_quarantine(orders, customers, products, currency="USD"), "order_id"),
    )


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ({"updated_at": at("08:00")}, {"updated_at": at("09:00")}),
        ({"updated_at": at("08:00"), "source_time": at("23:30")}, {"updated_at": at("09:00")}),
        ({"updated_at": at("22:00")}, {"source_time": at("22:30")}),
        ({"updated_at": at("08:00")}, {"updated_at": at("08:00"), "source_time": at("23:30")}),
        ({"source_id": "a"}, {"source_id": "b"}),
        ({"source_line": 3}, {"source_line": 4}),
    ],
)
def test_latest_version_wins_whatever_comes_first(older: dict[str, Any], newer: dict[str, Any]) -> None:
    versions = [customer("c", name="Old", **older), customer("c", name="New", **newer)]
    assert only(clean_customers(*versions))["name"] == "New"
    assert only(clean_customers(*versions[::-1]))["name"] == "New"


def test_latest_version_replaces_the_earlier_one_whole() -> None:
    old = customer("c", name="Ann", phone_e164="+12125550100", updated_at=at("08:00"))
    row = only(clean_customers(old, customer("c", updated_at=at("09:00"))))
    assert (row["name"], row["phone"]) == ("Unknown", None)


def test_customer_keeps_normalised_contacts_and_gets_defaults() -> None:
    row = only(
        clean_customers(customer("c", email=" A@B.com", email_normalized="a@b.com", email_hash="h", phone="call me"))
    )
    assert (row["email"], row["email_hash"], row["phone"]) == ("a@b.com", "h", None)
    assert (row["name"], row["country"], row["region"]) == ("Unknown", "unknown", "unknown")
    assert row["updated_at"] == at("23:00")


def test_product_gets_defaults_but_no_price() -> None:
    row = only(clean_products(product("p")))
    assert (row["name"], row["category"], row["price"]) == ("Unknown", "uncategorized", None)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"total_amount": Decimal(0), "quantity": 0, "currency": "EUR"}, "amount_not_positive"),
        ({"quantity": 0, "currency": "EUR", "customer_id": "who"}, "quantity_not_positive"),
        ({"currency": "EUR", "customer_id": "who", "product_id": "what"}, "foreign_currency"),
        ({"customer_id": "who", "product_id": "what"}, "unknown_customer"),
        ({"product_id": "what"}, "unknown_product"),
    ],
)
def test_order_quarantine_gives_the_first_reason_that_applies(fields: dict[str, Any], reason: str) -> None:
    validated, quarantined = judged(order("o", **fields))
    assert validated == []
    assert [row["reason"] for row in quarantined] == [reason]


def test_good_order_line_is_validated_with_category_and_calendar() -> None:
    validated, quarantined = judged(order("o", currency="USD"), order("p"))
    assert quarantined == []
    assert [row["order_id"] for row in validated] == ["o", "p"]
    assert (validated[0]["product_category"], validated[0]["order_year"], validated[0]["order_month"]) == (
        "mugs",
        2024,
        3,
    )


@pytest.mark.parametrize(
    ("own", "customers", "expected"), [("CA", "NY", "CA"), (None, "NY", "NY"), (None, None, "unknown")]
)
def test_region_is_the_orders_own_then_the_customers(own: str | None, customers: str | None, expected: str) -> None:
    (row,), _ = judged(order("o", region=own), region=customers)
    assert row["region"] == expected


def test_order_waits_in_quarantine_until_its_customer_is_known() -> None:
    orders = frame([order("o", customer_id="new")], BRONZE_ORDERS)
    products = clean_products(product("p1"))
    before, after = clean_customers(), clean_customers(customer("new"))
    assert found(orders_validated(orders, before, products, currency="USD")) == []
    assert len(found(orders_validated(orders, after, products, currency="USD"))) == 1
    assert found(orders_quarantine(orders, after, products, currency="USD")) == []


def test_only_the_latest_version_of_an_order_line_is_judged() -> None:
    bad = order("o", total_amount=Decimal(0), updated_at=at("08:00"))
    good = order("o", status="cancelled", updated_at=at("09:00"))
    validated, quarantined = judged(good, bad)
    assert [row["status"] for row in validated] == ["cancelled"]
    assert quarantined == []


def test_lines_of_one_order_stand_each_for_itself() -> None:
    validated, quarantined = judged(order("o"), order("o", product_id="what"))
    assert len(validated) == len(quarantined) == 1


def test_versions_are_compared_within_their_order_day() -> None:
    next_day = at("12:00", DAY + timedelta(days=1))
    validated, _ = judged(order("o"), order("o", when=next_day, updated_at=next_day))
    assert [row["order_date"] for row in validated] == [date(2024, 3, 2), date(2024, 3, 3)]
