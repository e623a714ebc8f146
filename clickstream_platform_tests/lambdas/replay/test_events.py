"""Bronze rows as events again: read anew, they are the same rows."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from clickstream_platform.contract import Limits
from clickstream_platform.ingest.batches import Batches
from clickstream_platform.ingest.bronze_schemas import EVENTS
from clickstream_platform.ingest.interpret import Interpreter
from clickstream_platform.ingest.options import IngestOptions
from clickstream_platform.lambdas.replay_processor.events import events_of
from clickstream_platform.simulate import simulate
from clickstream_platform_tests.lambdas.stream import event, lines_of

_LOST = {"email_hash", "record_hash", "source_id", "source_line"}
OPTIONS = IngestOptions(lake_uri="nowhere", pii_key=b"key", shop_domains=("own.example",))


def bronze(lines: list[bytes]) -> pa.Table:
    read = Interpreter("events", Limits(), None).interpret(list(lines), 1)
    columns = Batches("events", OPTIONS).columns(read, "s", datetime(2024, 3, 1, tzinfo=UTC))
    return pa.table([columns[field.name] for field in EVENTS], schema=EVENTS)


def kept(table: pa.Table) -> list[dict[str, Any]]:
    return table.drop_columns(sorted(_LOST)).to_pylist()


def test_every_event_of_a_shop_with_its_dirt_comes_back_as_it_was(tmp_path: Path) -> None:
    simulate(tmp_path, days=2, events=6000, seed=5, dirty_rate=0.1)
    first = bronze(lines_of(tmp_path))
    again = bronze(list(events_of(first, OPTIONS.shop_domains)))
    assert first.num_rows > 5000
    assert kept(again) == kept(first)


@pytest.mark.parametrize(
    "fields",
    [
        {"utm_source": "news", "utm_medium": "email", "utm_campaign": "c", "utm_term": "t", "utm_content": "x"},
        {"utm_campaign": "only"},
        {"utm_medium": "only"},
        {"url": "https://shop.example/?utm_source=a&gclid=G1&email=a%40b.example", "utm_source": "b"},
        {"url": "https://shop.example/?fbclid=F1", "referrer": "https://www.google.com/search?q=x"},
        {"url": "https://own.example/", "referrer": "https://pay.own.example/back"},
        {"url": "/relative?utm_source=x#fragment", "referrer": "android-app://com.google.android.gm/"},
        {"event_name": "click"},
        {"consent": {"analytics": "granted", "ads": "denied"}},
        {"consent": {"ad_storage": "denied"}},
        {"consent": {}},
        {"properties": {"a": [1, {"b": None}], "ü": "ä"}, "more": 1.5, "experiments": {"e": "v", "d": "w"}},
        {
            "items": [{"product_id": "p"}, {"product_id": "q", "price": 0.1, "quantity": 3, "category": "c"}],
            "value": 0.3,
        },
        {"event_time": "2024-03-01T10:00:00.123456+05:30", "received_at": "2024-03-01T10:00:01Z", "user_id": "u"},
        {
            "country": "de",
            "region": "Bayern",
            "currency": "eur",
            "email": "a@b.example",
            "session_id": "s",
            "ip": "1.2.3.4",
        },
    ],
)
def test_an_event_comes_back_as_it_was(fields: dict[str, Any]) -> None:
    first = bronze([event(**fields)])
    assert first.num_rows == 1
    assert kept(bronze(list(events_of(first, OPTIONS.shop_domains)))) == kept(first)
