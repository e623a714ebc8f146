"""CSV with a header: records may span lines inside quotes; the separator is comma, semicolon or tab."""

import csv
from collections.abc import Iterator

from clickstream_platform.contract import Rejection
from clickstream_platform.ingest.readers.lines import LineReader
from clickstream_platform.ingest.readers.raw import SHOWN_BYTES, CsvRecord, RawRecord, Refused, too_large

# A quote that is never closed would swallow the rest of the file; no honest record spans more lines.
csv.field_size_limit(1 << 30)  # the length of records is bounded here, not in the csv module
_MAX_LINES = 500
_BATCH = 4096


def separator(header: bytes) -> str:
    """The most frequent of comma, semicolon and tab in the header line."""
    return max(",;\t", key=lambda mark: header.count(mark.encode()))


def header_names(header: bytes) -> list[str]:
    """The column names of a header line.

    Raises:
        ValueError: The line is no CSV header: not UTF-8, or with a carriage return inside.
    """
    text = header.removeprefix(b"\xef\xbb\xbf").decode().strip("\r\n")
    try:
        return [name.strip() for name in next(csv.reader([text], delimiter=separator(header)), [])]
    except csv.Error as error:
        raise ValueError(f"not a CSV header: {error}") from None


class TableReader:
    """Reads records in lists. Undecodable bytes refuse their own record only."""

    def __init__(self, lines: LineReader, header: bytes, max_bytes: int, *, skip_header: bool = True) -> None:
        self._names = header_names(header)
        self._separator = separator(header)
        self._source = lines
        self._skip_header = skip_header
        self._max_bytes = max_bytes
        self._taken: list[bytes] = []  # physical lines of the record that csv is reading
        self._ahead: list[bytes] = []  # lines handed back after a quote that never closed, last first
        self._refused: Refused | None = None

    @property
    def left_out(self) -> int:
        """Bytes of a torn last line that were left out."""
        return self._source.left_out

    def __iter__(self) -> Iterator[list[RawRecord]]:
        batch: list[RawRecord] = []
        for record in self._records():
            batch.append(record)
            if len(batch) >= _BATCH:
                yield batch
                batch = []
        if batch:
            yield batch

    def _records(self) -> Iterator[RawRecord]:
        lines = (line for batch in self._source for line in batch)
        if self._skip_header:
            next(lines, None)
        while True:
            rows = csv.reader(self._text(lines), delimiter=self._separator, strict=True)
            try:
                for cells in rows:
                    yield self._record(cells, b"\n".join(self._taken))
                    self._taken = []
            except (csv.Error, _Unclosed) as error:
                # Only the line that opened the quote is lost; the lines it swallowed are read again.
                yield self._unclosed(error)
                continue
            if self._refused is None:
                return
            yield self._refused
            self._refused = None

    def _text(self, lines: Iterator[RawRecord]) -> Iterator[str]:
        while True:
            line = self._ahead.pop() if self._ahead else next(lines, None)
            if line is None:
                return
            if not isinstance(line, bytes):
                if self._taken:
                    raise _Unclosed
                assert isinstance(line, Refused)
                self._refused = line
                return
            self._taken.append(line)
            if len(self._taken) > _MAX_LINES or (len(self._taken) > 1 and sum(map(len, self._taken)) > self._max_bytes):
                raise _Unclosed
            yield line.decode("utf-8", "surrogateescape") + "\n"

    def _unclosed(self, error: Exception) -> Refused:
        taken, self._taken = self._taken, []
        self._ahead.extend(reversed(taken[1:]))
        detail = str(error) or "a quote is not closed"
        first = taken[0] if taken else b""
        return Refused(Rejection("wrong_column_count", None, f"not CSV: {detail}"), first[:SHOWN_BYTES], len(first))

    def _record(self, cells: list[str], raw: bytes) -> RawRecord:
        if len(raw) > self._max_bytes:
            return too_large(raw, len(raw), self._max_bytes)
        if not raw.isascii():
            try:
                raw.decode()
            except UnicodeDecodeError as error:
                why = Rejection("invalid_encoding", None, f"not UTF-8 at byte {error.start} of the record")
                return Refused(why, raw[:SHOWN_BYTES], len(raw))
        if len(cells) != len(self._names):
            why = Rejection("wrong_column_count", None, f"{len(cells)} cells; the header has {len(self._names)}")
            return Refused(why, raw[:SHOWN_BYTES], len(raw))
        return CsvRecord(dict(zip(self._names, cells, strict=True)), raw)


class _Unclosed(Exception):
    """A quote was opened and not closed within reason."""
