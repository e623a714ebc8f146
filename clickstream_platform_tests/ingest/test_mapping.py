"""Files of other shops, read through a mapping. The rows are made up, in the shape of the documented examples."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from clickstream_platform.contract import DATASETS
from clickstream_platform.ingest import IngestError
from clickstream_platform.ingest.adapters import Adapter, adapter_names, get_adapter, register
from clickstream_platform.ingest.adapters.mapping import load_mapping
from clickstream_platform_tests.ingest.harness import ROOT, Lake, jsonl

EXAMPLES = ROOT / "docs" / "examples" / "mappings"
REES46 = b"""event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session
2019-10-01 00:00:00 UTC,view,1,11,tea.green,acme,35.79,7,s-1
2019-10-01 00:00:01 UTC,cart,1,11,tea.green,,35.79,7,s-1
2019-10-01 00:00:02 UTC,purchase,1,11,,acme,35.79,7,
2019-10-01 00:00:02 UTC,purchase,1,11,,acme,35.79,7,
2019-10-01 00:00:03 UTC,gift,1,11,,acme,35.79,7,s-1
2019-10-01 00:00:04,view,1,11,,acme,35.79,7,s-1
2019-10-01 00:00:05 UTC,view,1,11,,acme,minus,7,s-1
2019-10-01 00:00:06 UTC,view,1,11
"""
RETENTIONEERING = b"""user_id,session_id,event,timestamp,platform,acquisition_channel,user_cohort,user_lifecycle
u-1,s-1,home,2024-01-04 11:45:38,mobile,paid_search,2024-01,new
u-1,s-1,product_view,2024-01-04 11:46:00,desktop,organic,2024-01,new
u-2,s-2,purchase,2024-01-04 11:47:00,tablet,direct,2024-01,new
u-2,s-2,cart,2024-01-04 11:48:00,mobile,email,2024-01,new
"""


def mapping(lake: Lake, text: str) -> str:
    path = lake.inbox / "mapping.toml"
    path.write_text(text)
    return str(path)


def test_the_rees46_example(lake: Lake) -> None:
    report = lake.take(REES46, "2019-Oct.csv", mapping=str(EXAMPLES / "rees46.toml"))
    assert report.accepted == 4
    assert report.rejected == {"unknown_event": 1, "wrong_type": 2, "wrong_column_count": 1}
    assert [(row["line"], row["field"]) for row in lake.rejected()] == [
        (5, "event_name"),
        (6, "event_time"),
        (7, "items[0].price"),
        (8, None),
    ]
    view, cart, purchase, same = lake.rows()
    assert [row["event_name"] for row in (view, cart, purchase)] == ["view_item", "add_to_cart", "purchase"]
    assert view["event_time"] == datetime(2019, 10, 1, tzinfo=UTC)
    assert view["items"] == [{"product_id": "1", "price": Decimal("35.79"), "quantity": 1, "category": "tea.green"}]
    assert (view["items_value"], view["currency"], view["entity_id"]) == (Decimal("35.79"), "USD", "7")
    assert json.loads(view["properties"]) == {"category_id": "11", "brand": "acme"}
    assert purchase["client_session_id"] is None
    assert purchase["event_id"] == same["event_id"] != view["event_id"], "equal rows are one event"


def test_the_retentioneering_example(lake: Lake) -> None:
    report = lake.take(RETENTIONEERING, "ecom.csv", mapping=str(EXAMPLES / "retentioneering.toml"))
    assert (report.accepted, report.rejected) == (4, {})
    rows = lake.rows()
    assert [row["event_name"] for row in rows] == ["page_view", "view_item", "purchase", "view_cart"]
    assert [row["channel"] for row in rows] == ["Paid Search", "Organic Search", "Direct", "Email"]
    assert [row["device_type"] for row in rows] == ["mobile", "desktop", "tablet", "mobile"]
    assert json.loads(rows[0]["properties"]) == {"event": "home", "user_cohort": "2024-01", "user_lifecycle": "new"}
    assert rows[2]["value"] == Decimal("0.00")


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_documented_mapping_is_explained(example: Path) -> None:
    assert load_mapping(str(example)).dataset in DATASETS
    assert example.name in (EXAMPLES.parent / "README.md").read_text()


def test_json_records_are_mapped_too(lake: Lake) -> None:
    text = """
        [fields]
        event_id = "id"
        event_name = "kind"
        event_time = "at"
        user_id = "who"
        [values.event_name]
        "*" = "page_view"
        [time]
        format = "unix_ms"
    """
    record = {"id": "1", "kind": "x", "at": 1709287200123, "who": "u", "extra": {"a": [1]}, "none": None}
    lake.take(jsonl(json.dumps(record).encode()), "log.jsonl", mapping=mapping(lake, text))
    row = lake.row()
    assert (row["event_name"], row["event_time"]) == ("page_view", datetime(2024, 3, 1, 10, 0, 0, 123_000, UTC))
    assert row["properties"] == '{"extra":{"a":[1]}}'


def test_local_times_are_read_in_the_mappings_zone(lake: Lake) -> None:
    text = """
        dataset = "orders"
        [fields]
        order_id = "order"
        customer_id = "customer"
        product_id = "sku"
        quantity = "qty"
        unit_price = "price"
        total_amount = "total"
        order_time = "date"
        [constants]
        status = "completed"
        [time]
        format = "%d.%m.%Y %H:%M"
        zone = "Europe/Berlin"
    """
    data = b"order;customer;sku;qty;price;total;date\n1;c;p;2;1.50;3.00;01.07.2024 12:00\n"
    lake.take(data, "export.csv", mapping=mapping(lake, text))
    row = lake.row("orders")
    assert (row["order_time"], row["total_amount"]) == (datetime(2024, 7, 1, 10, tzinfo=UTC), Decimal("3.00"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fields = 1", "fields"),
        ("= x", "line 1"),
        ("dataset = 'shoes'", "'shoes' is none of events"),
        ("[fields]\nevent_nmae = 'x'", r"\[fields\] event_nmae: no field of events"),
        ("[item]\nprise = 'x'", "an item has category, price, product_id, quantity"),
        ("[time]\nzone = 'Mars/Base'", "Mars/Base"),
        ("[extras]\na = 1", "extras"),
    ],
)
def test_a_mapping_that_makes_no_sense_is_explained(lake: Lake, text: str, said: str) -> None:
    with pytest.raises(IngestError, match=rf"mapping\.toml.*{said}"):
        load_mapping(mapping(lake, text))


def test_a_new_format_is_a_class_and_a_call(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    class Segment:
        dataset = "events"
        columns = frozenset({"messageId"})

        def to_native(self, record: dict[str, str]) -> dict[str, str]:
            return {
                "event_id": record["messageId"],
                "event_name": "page_view",
                "event_time": record["timestamp"],
                "user_id": record["userId"],
            }

    monkeypatch.setattr("clickstream_platform.ingest.adapters.registry._factories", {})
    adapter: Adapter = Segment()  # type: ignore[assignment]
    register("segment", lambda _: adapter)
    assert (adapter_names(), get_adapter("segment", None)) == (["segment"], adapter)
    record = {"messageId": "m", "timestamp": "2024-03-01T10:00:00Z", "userId": "u"}
    lake.take(jsonl(json.dumps(record).encode()), "x.jsonl", format="segment")
    assert lake.row()["event_id"] == "m"


CONSENT = """
[fields]
event_id = "id"
event_name = "what"
event_time = "when"
user_id = "who"
[consent]
analytics = "stats_ok"
ads = "marketing_ok"
[values.consent]
"""


def test_answers_to_consent_are_mapped_by_purpose(lake: Lake) -> None:
    rules = CONSENT + 'true = "granted"\n1 = "granted"\nfalse = "denied"\nasked = ""\n'
    text = b"""id,what,when,who,stats_ok,marketing_ok
1,page_view,2024-03-01T10:00:00Z,ann,true,false
2,page_view,2024-03-01T10:00:00Z,ann,1,asked
3,page_view,2024-03-01T10:00:00Z,ann,,
4,page_view,2024-03-01T10:00:00Z,ann,perhaps,true
"""
    lake.take(text, "events.csv", mapping=mapping(lake, rules))
    said = {row["event_id"]: (row["analytics_consent"], row["ads_consent"], row["properties"]) for row in lake.rows()}
    assert said == {"1": (True, False, None), "2": (True, None, None), "3": (None, None, None)}
    assert [(row["line"], row["field"], row["reason"]) for row in lake.rejected()] == [
        (4, "consent.analytics", "invalid_value")
    ]


def test_answers_to_consent_may_be_truth_values_of_json(lake: Lake) -> None:
    rules = CONSENT + 'true = "granted"\nfalse = "denied"\n'
    record = {"id": "1", "what": "page_view", "when": "2024-03-01T10:00:00Z", "who": "ann"}
    answers = {"stats_ok": True, "marketing_ok": False}
    lake.take(jsonl(json.dumps({**record, **answers}).encode()), "events.jsonl", mapping=mapping(lake, rules))
    assert (lake.row()["analytics_consent"], lake.row()["ads_consent"]) == (True, False)


def test_a_line_of_spend_comes_from_an_advertisers_export(lake: Lake) -> None:
    rules = """
        dataset = "marketing_spend"
        [fields]
        date = "Day"
        campaign = "Campaign"
        cost = "Cost"
        clicks = "Clicks"
        [constants]
        source = "google"
        medium = "cpc"
        currency = "EUR"
        [time]
        format = "%d.%m.%Y"
    """
    lake.take(b"Day,Campaign,Cost,Clicks\n05.03.2024,brand,12.30,41\n32.03.2024,brand,1,1\n", "export.csv",
              mapping=mapping(lake, rules))  # fmt: skip
    row = lake.row("marketing_spend")
    assert (row["spend_date"], row["channel"], row["cost"], row["clicks"], row["currency"]) == (
        date(2024, 3, 5),
        "Paid Search",
        Decimal("12.30"),
        41,
        "EUR",
    )
    assert [(row["line"], row["field"]) for row in lake.rejected("marketing_spend")] == [(2, "date")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[consent]\nmarketing = "x"', "[consent] marketing: a purpose is ad_personalization, "),
        ('dataset = "orders"\n[consent]\nads = "x"', "[consent]: only events carry consent, not orders"),
    ],
)
def test_a_wrong_consent_section_is_told(lake: Lake, text: str, said: str) -> None:
    with pytest.raises(IngestError) as told:
        load_mapping(mapping(lake, text))
    assert said in str(told.value)
