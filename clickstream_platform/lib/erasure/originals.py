"""Files of shops and deliveries of streams: their records of a person found and taken out, whatever their format.

A rewritten object keeps its name, compression and format, and all other records with their bytes. Of refused records
longer than 8 KiB it keeps as much as `rejected/` does. An object that is left without records is deleted.
"""

import gzip
import os
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple

import zstandard

from clickstream_platform.contract import DATASETS
from clickstream_platform.contract.fields import specification
from clickstream_platform.ingest.errors import SourceError, TruncatedInput
from clickstream_platform.ingest.identity import source_id
from clickstream_platform.ingest.ledger import Ledger
from clickstream_platform.ingest.readers.arrays import ArrayReader
from clickstream_platform.ingest.readers.delivered import DeliveredReader
from clickstream_platform.ingest.readers.formats import open_reader
from clickstream_platform.ingest.readers.raw import CsvRecord, RawRecord, Refused, payload
from clickstream_platform.ingest.readers.stream import compression, read_chunks
from clickstream_platform.ingest.sources import dataset_of
from clickstream_platform.ingest.store import Store
from clickstream_platform.lib.erasure.person import Person, read_json

FOLDERS = ("raw", "landing")
_WHOLE = 1 << 30
"""No record is too long to be looked at."""
_WIDE = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


class Unsearchable(Exception):
    """An object of a kind that is not read; the message says of which."""


class Looked(NamedTuple):
    """What an object holds of the person: how many records, and e-mail addresses that they tell."""

    records: int
    emails: frozenset[str] = frozenset()


class Taken(NamedTuple):
    """What was taken out of an object, and what is left."""

    removed: int
    kept: int


def look_into(store: Store, path: str, person: Person) -> Looked:
    """What an object holds of the person.

    Raises:
        Unsearchable: Nobody can tell.
        FileNotFoundError: It is not there any more.
        IngestError: It cannot be read.
    """
    with store.fetched(path) as local:
        return _look(local, path, person)


def take_out(store: Store, path: str, person: Person) -> Taken:
    """Rewrite an object without the person's records; what is not there any more has none.

    The new content is known to the ledger before it is there, as what the old one was: nobody takes it for a new file.

    Raises:
        Unsearchable: It is of a kind that is not read.
        IngestError: It cannot be read or written.
    """
    try:
        with store.fetched(path) as local:
            removed = _look(local, path, person).records
            if not removed:
                return Taken(0, 0)
            return _rewrite(store, local, path, person, removed)
    except FileNotFoundError:
        return Taken(0, 0)


def _rewrite(store: Store, local: Path, path: str, person: Person, removed: int) -> Taken:
    status, target = local.stat(), store.scratch()
    try:
        kept = _write(local, target, path, person)
        if not kept:
            store.delete(path)
            return Taken(removed, 0)
        Ledger(store, _dataset(path) or "events").continue_as(source_id(local), source_id(target))
        # Events' times are held against the time their object arrived, which is its own where a folder is the lake.
        os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
        store.move_in(target, path)
    finally:
        target.unlink(missing_ok=True)
    return Taken(removed, kept)


def _look(local: Path, path: str, person: Person) -> Looked:
    try:
        with local.open("rb", buffering=0) as file:
            if _dataset(path) == "products" or not _may_hold(file, local.stat().st_size, person):
                return Looked(0)
            file.seek(0)
            if _wide_encoding(local) is not None:
                return Looked(1)  # none of its lines is a record: it goes as a whole
            count, emails = 0, set()
            for records in _opened(file, local, path)[0]:
                for record in _theirs(records, person):
                    count += 1
                    emails.add(person.address_in(_fields(record) or {}))
            return Looked(count, frozenset(emails - {None}))  # type: ignore[arg-type]
    except SourceError as error:
        raise Unsearchable(str(error)) from None


def _may_hold(file: IO[bytes], size: int, person: Person) -> bool:
    """Whether the text has something to look at closer: in one pass, and without telling records apart."""
    encoding, rest = None, b""
    overlap = max(map(len, person.spellings)) * 4
    try:
        for place, chunk in enumerate(read_chunks(file, size, lambda count: None)):
            if place == 0:
                encoding = _WIDE.get(chunk[:2])
            window = rest + chunk
            if encoding is not None:
                if person.is_spelled_in(window.decode(encoding, "replace").encode("utf-8", "replace")):
                    return True
            elif b"\\u" in window or person.is_spelled_in(window):
                return True
            rest = window[-overlap:]
    except TruncatedInput:
        return False
    return False


def _wide_encoding(local: Path) -> str | None:
    with local.open("rb", buffering=0) as file:
        try:
            first = next(read_chunks(file, local.stat().st_size, lambda count: None), b"")
        except TruncatedInput:
            return None
    return _WIDE.get(first[:2])


def _theirs(records: list[RawRecord], person: Person) -> list[RawRecord]:
    """Those of a list that are the person's; mostly one look at all of them tells that none is."""
    if not person.may_be_in(b"\n".join(map(payload, records))):
        return []
    return [record for record in records if _is_theirs(record, person)]


def _is_theirs(record: RawRecord, person: Person) -> bool:
    if isinstance(record, CsvRecord):
        return person.may_be_in(record.raw) and person.owns(_fields(record) or {})
    return person.owns_written(payload(record))


def _fields(record: RawRecord) -> dict[str, Any] | None:
    if isinstance(record, CsvRecord):
        return {name: cell.strip() for name, cell in record.cells.items()}
    return read_json(payload(record))


def _opened(file: IO[bytes], local: Path, path: str) -> tuple[Any, list[str]]:
    """The reader, and the columns of CSV."""
    size = local.stat().st_size
    if path.startswith("raw/year="):
        return DeliveredReader(read_chunks(file, size, lambda count: None), _WHOLE), []
    dataset = _dataset(path)
    columns = {name for one in ([dataset] if dataset else DATASETS) for name in specification(one).types}
    name = PurePosixPath(path).name
    opened = open_reader(file, name, size=size, max_bytes=_WHOLE, columns=columns, is_growing=lambda: False)
    return opened.reader, opened.header


def _write(local: Path, target: Path, path: str, person: Person) -> int:
    """Write what is not the person's; how many records that is."""
    if _wide_encoding(local) is not None:
        return 0
    with local.open("rb", buffering=0) as file:
        kind = compression(file.read(8))
        file.seek(0)
        reader, header = _opened(file, local, path)
        is_array = isinstance(reader, ArrayReader)
        kept = 0
        with target.open("wb") as sink, closing(_compressed(sink, kind)) as out:
            if is_array:
                out.write(b"[")
            elif header:
                out.write(_header_line(local))
            for records in reader:
                for record in records:
                    if _is_theirs(record, person) or (isinstance(record, Refused) and not record.shown):
                        continue
                    out.write(b",\n" if is_array and kept else b"")
                    out.write(payload(record) if is_array else payload(record) + b"\n")
                    kept += 1
            if is_array:
                out.write(b"]\n")
    return kept


def _compressed(sink: IO[bytes], kind: str | None) -> Any:
    if kind == "gzip":
        return gzip.GzipFile(fileobj=sink, mode="wb", filename="", mtime=0)
    if kind == "zstd":
        return zstandard.ZstdCompressor().stream_writer(sink, closefd=False)
    return open(os.dup(sink.fileno()), "wb")  # noqa: PTH123 - closed by whoever asked for it


def _header_line(local: Path) -> bytes:
    with local.open("rb", buffering=0) as file:
        first = next(read_chunks(file, local.stat().st_size, lambda count: None), b"")
    return first.lstrip(b"\r\n").partition(b"\n")[0].rstrip(b"\r") + b"\n"


def _dataset(path: str) -> str | None:
    return "events" if path.startswith("raw/year=") else dataset_of(path)
