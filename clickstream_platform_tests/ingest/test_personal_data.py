"""Event tables hold no e-mail and no IP address, wherever in a record they stand."""

import json

import pytest

from clickstream_platform_tests.contract.records import event, record
from clickstream_platform_tests.ingest.harness import Lake, jsonl

MAIL, IP = "jane.doe@example.com", "203.0.113.77"
EVERYWHERE = event(
    email=MAIL,
    ip=IP,
    url=f"https://shop.example/u/{MAIL}?email={MAIL}&q=jane.doe%40example.com&utm_source={MAIL}&ip={IP}&gclid={MAIL}",
    referrer=f"https://jane.doe:pw@mail.example/?to={MAIL}",
    utm_campaign=f"to {MAIL}",
    user_agent=f"ShopApp ({MAIL})",
    region=MAIL,
    items=[{"product_id": f"p {MAIL}", "category": MAIL}],
    experiments={"mail": MAIL},
    properties={"note": f"from {IP} by {MAIL}", "deep": [{"client_ip": "::1", "email": "jane.doe"}]},
    contact=MAIL,
)


def everything_in(lake: Lake) -> bytes:
    """All bytes of all objects, Parquet as its values."""
    rows = [lake.rows(dataset, layer) for dataset in ("events", "customers") for layer in ("bronze", "rejected")]
    plain = [(lake.path / path).read_bytes() for path in lake.objects("_")]
    return repr(rows).encode() + b"".join(plain)


def test_no_address_reaches_bronze_but_as_a_keyed_hash(lake: Lake) -> None:
    assert lake.take(EVERYWHERE, pii_key=b"key").accepted == 1
    for leak in (b"jane.doe", b"203.0.113", b"::1", b"pw@"):
        assert leak not in everything_in(lake)
    assert len(lake.row()["email_hash"]) == 64


def test_without_a_key_the_address_is_dropped(lake: Lake) -> None:
    lake.take(EVERYWHERE)
    assert lake.row()["email_hash"] is None
    assert b"jane.doe" not in everything_in(lake)


@pytest.mark.parametrize(
    "refused",
    [
        EVERYWHERE.replace(b"page_view", b"page_veiw"),
        EVERYWHERE[:-9],
        b'{"email": "jane.doe", "ip": "203.0.113.77", oops}',
        event(user_id=MAIL),
        event(event_name=MAIL),
        event(event_time=MAIL),
        json.dumps([MAIL]).encode(),
    ],
)
def test_refused_events_are_kept_redacted(lake: Lake, refused: bytes) -> None:
    assert lake.take(refused + b"\n" if not refused.startswith(b"[") else b"\n" + event() + b"\n" + refused).rejected
    assert b"jane.doe" not in everything_in(lake)
    assert b"203.0.113" not in everything_in(lake)


def test_a_broken_record_of_customers_is_kept_without_its_text(lake: Lake) -> None:
    lake.take(b"customer_id,name,phone\nc-1,Jane Doe\n", "customers.csv")
    assert lake.rejected("customers")[0]["record"] == ""


def test_a_refused_record_of_customers_is_kept_redacted(lake: Lake) -> None:
    lake.take(jsonl(record("customers", name="Jane Doe", phone=5)), "customers.jsonl")
    assert "Jane" not in lake.rejected("customers")[0]["record"]


def test_customers_can_be_kept_as_hashes_only(lake: Lake) -> None:
    data = record("customers", email=MAIL, name="Jane Doe", phone="+1 415 555 2671")
    lake.take(data, "customers.jsonl", pii_key=b"key", hash_customer_pii=True)
    row = lake.row("customers")
    assert len(row["email_hash"]) == 64
    assert not any(row[name] for name in ("email", "email_normalized", "name", "phone", "phone_e164"))
