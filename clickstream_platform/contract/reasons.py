"""Why a record is refused: a closed list, so that every refusal can be counted, looked up and acted on."""

from typing import Literal, NamedTuple, get_args

Reason = Literal[
    "malformed_json",
    "not_an_object",
    "invalid_encoding",
    "missing_field",
    "wrong_type",
    "unknown_event",
    "unknown_status",
    "event_time_out_of_range",
    "negative_amount",
    "invalid_value",
    "too_large",
    "wrong_column_count",
    "truncated_input",
]

REASONS: tuple[str, ...] = get_args(Reason)

DESCRIPTIONS: dict[str, str] = {
    "malformed_json": "The record is not JSON (NaN and Infinity are not JSON either).",
    "not_an_object": "The record is JSON, but not an object with named fields.",
    "invalid_encoding": "The record is not UTF-8 text.",
    "missing_field": "A required field is absent, null or blank.",
    "wrong_type": "A field holds another type than the contract says, e.g. a number written as text in JSON.",
    "unknown_event": "`event_name` is none of the event names of the contract.",
    "unknown_status": "`status` is none of the order states of the contract.",
    "event_time_out_of_range": "The time lies before the earliest accepted time or too far in the future.",
    "negative_amount": "An amount or a quantity is below zero.",
    "invalid_value": "The type is right but the value cannot be: too long, too large, an impossible code.",
    "too_large": "The record is longer than the limit.",
    "wrong_column_count": "A CSV record has more or fewer cells than its header.",
    "truncated_input": "A compressed file ends in the middle; everything before the break was read.",
}


class Rejection(NamedTuple):
    """A refused record: the reason, the field it is about (None: the record as a whole), a sentence for people."""

    reason: Reason
    field: str | None
    detail: str
