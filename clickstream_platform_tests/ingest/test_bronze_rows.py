"""What stands in bronze for a record."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from clickstream_platform.ingest.bronze_schemas import SCHEMAS
from clickstream_platform_tests.contract.records import event, record
from clickstream_platform_tests.ingest.harness import Lake, events, jsonl

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.0.0 Safari/537.36"
)


def test_an_event_with_everything(lake: Lake) -> None:
    lake.take(
        event(
            event_name="purchase",
            event_time="2024-03-01T23:30:00.5-02:00",
            received_at="2024-03-02T01:30:01Z",
            anonymous_id="a-1",
            session_id="s-1",
            url="https://shop.example/done?utm_campaign=spring&gclid=G1&email=jane",
            referrer="https://www.google.de/",
            user_agent=CHROME,
            country="de",
            region="BE",
            items=[{"product_id": "p", "price": 0.1, "quantity": 3, "category": "tea"}, {"product_id": "q"}],
            order_id="o-1",
            value=12.346,
            currency="EUR",
            experiments={"b": "2", "a": "1"},
            page_type="done",
        )
    )
    row = lake.row()
    expected = {
        "event_time": datetime(2024, 3, 2, 1, 30, 0, 500_000, UTC),
        "event_date": date(2024, 3, 2),
        "entity_id": "u-1",
        "client_session_id": "s-1",
        "page_url": "https://shop.example/done?utm_campaign=spring&gclid=G1&email=[redacted]",
        "page_path": "/done",
        "referrer_host": "www.google.de",
        "source": "google",
        "medium": "cpc",
        "campaign": "spring",
        "click_id": "G1",
        "click_id_type": "gclid",
        "channel": "Paid Search",
        "is_touch": True,
        "has_source": True,
        "device_type": "desktop",
        "is_bot": False,
        "country": "DE",
        "items": [
            {"product_id": "p", "price": Decimal("0.10"), "quantity": 3, "category": "tea"},
            {"product_id": "q", "price": None, "quantity": 1, "category": None},
        ],
        "items_value": Decimal("0.30"),
        "value": Decimal("12.35"),
        "currency": "EUR",
        "experiments": [{"experiment": "a", "variant": "1"}, {"experiment": "b", "variant": "2"}],
        "properties": '{"page_type":"done"}',
        "source_line": 1,
    }
    assert {name: row[name] for name in expected} == expected


def test_an_event_with_nothing_more_than_it_needs(lake: Lake) -> None:
    lake.take(event(user_id=..., anonymous_id="a-1"))
    row = lake.row()
    assert (row["entity_id"], row["channel"], row["source"], row["medium"]) == ("a-1", "Direct", "(direct)", "(none)")
    assert (row["items"], row["experiments"], row["items_value"], row["value"]) == ([], [], None, None)
    assert (row["device_type"], row["is_bot"], row["is_touch"], row["has_source"]) == ("unknown", False, False, False)


def test_a_bot_is_flagged_and_a_click_is_a_touch(lake: Lake) -> None:
    lake.take(event(event_name="click", user_agent="Googlebot/2.1"))
    assert (lake.row()["is_bot"], lake.row()["device_type"], lake.row()["is_touch"]) == (True, "bot", True)


def test_money_is_exact_over_its_whole_range(lake: Lake) -> None:
    amounts = ["0.01", "0.29", "1.15", "2.675", "1234567.89", "99999999999.99"]
    lake.take(
        b"".join(event(event_id=amount, value="#").replace(b'"#"', amount.encode()) + b"\n" for amount in amounts)
    )
    kept = [str(row["value"]) for row in lake.rows()]
    assert kept == ["0.01", "0.29", "1.15", "2.68", "1234567.89", "99999999999.99"]


def test_rows_go_to_the_folder_of_their_own_day(lake: Lake) -> None:
    days = ["2024-03-01", "2024-02-29", "2024-03-01", "2023-12-31"]
    report = lake.take(jsonl(*(event(event_id=day, event_time=f"{day}T12:00:00Z") for day in days)))
    assert report.days == {date(2023, 12, 31): 1, date(2024, 2, 29): 1, date(2024, 3, 1): 2}
    name = f"{report.source_id}-00000.parquet"
    assert report.objects == [
        f"bronze/events/year=2023/month=12/day=31/{name}",
        f"bronze/events/year=2024/month=02/day=29/{name}",
        f"bronze/events/year=2024/month=03/day=01/{name}",
    ]
    assert lake.objects("bronze") == report.objects


def test_very_many_days_in_any_order(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clickstream_platform.ingest.bronze_writer._MOST_SLICES", 10)
    times = [f"20{16 + n * 7 % 8}-{1 + n * 5 % 12:02}-{1 + n * 11 % 3:02}T00:00:00Z" for n in range(3000)]
    report = lake.take(jsonl(*(event(event_id=f"e-{n}", event_time=time) for n, time in enumerate(times))))
    assert report.accepted == 3000
    assert all(f"{row['event_date']}" == times[row["source_line"] - 1][:10] for row in lake.rows())


def test_the_schema_of_every_table_is_as_published(lake: Lake) -> None:
    for dataset, schema in SCHEMAS.items():
        lake.take(record(dataset), f"{dataset}.jsonl")
        table = lake.table(dataset)
        assert table is not None
        assert table.schema.equals(schema)


def test_customers_keep_contact_data_normalised_beside_the_original(lake: Lake) -> None:
    customer = record("customers", email=" Jane@Example.com ", phone="030 123456", country="DE", name="Jane")
    lake.take(customer, "customers.jsonl", pii_key=b"key")
    row = lake.row("customers")
    assert (row["email_normalized"], row["phone_e164"], row["name"]) == ("jane@example.com", "+4930123456", "Jane")


def test_customers_and_events_share_the_hash_of_an_address(lake: Lake) -> None:
    lake.take(record("customers", email="Jane@example.com"), "customers.jsonl", pii_key=b"key")
    lake.take(event(email=" jane@EXAMPLE.com"), pii_key=b"key")
    assert lake.row("customers")["email_hash"] == lake.row()["email_hash"] is not None


def test_the_hash_of_a_record_is_of_its_bytes(lake: Lake) -> None:
    lake.take(jsonl(event(), event(), event(value=1)))
    hashes = [row["record_hash"] for row in lake.rows()]
    assert hashes[0] == hashes[1] != hashes[2]


def test_the_message_to_the_sensor_names_days_rows_and_objects(lake: Lake) -> None:
    report = lake.take(jsonl(*events(3)))
    assert lake.queue() == [
        {"dataset": "events", "source_id": report.source_id, "days": {"2024-03-01": 3}, "objects": report.objects}
    ]
    entry = json.loads((lake.path / f"_ledger/events/{report.source_id}.json").read_bytes())
    assert (entry["accepted"], entry["rows_read"], entry["source"]) == (3, 3, "events.jsonl")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, (None, None)),
        ({"consent": {}}, (None, None)),
        ({"consent": {"analytics": "granted"}}, (True, None)),
        ({"consent": {"analytics": "denied", "ads": "granted"}}, (False, True)),
        ({"consent": {"ad_storage": "denied"}, "page_type": "home"}, (None, False)),
    ],
)
def test_bronze_keeps_what_an_event_says_of_consent(
    lake: Lake, fields: dict[str, str | dict[str, str]], said: tuple[bool | None, bool | None]
) -> None:
    lake.take(event(url="https://shop.example/?gclid=G1", **fields))
    row = lake.row()
    assert (row["analytics_consent"], row["ads_consent"]) == said
    assert (row["click_id"], row["is_touch"]) == ("G1", True), "what is withheld is silver's business"


def test_consent_is_a_cell_of_json_in_csv(lake: Lake) -> None:
    lines = [
        b"event_id,event_name,event_time,user_id,consent",
        b'1,page_view,2024-03-01T10:00:00Z,ann,"{""analytics"":""granted"",""ads"":""denied""}"',
        b"2,page_view,2024-03-01T10:00:00Z,ann,",
        b"3,page_view,2024-03-01T10:00:00Z,ann,denied",
    ]
    lake.take(b"\n".join(lines), "events.csv")
    assert [(row["analytics_consent"], row["ads_consent"]) for row in lake.rows()] == [(True, False), (None, None)]
    assert [(row["reason"], row["field"]) for row in lake.rejected()] == [("wrong_type", "consent")]


@pytest.mark.parametrize(
    ("fields", "origin"),
    [
        ({}, ("Paid Search", "google", "cpc", "(not set)")),
        ({"campaign": " spring shop "}, ("Paid Shopping", "google", "cpc", "spring shop")),
        ({"source": "facebook", "medium": "paid_social"}, ("Paid Social", "facebook", "paid_social", "(not set)")),
        (
            {"channel": "PAID SEARCH", "source": ..., "medium": " "},
            ("Paid Search", "(not set)", "(not set)", "(not set)"),
        ),
        ({"channel": "Display"}, ("Display", "google", "cpc", "(not set)")),
        ({"channel": "Out of Home", "source": None}, ("Out of Home", "(not set)", "cpc", "(not set)")),
        ({"source": ..., "medium": "email"}, ("Email", "(not set)", "email", "(not set)")),
        ({"source": "poster", "medium": "qr"}, ("Unassigned", "poster", "qr", "(not set)")),
        ({"campaign": "for jane@example.com"}, ("Paid Search", "google", "cpc", "for [redacted]")),
    ],
)
def test_a_line_of_spend_names_its_origin_as_visits_do(
    lake: Lake, fields: dict[str, object], origin: tuple[str, str, str, str]
) -> None:
    lake.take(record("marketing_spend", **fields), "marketing_spend.jsonl")
    row = lake.row("marketing_spend")
    assert (row["channel"], row["source"], row["medium"], row["campaign"]) == origin


def test_a_line_of_spend_with_everything(lake: Lake) -> None:
    fields = {"cost": 0.125, "currency": "usd", "impressions": 9_000, "clicks": 12.0, "campaign": "brand"}
    report = lake.take(
        record("marketing_spend", date="2024-02-29T23:30:00-02:00", updated_at="2024-03-01T06:00:00+01:00", **fields),
        "landing/marketing_spend/feb.jsonl",
    )
    assert report.days == {date(2024, 2, 29): 1}
    row = lake.row("marketing_spend")
    expected = {
        "spend_date": date(2024, 2, 29),
        "cost": Decimal("0.12"),
        "currency": "USD",
        "impressions": 9_000,
        "clicks": 12,
        "updated_at": datetime(2024, 3, 1, 5, tzinfo=UTC),
        "source_line": 1,
    }
    assert {name: row[name] for name in expected} == expected
