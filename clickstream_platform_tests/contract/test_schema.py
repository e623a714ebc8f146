"""The published JSON Schema says what validation does."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

from clickstream_platform.commands.schema import schema, schema_text
from clickstream_platform.contract import DESCRIPTIONS, Limits, Rejection, parser
from clickstream_platform_tests.contract.records import RECORDS, record

PUBLISHED = Path(__file__).parents[2] / "docs" / "schema"
KINDS = {
    "event": "events",
    "customer": "customers",
    "product": "products",
    "order": "orders",
    "spend": "marketing_spend",
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_published_schema_is_the_one_of_the_code(kind: str) -> None:
    assert (PUBLISHED / f"{kind}.json").read_text() == schema_text(KINDS[kind]), f"clickstream schema {kind} > docs/..."


def test_every_reason_is_published_with_its_meaning() -> None:
    text = (PUBLISHED / "README.md").read_text()
    for reason, meaning in DESCRIPTIONS.items():
        assert f"| `{reason}` | {meaning} |" in text


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_prints_it(kind: str) -> None:
    result = CliRunner().invoke(schema, [kind])
    assert json.loads(result.output)["$id"].endswith(f"{KINDS[kind]}.json")


@pytest.mark.parametrize("dataset", RECORDS)
def test_a_good_record_satisfies_the_schema(dataset: str) -> None:
    jsonschema.validate(RECORDS[dataset], json.loads(schema_text(dataset)))


@pytest.mark.parametrize(
    ("dataset", "fields"),
    [
        ("events", {"event_name": "x"}),
        ("events", {"value": -1}),
        ("events", {"value": "1"}),
        ("events", {"user_id": ...}),
        ("events", {"country": "DEU"}),
        ("events", {"items": [{}]}),
        ("events", {"properties": []}),
        ("events", {"consent": "denied"}),
        ("events", {"consent": {"ads": "no"}}),
        ("events", {"consent": {"analytics": True}}),
        ("events", {"consent": {"marketing": "denied"}}),
        ("orders", {"status": "lost"}),
        ("orders", {"quantity": -1}),
        ("orders", {"customer_id": ...}),
        ("products", {"price": -1}),
        ("customers", {"customer_id": ""}),
        ("marketing_spend", {"cost": -1}),
        ("marketing_spend", {"cost": "12.50"}),
        ("marketing_spend", {"date": ...}),
        ("marketing_spend", {"source": ..., "medium": ...}),
        ("marketing_spend", {"clicks": 1.5}),
        ("marketing_spend", {"clicks": -1}),
        ("marketing_spend", {"currency": "dollars"}),
    ],
)
def test_what_validation_refuses_the_schema_refuses(dataset: str, fields: dict[str, Any]) -> None:
    data = record(dataset, **fields)
    assert isinstance(parser(dataset, Limits())(data), Rejection)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(data), json.loads(schema_text(dataset)))


def test_further_fields_of_events_are_allowed() -> None:
    jsonschema.validate(json.loads(record("events", page_type="home")), json.loads(schema_text("events")))
