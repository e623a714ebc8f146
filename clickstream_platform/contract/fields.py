"""One record, field by field: the exact reason when a field is refused, and the leniency where none is needed."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec
from msgspec import UNSET

from clickstream_platform.contract.reasons import Reason, Rejection
from clickstream_platform.contract.records import RECORD_TYPES, Event, Record

_PATH = re.compile(r" - at `\$?([^`]*)`$")
_JSON_CELLS = {"items", "experiments", "consent", "properties"}
_DAYS = {"signup_date", "date"}
_COUNTS = {"quantity", "impressions", "clicks"}
_TIMES = {"event_time", "received_at", "order_time", "updated_at"}
_NO_TIME = "is not an RFC 3339 date or time, e.g. 2024-03-01T10:00:00Z"
_any_decoder = msgspec.json.Decoder()
_object_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
_CODE = re.compile(r"[A-Z]+", re.ASCII)


class FieldError(Exception):
    """A refused field; carries the rejection."""

    def __init__(self, reason: Reason, field: str | None, detail: str) -> None:
        super().__init__(detail)
        self.rejection = Rejection(reason, field, detail)


class Specification:
    """The fields of one dataset, made from its record type."""

    def __init__(self, dataset: str) -> None:
        self._type = RECORD_TYPES[dataset]
        fields = msgspec.structs.fields(self._type)
        self.types: dict[str, Any] = {field.name: field.type for field in fields}
        self.required = tuple(field.name for field in fields if field.required)
        self.keeps_unknown = "properties" in self.types
        # Master data may spell a country out; events name it by its code.
        self.codes = {"country", "currency"} if self.keeps_unknown else {"currency"}

    def read(self, fields: Mapping[str, Any], *, text: bool) -> Record:
        """The record of all present fields.

        Raises:
            FieldError: A field is missing or refused.
        """
        present = self._decode(fields, text=text)
        for name in self.required:
            if name not in present:
                raise FieldError("missing_field", name, f"{name} is required")
        given = present.pop("properties", None)
        values = {name: self._prepared(name, value, text=text) for name, value in present.items()}
        try:
            record: Record = msgspec.convert(values, self._type, strict=not text)
        except msgspec.ValidationError as error:
            raise self._refusal(values, str(error), text=text) from None
        if isinstance(record, Event):
            record.properties = self._properties(fields, given, text=text) or UNSET
        return record

    def _decode(self, fields: Mapping[str, Any], *, text: bool) -> dict[str, Any]:
        present: dict[str, Any] = {}
        for name in self.types:
            if (raw := fields.get(name)) is None:
                continue
            if isinstance(raw, msgspec.Raw):
                value = _value(name, raw)
            else:
                value = _cell(name, raw) if text and isinstance(raw, str) else raw
            if value is None or (isinstance(value, str) and (not value or value.isspace())):
                continue
            if name == "properties" and not isinstance(value, msgspec.Raw):
                raise FieldError("wrong_type", name, "properties is an object")
            present[name] = value
        return present

    def _prepared(self, name: str, value: Any, *, text: bool) -> Any:
        """The value as the type wants it, where the contract is more lenient than the type."""
        if isinstance(value, str):
            if text:
                value = value.strip()
            if name in self.codes:
                value = value.strip().upper()
                if not _CODE.fullmatch(value):
                    raise FieldError("invalid_value", name, f"{value[:20]!r} is not a code of letters")
            elif name in _DAYS:
                value = value[:10]
            elif name in _TIMES and ":" not in value:  # lenient reading would take a number for seconds since 1970
                raise FieldError("wrong_type", name, _NO_TIME)
        elif name in _COUNTS and isinstance(value, float) and value.is_integer():
            return int(value)  # integral floats are integers to everyone but a type checker
        return value

    def _refusal(self, values: Mapping[str, Any], message: str, *, text: bool) -> FieldError:
        """Which field is refused and why: fields are tried one by one."""
        for name, value in values.items():
            try:
                msgspec.convert(value, self.types[name], strict=not text)
            except msgspec.ValidationError as error:
                return _classified(name, value, str(error))
        return FieldError("invalid_value", None, _sentence(message))

    def _properties(self, fields: Mapping[str, Any], given: msgspec.Raw | None, *, text: bool) -> msgspec.Raw | None:
        unknown = {name: raw for name, raw in fields.items() if name not in self.types and (raw or not text)}
        return merged_properties(unknown, given) if unknown else given


def merged_properties(unknown: Mapping[str, msgspec.Raw | str], given: msgspec.Raw | None) -> msgspec.Raw:
    """Further fields and the given properties as one JSON object; on the same name the given property wins."""
    return msgspec.Raw(msgspec.json.encode({**unknown, **(_object_decoder.decode(given) if given else {})}))


@cache
def specification(dataset: str) -> Specification:
    """The specification of a dataset."""
    return Specification(dataset)


def _value(name: str, raw: msgspec.Raw) -> Any:
    """The plain value of raw JSON; an object of properties stays as it was written."""
    try:
        value = _any_decoder.decode(raw)
    except msgspec.ValidationError as error:
        if name != "properties":
            raise FieldError("invalid_value", name, _sentence(str(error))) from None
        value = {}
    return raw if name == "properties" and isinstance(value, dict) else value


def _cell(name: str, cell: str) -> Any:
    if name not in _JSON_CELLS or not cell.strip():
        return cell
    try:
        return _value(name, msgspec.Raw(cell.strip().encode()))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise FieldError("wrong_type", name, f"the cell of {name} is JSON") from None


def _classified(name: str, value: Any, message: str) -> FieldError:
    path = _PATH.search(message)
    inner = path[1] if path else ""
    message = message[: path.start()] if path else message
    field = f"{name}{inner}"
    if message.startswith("Object missing required field"):
        return FieldError("missing_field", f"{field}.{message.split('`')[1]}", "is required")
    if message.startswith("Invalid enum value"):
        shown = str(value)[:60]
        if name == "event_name":
            return FieldError("unknown_event", name, f"{shown!r} is no event name of the contract")
        if name == "consent":
            return FieldError("invalid_value", field, f"{str(_at(value, inner))[:60]!r} is neither granted nor denied")
        return FieldError("unknown_status", name, f"{shown!r} is no order status")
    if message.startswith("Object contains unknown field"):
        return FieldError(
            "invalid_value", f"{field}.{message.split('`')[1]}", "is no purpose that consent is asked for"
        )
    if "with a timezone component" in message:
        return FieldError("wrong_type", field, "needs a UTC offset, e.g. 2024-03-01T10:00:00Z")
    if message.startswith("Invalid RFC3339"):
        return FieldError("wrong_type", field, _NO_TIME)
    if re.match(r"Expected `(float|int)( \| null)?` >= ", message):
        number = _at(value, inner)
        if isinstance(number, int | float | str) and str(number).lstrip().startswith("-"):
            return FieldError("negative_amount", field, f"{str(number)[:40]} is below zero")
        return FieldError("invalid_value", field, _sentence(message))
    if "of length >= 1" in message:
        return FieldError("missing_field", field, "is blank")
    if ", got " in message:
        return FieldError("wrong_type", field, _sentence(message))
    return FieldError("invalid_value", field, _sentence(message))


def _sentence(message: str) -> str:
    return message.replace("`", "")[:1].lower() + message.replace("`", "")[1:]


def _at(value: Any, path: str) -> Any:
    """The value at msgspec's error path, e.g. `[0].price`."""
    for index, key in re.findall(r"\[(\d+)\]|\.(\w+)", path):
        try:
            value = value[int(index)] if index else value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value
