"""Which format a file is in, told from its content, and the reader for it."""

from collections.abc import Callable, Collection, Iterator
from itertools import chain
from pathlib import PurePath
from typing import IO, NamedTuple, Protocol

from clickstream_platform.ingest.errors import TruncatedInput
from clickstream_platform.ingest.readers.arrays import ArrayReader
from clickstream_platform.ingest.readers.lines import EncodedElsewhere, LineReader
from clickstream_platform.ingest.readers.raw import RawRecord
from clickstream_platform.ingest.readers.stream import compression, read_chunks
from clickstream_platform.ingest.readers.tables import TableReader, header_names

_BOM = b"\xef\xbb\xbf"
_MAX_HEADER_BYTES = 1 << 20
_WIDE_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


class Reader(Protocol):
    """Hands out records in lists.

    The end of a file that is still growing is left out.
    """

    @property
    def left_out(self) -> int:
        """Bytes at the end that were left out."""

    def __iter__(self) -> Iterator[list[RawRecord]]: ...


class OpenedReader(NamedTuple):
    """A reader and what is known about its file.

    Attributes:
        resumable: A later run can go on behind the last record of this one.
        header: The column names of CSV.
    """

    reader: Reader
    resumable: bool
    header: list[str]


def open_reader(
    file: IO[bytes],
    name: str,
    *,
    size: int,
    max_bytes: int,
    columns: Collection[str],
    is_growing: Callable[[], bool],
    on_bytes: Callable[[int], None] = lambda _: None,
    start: int = 0,
) -> OpenedReader:
    """The reader for a file.

    Args:
        file: Opened at its beginning.
        name: The file's name; only a `.csv` in it is believed, and only where the content leaves it open.
        size: Bytes to read, from the beginning.
        max_bytes: Longer records are refused.
        columns: Column names by which a CSV header is recognised.
        is_growing: Whether the file has become longer than `size`.
        on_bytes: Told of bytes read.
        start: Where to begin, for a plain file whose records before it have been taken already.

    Raises:
        SourceError: The file is of a kind that is not read.
    """
    plain = compression(file.read(8)) is None
    file.seek(0)
    chunks, first = _peek(read_chunks(file, size, on_bytes))
    text = first.removeprefix(_BOM)
    header = _header(text, name, columns)
    shape = "array" if text.lstrip()[:1] == b"[" else "csv" if header else "jsonl"
    if start and plain:
        file.seek(start)
        chunks = read_chunks(file, size - start, on_bytes)
    elif text is not first:
        chunks = chain((text,), _rest(chunks))
    encoding = next((kind for mark, kind in _WIDE_MARKS.items() if first.startswith(mark)), None)
    if shape == "array" and encoding is None:
        return OpenedReader(ArrayReader(chunks, max_bytes), resumable=False, header=[])
    lines = LineReader(chunks, max_bytes, is_growing)
    if encoding:
        return OpenedReader(EncodedElsewhere(lines, encoding), resumable=False, header=[])
    if header:
        reader = TableReader(lines, header, max_bytes, skip_header=not start)
        return OpenedReader(reader, resumable=plain, header=header_names(header))
    return OpenedReader(lines, resumable=plain, header=[])


def _peek(chunks: Iterator[bytes]) -> tuple[Iterator[bytes], bytes]:
    try:
        first = next(chunks, b"")
    except TruncatedInput as error:
        return _failing(error), b""
    return chain((first,), chunks), first


def _failing(error: TruncatedInput) -> Iterator[bytes]:
    raise error
    yield b""


def _rest(chunks: Iterator[bytes]) -> Iterator[bytes]:
    next(chunks, None)
    yield from chunks


def _header(text: bytes, name: str, columns: Collection[str]) -> bytes | None:
    """The header line, when the text is CSV."""
    line = text.lstrip(b"\r\n").partition(b"\n")[0]
    if line.lstrip()[:1] in (b"{", b"[", b"") or len(line) > _MAX_HEADER_BYTES:
        return None
    try:
        names = header_names(line)
    except ValueError:
        return None
    known = sum(name in columns for name in names)
    called_csv = any(suffix.lower() in (".csv", ".tsv") for suffix in PurePath(name).suffixes)
    return line if known >= min(2, len(columns)) or (called_csv and line.strip()) else None
