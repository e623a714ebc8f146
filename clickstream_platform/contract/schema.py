"""JSON Schema of the contract, generated from the very types that validation uses."""

from typing import Any

import msgspec

from clickstream_platform.contract.records import RECORD_TYPES


def json_schema(dataset: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one record of a dataset."""
    record_type = RECORD_TYPES[dataset]
    _, components = msgspec.json.schema_components([record_type])
    definition = components.pop(record_type.__name__)
    if dataset == "events":
        complete_event(definition)
    elif dataset == "marketing_spend":
        definition["anyOf"] = _one_of("channel", "source", "medium")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"https://clickstream-platform.dev/schema/{dataset}.json",
        **definition,
        **({"$defs": components} if components else {}),
    }


def complete_event(definition: dict[str, Any]) -> None:
    """Add what the types cannot say of an event: one of two identities, and further fields, which become properties."""
    definition["anyOf"] = _one_of("user_id", "anonymous_id")
    definition.pop("additionalProperties", None)


def _one_of(*names: str) -> list[dict[str, Any]]:
    """At least one of these fields is there and not null."""
    return [{"required": [name], "properties": {name: {"type": "string"}}} for name in names]
