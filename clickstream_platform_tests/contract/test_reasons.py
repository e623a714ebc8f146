"""Every reason for a refusal, with the field it is about."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from clickstream_platform.contract import DESCRIPTIONS, REASONS, Limits, Rejection, Spend, examine, from_text, parser
from clickstream_platform_tests.contract.records import EVENT, ORDER, event, record

LIMITS = Limits(latest=datetime(2024, 12, 31, tzinfo=UTC), max_record_bytes=4096)

REFUSED: list[tuple[bytes, str, str | None]] = [
    (b"{", "malformed_json", None),
    (b"not json", "malformed_json", None),
    (b"", "malformed_json", None),
    (b"\x00" * 20, "malformed_json", None),
    (event() + event(), "malformed_json", None),
    (event(value=float("nan")), "malformed_json", None),
    (event(value=float("inf")), "malformed_json", None),
    (b'{"a":' + b"[" * 3000, "malformed_json", None),
    (b"[]", "not_an_object", None),
    (b'"text"', "not_an_object", None),
    (b"17", "not_an_object", None),
    (b"null", "not_an_object", None),
    (b'{"event_id":"\xff"}', "invalid_encoding", None),
    (event(user_id="J\u00fcrgen").replace(b"\\u00fc", b"\xfc"), "invalid_encoding", None),
    (event(event_id=...), "missing_field", "event_id"),
    (event(event_id=None), "missing_field", "event_id"),
    (event(event_id=" "), "missing_field", "event_id"),
    (event(event_name=...), "missing_field", "event_name"),
    (event(event_time=""), "missing_field", "event_time"),
    (event(user_id=...), "missing_field", "user_id"),
    (event(user_id=" ", anonymous_id="\t"), "missing_field", "user_id"),
    (event(items=[{}]), "missing_field", "items[0].product_id"),
    (event(items=[{"product_id": "p"}, {"product_id": " "}]), "missing_field", "items[1].product_id"),
    (event(user_id=17), "wrong_type", "user_id"),
    (event(value="12.50"), "wrong_type", "value"),
    (event(value=True), "wrong_type", "value"),
    (event(items={"product_id": "p"}), "wrong_type", "items"),
    (event(items=[{"product_id": "p", "quantity": 1.5}]), "wrong_type", "items[0].quantity"),
    (event(experiments={"e": 1}), "wrong_type", "experiments[...]"),
    (event(properties=[1]), "wrong_type", "properties"),
    (event(url={}), "wrong_type", "url"),
    (event(event_time=1709287200), "wrong_type", "event_time"),
    (event(event_time="2024-03-01"), "wrong_type", "event_time"),
    (event(event_time="2024-03-01T10:00:00"), "wrong_type", "event_time"),
    (event(event_time="yesterday, 10:00"), "wrong_type", "event_time"),
    (event(event_name="page_veiw"), "unknown_event", "event_name"),
    (event(event_name="Page_View"), "unknown_event", "event_name"),
    (event(event_time="1970-01-01T00:00:00Z"), "event_time_out_of_range", "event_time"),
    (event(event_time="2099-01-01T00:00:00Z"), "event_time_out_of_range", "event_time"),
    (event(event_time="0001-01-01T00:00:00+14:00"), "event_time_out_of_range", "event_time"),
    (event(event_time="9999-12-31T23:59:59-12:00"), "event_time_out_of_range", "event_time"),
    (event(value=-0.01), "negative_amount", "value"),
    (event(items=[{"product_id": "p", "price": -1}]), "negative_amount", "items[0].price"),
    (event(items=[{"product_id": "p", "quantity": -1}]), "negative_amount", "items[0].quantity"),
    (event(value=1e12), "invalid_value", "value"),
    (event(items=[{"product_id": "p", "quantity": 0}]), "invalid_value", "items[0].quantity"),
    (event(items=[{"product_id": "p", "price": 9e10, "quantity": 100_000}] * 3), "invalid_value", "items"),
    (event(user_id="u" * 257), "invalid_value", "user_id"),
    (event(country="D1"), "invalid_value", "country"),
    (event(country="DEU"), "invalid_value", "country"),
    (event(currency="\u00c4\u00d6\u00dc"), "invalid_value", "currency"),
    (event(received_at="0001-01-01T00:00:00+05:00"), "invalid_value", "received_at"),
    (event(received_at="9999-12-31T23:59:59-12:00"), "invalid_value", "received_at"),
    (event(user_id="jane@example.com"), "invalid_value", "user_id"),
    (event(event_id="view-jane@example.com"), "invalid_value", "event_id"),
    (event(consent="denied"), "wrong_type", "consent"),
    (event(consent=True), "wrong_type", "consent"),
    (event(consent=["denied"]), "wrong_type", "consent"),
    (event(consent={"ads": False}), "wrong_type", "consent.ads"),
    (event(consent={"ads": "no"}), "invalid_value", "consent.ads"),
    (event(consent={"analytics": "Granted"}), "invalid_value", "consent.analytics"),
    (event(consent={"ad_storage": ""}), "invalid_value", "consent.ad_storage"),
    (event(consent={"analitics": "denied"}), "invalid_value", "consent.analitics"),
    (event(consent={"ads": "denied", "security_storage": 1}), "wrong_type", "consent.security_storage"),
    (event(region="x" * 5000), "too_large", None),
]


@pytest.mark.parametrize(("data", "reason", "field"), REFUSED, ids=[f"{r}-{i}" for i, (_, r, _) in enumerate(REFUSED)])
def test_an_event_is_refused_with_reason_and_field(data: bytes, reason: str, field: str | None) -> None:
    refused = parser("events", LIMITS)(data)
    assert isinstance(refused, Rejection)
    assert (refused.reason, refused.field) == (reason, field)
    assert refused.detail


@pytest.mark.parametrize(
    ("fields", "reason", "field"),
    [
        ({"status": "lost"}, "unknown_status", "status"),
        ({"quantity": -1}, "negative_amount", "quantity"),
        ({"total_amount": -5}, "negative_amount", "total_amount"),
        ({"unit_price": "5"}, "wrong_type", "unit_price"),
        ({"order_time": "1970-01-01T00:00:00Z"}, "event_time_out_of_range", "order_time"),
        ({"customer_id": None}, "missing_field", "customer_id"),
        ({"updated_at": "9999-12-31T23:59:59-12:00"}, "invalid_value", "updated_at"),
        ({"currency": "dollars"}, "invalid_value", "currency"),
    ],
)
def test_an_order_line_is_refused_with_reason_and_field(fields: dict[str, Any], reason: str, field: str) -> None:
    refused = parser("orders", LIMITS)(record("orders", **fields))
    assert isinstance(refused, Rejection)
    assert (refused.reason, refused.field) == (reason, field)


@pytest.mark.parametrize(
    ("fields", "reason", "field"),
    [
        ({"date": ...}, "missing_field", "date"),
        ({"date": " "}, "missing_field", "date"),
        ({"date": "01.03.2024"}, "wrong_type", "date"),
        ({"date": 20240301}, "wrong_type", "date"),
        ({"date": "2024-02-30"}, "wrong_type", "date"),
        ({"date": "1970-01-01"}, "event_time_out_of_range", "date"),
        ({"date": "2099-01-01"}, "event_time_out_of_range", "date"),
        ({"cost": ...}, "missing_field", "cost"),
        ({"cost": None}, "missing_field", "cost"),
        ({"cost": "12.50"}, "wrong_type", "cost"),
        ({"cost": -0.01}, "negative_amount", "cost"),
        ({"cost": 1e12}, "invalid_value", "cost"),
        ({"source": ..., "medium": ...}, "missing_field", "source"),
        ({"source": " ", "medium": "", "campaign": "spring"}, "missing_field", "source"),
        ({"channel": 7}, "wrong_type", "channel"),
        ({"campaign": "x" * 1025}, "invalid_value", "campaign"),
        ({"currency": "dollars"}, "invalid_value", "currency"),
        ({"impressions": -1}, "negative_amount", "impressions"),
        ({"impressions": "many"}, "wrong_type", "impressions"),
        ({"clicks": -1}, "negative_amount", "clicks"),
        ({"clicks": 1.5}, "wrong_type", "clicks"),
        ({"clicks": 2**54}, "invalid_value", "clicks"),
        ({"updated_at": "yesterday"}, "wrong_type", "updated_at"),
    ],
)
def test_a_line_of_spend_is_refused_with_reason_and_field(fields: dict[str, Any], reason: str, field: str) -> None:
    refused = parser("marketing_spend", LIMITS)(record("marketing_spend", **fields))
    assert isinstance(refused, Rejection)
    assert (refused.reason, refused.field) == (reason, field)
    assert refused.detail


@pytest.mark.parametrize("fields", [{}, {"clicks": 3.0}, {"source": ..., "medium": ..., "channel": "Out of Home"}])
def test_a_good_line_of_spend_passes(fields: dict[str, Any]) -> None:
    assert isinstance(parser("marketing_spend", LIMITS)(record("marketing_spend", **fields)), Spend)


@pytest.mark.parametrize(
    ("cells", "reason", "field"),
    [
        ({"unit_price": "NaN"}, "invalid_value", "unit_price"),
        ({"unit_price": "inf"}, "invalid_value", "unit_price"),
        ({"unit_price": "-1"}, "negative_amount", "unit_price"),
        ({"unit_price": "1,50"}, "wrong_type", "unit_price"),
        ({"unit_price": "9" * 400}, "invalid_value", "unit_price"),
        ({"quantity": "two"}, "wrong_type", "quantity"),
        ({"quantity": "2.5"}, "wrong_type", "quantity"),
        ({"quantity": ""}, "missing_field", "quantity"),
        ({"order_time": "1709287200"}, "wrong_type", "order_time"),
        ({"order_time": "2024-03-01 10:00"}, "wrong_type", "order_time"),
    ],
)
def test_cells_of_text_are_read_as_numbers_but_not_guessed_at(cells: dict[str, str], reason: str, field: str) -> None:
    given = {name: str(value) for name, value in ORDER.items()}
    refused = from_text("orders", {**given, **cells}, LIMITS)
    assert isinstance(refused, Rejection)
    assert (refused.reason, refused.field) == (reason, field)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"value": 0, "currency": "EUR"},
        {"currency": "eur", "country": "de"},
        {"url": None, "email": "", "items": None, "properties": None},
        {"event_time": "2024-03-01T10:00:00.123456+05:30"},
        {"user_id": None, "anonymous_id": "a"},
        {"items": [{"product_id": "p", "price": 1.5, "quantity": 2, "category": "c"}], "experiments": {"e": "v"}},
        {"received_at": "1970-01-01T00:00:00Z"},
        {"user_id": "tenant@17"},
        {"consent": None},
        {"consent": {}},
        {"consent": {"analytics": "granted", "ads": None}},
        {"consent": {"analytics_storage": "denied", "ad_user_data": "granted", "security_storage": "granted"}},
    ],
)
def test_a_good_event_passes_both_ways_alike(fields: dict[str, Any]) -> None:
    data = event(**fields)
    fast, slow = parser("events", LIMITS)(data), examine("events", data, LIMITS)
    assert not isinstance(fast, Rejection)
    assert fast == slow


def test_codes_are_kept_in_capitals() -> None:
    read = parser("events", LIMITS)(event(currency="eur", country="de"))
    assert (read.currency, read.country) == ("EUR", "DE")  # type: ignore[union-attr]


def test_further_fields_become_properties_and_given_properties_win() -> None:
    read = parser("events", LIMITS)(event(page_type="home", scroll=3, properties={"scroll": 90}))
    assert json.loads(bytes(read.properties)) == {"page_type": "home", "scroll": 90}  # type: ignore[union-attr]


def test_cells_without_a_field_become_properties_of_events() -> None:
    read = from_text("events", {**EVENT, "banner": "spring", "empty": ""}, LIMITS)
    assert json.loads(bytes(read.properties)) == {"banner": "spring"}  # type: ignore[union-attr]


def test_a_dated_signup_may_carry_a_time() -> None:
    read = from_text("customers", {"customer_id": "c", "signup_date": "2024-03-01 10:00"}, LIMITS)
    assert str(read.signup_date) == "2024-03-01"  # type: ignore[union-attr]


def test_every_reason_is_described() -> None:
    assert set(DESCRIPTIONS) == set(REASONS)
