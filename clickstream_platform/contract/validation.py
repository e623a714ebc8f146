"""Any bytes give a record or a `Rejection`: validation is strict, total, and fast where records are good.

The fast path is one msgspec decode in C and a few comparisons. Whatever it refuses goes to `examine`, which is slower,
finds the exact reason and field, and accepts what is fine after all: further top-level fields (kept as properties),
null and blank optional fields, codes in lower case.
"""

from collections.abc import Callable, Mapping
from string import ascii_uppercase
from typing import Any

import msgspec

from clickstream_platform.contract.fields import FieldError, Specification, merged_properties, specification
from clickstream_platform.contract.meaning import FIRST_YEAR, LAST_YEAR, Limits, check_meaning, email_as_id, sound_items
from clickstream_platform.contract.reasons import Rejection
from clickstream_platform.contract.records import Event, Record

Parse = Callable[[bytes], Record | Rejection]

# Codes of two and of three capital ASCII letters: a set is the fastest test in the hot path.
_COUNTRIES = frozenset(first + second for first in ascii_uppercase for second in ascii_uppercase)
_CURRENCIES = frozenset(country + third for country in _COUNTRIES for third in ascii_uppercase)
_AT, _ESCAPE = b"@\\"  # as numbers: bytes look for a number ten times faster than for bytes
_any_decoder = msgspec.json.Decoder()
_fields_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])


def parser(dataset: str, limits: Limits) -> Parse:
    """A function from the bytes of one JSON record to a record of the dataset or a rejection. It never raises."""
    return _event_parser(limits) if dataset == "events" else _master_parser(dataset, limits)


class _OpenEvent(Event, forbid_unknown_fields=False, gc=False):
    """An event whose further fields are collected in a second pass."""


def _event_parser(limits: Limits) -> Parse:
    decode = msgspec.json.Decoder(Event).decode
    decode_open = msgspec.json.Decoder(_OpenEvent).decode
    earliest, latest, max_bytes = limits.earliest, limits.latest, limits.max_record_bytes
    known = frozenset(specification("events").types)

    def parse(data: bytes) -> Record | Rejection:
        try:
            try:
                event = decode(data)
            except msgspec.ValidationError as error:
                if not str(error).startswith("Object contains unknown field"):
                    return examine("events", data, limits)
                event = decode_open(data)
                unknown = {name: raw for name, raw in _fields_decoder.decode(data).items() if name not in known}
                event.properties = merged_properties(unknown, event.properties or None)
            if (
                len(data) <= max_bytes
                and earliest <= event.event_time <= latest
                and not event.event_id.isspace()
                and ((user := event.user_id) is None or not user.isspace())
                and ((anonymous := event.anonymous_id) is None or not anonymous.isspace())
                and (user or anonymous)
                and ((_AT not in data and _ESCAPE not in data) or not email_as_id(event))
                and ((country := event.country) is None or country in _COUNTRIES)
                and ((currency := event.currency) is None or currency in _CURRENCIES)
                and ((received := event.received_at) is None or FIRST_YEAR <= received.year <= LAST_YEAR)
                and (not (raw := event.properties) or str(raw, "utf-8").startswith("{"))
                and (event.items is None or sound_items(event.items))
            ):
                return event
        except (ValueError, RecursionError, OverflowError):
            pass
        return examine("events", data, limits)

    return parse


def _master_parser(dataset: str, limits: Limits) -> Parse:
    def parse(data: bytes) -> Record | Rejection:
        return examine(dataset, data, limits)

    return parse


def examine(dataset: str, data: bytes, limits: Limits) -> Record | Rejection:
    """Validate one JSON record field by field."""
    fields = _decoded_fields(data, limits)
    return fields if isinstance(fields, Rejection) else _build(specification(dataset), fields, limits, text=False)


def _decoded_fields(data: bytes, limits: Limits) -> dict[str, msgspec.Raw] | Rejection:
    if len(data) > limits.max_record_bytes:
        return Rejection("too_large", None, f"{len(data)} bytes; the limit is {limits.max_record_bytes}")
    try:
        data.decode()
        return _fields_decoder.decode(data)
    except UnicodeDecodeError as error:
        return Rejection("invalid_encoding", None, f"not UTF-8 at byte {error.start}")
    except msgspec.ValidationError:
        return Rejection("not_an_object", None, "a record is a JSON object")
    except msgspec.DecodeError as error:
        return Rejection("malformed_json", None, str(error).removeprefix("JSON is malformed: "))
    except RecursionError:
        return Rejection("malformed_json", None, "nested too deeply")


def from_text(dataset: str, cells: Mapping[str, str], limits: Limits) -> Record | Rejection:
    """Validate one record of text cells (CSV): numbers are read from their text, empty cells are absent."""
    return _build(specification(dataset), cells, limits, text=True)


def from_values(dataset: str, values: Mapping[str, Any], limits: Limits, *, text: bool) -> Record | Rejection:
    """Validate one record of plain values, as an adapter makes them; `text` reads numbers from text."""
    return _build(specification(dataset), values, limits, text=text)


def decode_object(data: bytes, limits: Limits) -> dict[str, Any] | Rejection:
    """The plain values of one JSON object of any fields, for adapters; total like all of this module."""
    fields = _decoded_fields(data, limits)
    if isinstance(fields, Rejection):
        return fields
    try:
        return {name: _any_decoder.decode(raw) for name, raw in fields.items()}
    except ValueError as error:
        return Rejection("invalid_value", None, str(error))


def _build(spec: Specification, fields: Mapping[str, Any], limits: Limits, *, text: bool) -> Record | Rejection:
    try:
        record = spec.read(fields, text=text)
        check_meaning(record, limits)
    except FieldError as error:
        return error.rejection
    except (ValueError, RecursionError, OverflowError) as error:
        return Rejection("invalid_value", None, f"cannot be read: {error}")
    return record
