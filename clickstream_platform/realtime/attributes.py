"""Items between Python and DynamoDB's JSON: texts, whole numbers, truth values, lists, maps and sets."""

from collections.abc import Mapping
from typing import Any, TypeAlias

Item: TypeAlias = dict[str, Any]
"""Attributes by name: str, int, bool, list, dict, set of str or of int; one that is None is left out."""


def to_wire(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item as DynamoDB reads it."""
    return {name: _value(value) for name, value in item.items() if value is not None}


def from_wire(item: Mapping[str, Any]) -> Item:
    """An item as DynamoDB writes it."""
    return {name: _plain(value) for name, value in item.items()}


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    if isinstance(value, list):
        return {"L": [_value(one) for one in value]}
    if isinstance(value, dict):
        return {"M": to_wire(value)}
    if isinstance(value, set) and value:
        return {"SS": sorted(value)} if isinstance(next(iter(value)), str) else {"NS": [str(one) for one in value]}
    raise TypeError(f"no attribute value: {value!r}")


def _plain(value: Mapping[str, Any]) -> Any:
    ((kind, content),) = value.items()
    if kind == "N":
        return int(content)
    if kind == "M":
        return from_wire(content)
    if kind == "L":
        return [_plain(one) for one in content]
    if kind == "NS":
        return {int(one) for one in content}
    if kind == "SS":
        return set(content)
    return content
