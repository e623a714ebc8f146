"""events_clean and events_quarantine."""

from datetime import timedelta
from decimal import Decimal

import polars as pl
import pytest

from clickstream_platform.transforms import events_clean, events_quarantine
from clickstream_platform_tests.transforms.rows import at, bronze_events, clean_events, event, found, item, only


def test_duplicate_event_keeps_the_first_received() -> None:
    late = event(at("09:00"), event_id="e", received_at=at("09:00:09"), page_path="/late")
    early = event(at("09:00"), event_id="e", received_at=at("09:00:03"), page_path="/early", record_hash=9)
    assert only(clean_events(late, early))["page_path"] == "/early"
    assert only(clean_events(early, late))["page_path"] == "/early"


def test_duplicate_that_does_not_say_when_it_was_received_counts_as_received_when_it_happened() -> None:
    silent = event(at("09:00:05"), event_id="e", page_path="/silent")
    said = event(at("09:00"), event_id="e", received_at=at("09:00:06"), page_path="/said")
    assert only(clean_events(silent, said))["page_path"] == "/silent"


@pytest.mark.parametrize(
    ("lower", "higher"),
    [
        ({"record_hash": 1}, {"record_hash": 2}),
        ({"source_id": "a"}, {"source_id": "b"}),
        ({"source_line": 1}, {"source_line": 2}),
    ],
)
def test_duplicates_received_at_once_are_told_apart_by_content_then_place(
    lower: dict[str, object], higher: dict[str, object]
) -> None:
    one = event(at("09:00"), event_id="e", page_path="/z", **lower)
    two = event(at("09:00"), event_id="e", page_path="/a", **higher)
    assert only(clean_events(two, one))["page_path"] == "/z"


def test_ids_that_end_alike_are_different_events() -> None:
    ids = [f"{beginning}-the-same-long-ending" for beginning in "abc"]
    rows = [event(at("09:00"), event_id=name, source_id=file) for name in ids for file in ("file-1", "file-2")]
    answer = found(clean_events(*rows, event(at("09:00"), event_id=f"d{ids[0][1:]}")), "event_id")
    assert [row["event_id"] for row in answer] == [*ids, f"d{ids[0][1:]}"]


def test_same_id_on_another_day_is_another_event() -> None:
    rows = (event(at("09:00"), event_id="e"), event(at("09:00") + timedelta(days=1), event_id="e"))
    assert len(found(clean_events(*rows))) == 2


def test_refused_event_does_not_come_back_through_its_duplicate() -> None:
    first = event(at("09:00"), "purchase", event_id="e", received_at=at("09:01"))
    second = event(at("09:00"), "purchase", event_id="e", received_at=at("09:02"), value=Decimal(5))
    assert found(clean_events(first, second)) == []
    assert only(events_quarantine(bronze_events(first, second), currency="USD"))["reason"] == "purchase_without_value"


@pytest.mark.parametrize(
    ("fields", "revenue"),
    [
        ({"value": Decimal("12.50"), "items_value": Decimal("99.00")}, "12.50"),
        ({"items_value": Decimal("99.00")}, "99.00"),
        ({"value": Decimal(0)}, "0.00"),
    ],
)
def test_purchase_is_worth_its_value_else_its_items(fields: dict[str, Decimal], revenue: str) -> None:
    assert only(clean_events(event(at("09:00"), "purchase", **fields)))["revenue"] == Decimal(revenue)


def test_refund_is_negative_revenue() -> None:
    rows = clean_events(event(at("09:00"), "refund", value=Decimal("7.25")))
    assert only(rows)["revenue"] == Decimal("-7.25")
    assert only(clean_events(event(at("09:00"), "refund")))["revenue"] == 0


def test_other_events_bring_no_revenue_whatever_their_value() -> None:
    assert only(clean_events(event(at("09:00"), "begin_checkout", value=Decimal(80))))["revenue"] == 0


def test_hour_and_weekday_are_utc_and_iso() -> None:
    sunday = at("23:59:59.999999") + timedelta(days=1)
    row = only(clean_events(event(sunday)))
    assert (row["hour"], row["day_of_week"]) == (23, 7)
    assert only(clean_events(event(sunday + timedelta(microseconds=1))))["day_of_week"] == 1


def test_missing_country_region_and_currency_get_their_defaults() -> None:
    row = only(clean_events(event(at("09:00"))))
    assert (row["country"], row["region"], row["currency"]) == ("unknown", "unknown", "USD")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"received_at": at("09:00") - timedelta(hours=24, microseconds=1)}, "clock_skew"),
        ({"currency": "EUR", "value": Decimal(1)}, "foreign_currency"),
        ({"currency": "EUR", "items_value": Decimal(1)}, "foreign_currency"),
        ({"event_name": "purchase"}, "purchase_without_value"),
        ({"event_name": "purchase", "currency": "EUR"}, "purchase_without_value"),
        (
            {"received_at": at("09:00") - timedelta(hours=25), "currency": "EUR", "value": Decimal(1)},
            "clock_skew",
        ),
    ],
)
def test_quarantine_gives_the_first_reason_that_applies(fields: dict[str, object], reason: str) -> None:
    bad = bronze_events(event(at("09:00"), **{"name": fields.pop("event_name", "page_view"), **fields}))
    assert only(events_quarantine(bad, currency="USD"))["reason"] == reason
    assert found(events_clean(bad, currency="USD")) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"received_at": at("09:00") - timedelta(hours=24)},
        {"currency": "EUR"},
        {"currency": "USD", "value": Decimal(1)},
    ],
)
def test_nothing_else_is_quarantined(fields: dict[str, object]) -> None:
    good = bronze_events(event(at("09:00"), **fields))
    assert len(found(events_clean(good, currency="USD"))) == 1
    assert found(events_quarantine(good, currency="USD")) == []


def test_bots_and_items_are_kept() -> None:
    row = only(clean_events(event(at("09:00"), is_bot=True, items=[item("p", "1.50", 2)])))
    assert row["is_bot"]
    assert row["items"] == [item("p", "1.50", 2)]


def test_no_events_give_no_events() -> None:
    empty = clean_events().to_native().collect()
    assert empty.height == 0
    assert empty.schema["revenue"] == pl.Decimal(18, 2)
