"""Mapping files: a foreign CSV or JSON record becomes the contract's by renaming, constants and value tables.

dataset = "events"

[fields]                          # contract field = foreign column
event_name = "event_type"
event_time = "event_time"

[constants]                       # contract field = value for every record
currency = "USD"

[values.event_name]               # foreign value = the contract's; "*" stands for every other value,
view = "view_item"                # and "" leaves the field out

[time]                            # of every field that holds a time
format = "%Y-%m-%d %H:%M:%S UTC"  # strptime; or "unix", "unix_ms"
zone = "UTC"                      # of times without an offset

[hash]                            # contract field = hash of these foreign columns; [] stands for all
event_id = []

[item]                            # one item an event, where product_id is there
product_id = "product_id"

[consent]                         # a purpose of the contract's `consent` = the foreign column with the answer;
ads = "marketing_ok"              # [values.consent] says which answers are "granted" and "denied"

[keep]                            # columns that become properties of events;
properties = ["brand"]            # without this section: all that are not named above
"""

import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct
from xxhash import xxh3_128_hexdigest

from clickstream_platform.contract import DATASETS
from clickstream_platform.contract.fields import FieldError, specification
from clickstream_platform.contract.records import Consents
from clickstream_platform.ingest.errors import IngestError

_TIMES = ("event_time", "received_at", "order_time", "updated_at")
_PURPOSES = set(Consents.__struct_fields__)
_ITEM_FIELDS = {"product_id", "price", "quantity", "category"}


class _Time(Struct, forbid_unknown_fields=True):
    format: str | None = None
    zone: str = "UTC"


class _Keep(Struct, forbid_unknown_fields=True):
    properties: list[str] | None = None


class MappingFile(Struct, forbid_unknown_fields=True):
    """A mapping as written."""

    dataset: str = "events"
    fields: dict[str, str] = {}
    constants: dict[str, str | int | float | bool] = {}
    values: dict[str, dict[str, str]] = {}
    time: _Time = msgspec.field(default_factory=_Time)
    hash: dict[str, list[str]] = {}
    item: dict[str, str] = {}
    consent: dict[str, str] = {}
    keep: _Keep = msgspec.field(default_factory=_Keep)


class MappingAdapter:
    """Follows one mapping."""

    def __init__(self, mapping: MappingFile) -> None:
        self.dataset: str | None = mapping.dataset
        self._mapping = mapping
        self._zone = UTC if mapping.time.zone == "UTC" else ZoneInfo(mapping.time.zone)
        used = {*mapping.fields.values(), *mapping.item.values(), *mapping.consent.values()}
        self.columns = frozenset(used | {column for columns in mapping.hash.values() for column in columns})
        self._used = frozenset(used)

    def to_native(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        """The contract's fields of a foreign record."""
        mapping = self._mapping
        native: dict[str, Any] = dict(mapping.constants)
        for field, column in mapping.fields.items():
            if (value := record.get(column)) not in (None, ""):
                native[field] = value
        for field, table in mapping.values.items():
            if field in native:
                native[field] = _translated(table, native[field])
                if native[field] == "":
                    del native[field]
        for field in _TIMES:
            if field in native:
                native[field] = self._time(field, native[field])
        if "date" in native:
            native["date"] = self._time("date", native["date"])[:10]
        for field, columns in mapping.hash.items():
            parts = [record.get(column) for column in columns] if columns else [*record.items()]
            native[field] = xxh3_128_hexdigest(msgspec.json.encode(parts))
        item = {
            field: value for field, column in mapping.item.items() if (value := record.get(column)) not in (None, "")
        }
        if "product_id" in item:
            item["product_id"] = str(item["product_id"])
            native["items"] = [item]
        if consent := self._consent(record):
            native["consent"] = consent
        rest = {name: value for name, value in record.items() if value not in (None, "") and self._is_kept(name)}
        if rest:
            native["properties"] = msgspec.Raw(msgspec.json.encode(rest))
        return native

    def _consent(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Answers by purpose; `""` in the table of answers leaves one out."""
        table = self._mapping.values.get("consent", {})
        answers = {
            purpose: _translated(table, value)
            for purpose, column in self._mapping.consent.items()
            if (value := record.get(column)) not in (None, "")
        }
        return {purpose: answer for purpose, answer in answers.items() if answer != ""}

    def _is_kept(self, column: str) -> bool:
        kept = self._mapping.keep.properties
        if self.dataset != "events":
            return False
        return column not in self._used if kept is None else column in kept

    def _time(self, field: str, value: Any) -> str:
        form = self._mapping.time.format
        try:
            if form in ("unix", "unix_ms"):
                seconds = float(value) / (1000 if form == "unix_ms" else 1)
                return datetime.fromtimestamp(seconds, UTC).isoformat()
            time = datetime.strptime(str(value), form) if form else datetime.fromisoformat(str(value))
        except (ValueError, OverflowError, OSError):
            raise FieldError("wrong_type", field, f"is no time of the mapping's format {form or 'ISO 8601'}") from None
        return (time if time.tzinfo else time.replace(tzinfo=self._zone)).isoformat()


def _translated(table: Mapping[str, str], value: Any) -> Any:
    """The contract's value for a foreign one; the same where the table has none.

    Tables name a truth value as JSON and CSV write it, `true`, or as Python does.
    """
    other = table.get(str(value), table.get("*", value))
    return table.get(str(value).lower(), other) if isinstance(value, bool) else other


def load_mapping(path: str) -> MappingAdapter:
    """The adapter of a mapping file.

    Raises:
        IngestError: The file cannot be read or does not make sense; the message says where.
    """
    try:
        with Path(path).open("rb") as file:
            mapping = msgspec.convert(tomllib.load(file), MappingFile)
        adapter = MappingAdapter(mapping)
    except OSError as error:
        raise IngestError(f"cannot read mapping {path}: {error.strerror}") from error
    except (
        tomllib.TOMLDecodeError,
        UnicodeDecodeError,
        msgspec.ValidationError,
        KeyError,
        ValueError,
    ) as error:
        raise IngestError(f"mapping {path}: {error}") from error
    _check(path, mapping)
    return adapter


def _check(path: str, mapping: MappingFile) -> None:
    if mapping.dataset not in DATASETS:
        raise IngestError(f"mapping {path}: dataset {mapping.dataset!r} is none of {', '.join(DATASETS)}")
    known = set(specification(mapping.dataset).types)
    for section in ("fields", "constants", "values", "hash"):
        for field in getattr(mapping, section):
            if field not in known:
                raise IngestError(f"mapping {path}: [{section}] {field}: no field of {mapping.dataset}")
    if mapping.consent and mapping.dataset != "events":
        raise IngestError(f"mapping {path}: [consent]: only events carry consent, not {mapping.dataset}")
    for purpose in mapping.consent:
        if purpose not in _PURPOSES:
            raise IngestError(f"mapping {path}: [consent] {purpose}: a purpose is {', '.join(sorted(_PURPOSES))}")
    for field in mapping.item:
        if field not in _ITEM_FIELDS:
            raise IngestError(f"mapping {path}: [item] {field}: an item has {', '.join(sorted(_ITEM_FIELDS))}")
