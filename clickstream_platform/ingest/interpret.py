"""From raw records to validated ones, in the order they came, with nothing lost on the way."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import pyarrow as pa
from xxhash import xxh3_64_intdigest

from clickstream_platform.contract import Limits, Record, Rejection, from_text, parser
from clickstream_platform.contract.fields import FieldError
from clickstream_platform.contract.validation import decode_object, from_values
from clickstream_platform.ingest.arrow_arrays import hashes
from clickstream_platform.ingest.readers.raw import CsvRecord, RawRecord, Refused, payload

if TYPE_CHECKING:
    from clickstream_platform.ingest.adapters import Adapter


class RefusedRecord(NamedTuple):
    """A refused record with its 1-based number in the source."""

    number: int
    rejection: Rejection
    shown: str
    size: int


class Interpreted(NamedTuple):
    """A list of records, split.

    Attributes:
        records: The accepted ones.
        numbers: Their 1-based numbers in the source.
        hashes: A 64-bit hash of each one's bytes as they were written: breaks ties between duplicates.
        refused: The others.
    """

    records: list[Any]
    numbers: Sequence[int]
    hashes: pa.Array
    refused: list[RefusedRecord]


class Interpreter:
    """Validates the records of one source."""

    def __init__(self, dataset: str, limits: Limits, adapter: "Adapter | None") -> None:
        self._dataset = dataset
        self._limits = limits
        self._adapter = adapter
        self._parse: Callable[[bytes], Record | Rejection] = (
            parser(dataset, limits) if adapter is None else self._parse_foreign
        )

    def interpret(self, raws: list[RawRecord], first_number: int) -> Interpreted:
        """Validate a list of records; `first_number` is the number of its first."""
        parse, other = self._parse, self._parse_other
        results = [parse(raw) if type(raw) is bytes else other(raw) for raw in raws]
        digests = [xxh3_64_intdigest(raw if type(raw) is bytes else payload(raw)) for raw in raws]
        bad = {place for place, result in enumerate(results) if type(result) is Rejection}
        if not bad:
            return Interpreted(results, range(first_number, first_number + len(raws)), hashes(digests), [])
        good = [place for place in range(len(raws)) if place not in bad]
        return Interpreted(
            [results[place] for place in good],
            [first_number + place for place in good],
            hashes([digests[place] for place in good]),
            [self._refused(first_number + place, raws[place], results[place]) for place in sorted(bad)],
        )

    def _parse_other(self, raw: RawRecord) -> Record | Rejection:
        if isinstance(raw, Refused):
            return raw.rejection
        assert isinstance(raw, CsvRecord)
        if self._adapter is None:
            return from_text(self._dataset, raw.cells, self._limits)
        return self._adapt(raw.cells, text=True)

    def _parse_foreign(self, data: bytes) -> Record | Rejection:
        record = decode_object(data, self._limits)
        return record if isinstance(record, Rejection) else self._adapt(record, text=False)

    def _adapt(self, record: dict[str, Any], *, text: bool) -> Record | Rejection:
        assert self._adapter is not None
        try:
            return from_values(self._dataset, self._adapter.to_native(record), self._limits, text=text)
        except FieldError as error:
            return error.rejection

    def _refused(self, number: int, raw: RawRecord, result: Any) -> RefusedRecord:
        if isinstance(raw, Refused):
            # A broken record of people has no columns to tell what is personal: none of it is kept.
            shown = "" if self._dataset == "customers" and raw.rejection.reason == "wrong_column_count" else None
            return RefusedRecord(number, raw.rejection, _text(raw.shown) if shown is None else shown, raw.size)
        if isinstance(raw, CsvRecord):
            return RefusedRecord(number, result, msgspec.json.encode(raw.cells).decode(), len(raw.raw))
        return RefusedRecord(number, result, _text(raw), len(raw))


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
