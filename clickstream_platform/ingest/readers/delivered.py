"""Records of a stream as a delivery service (Firehose) put them into an object: with line breaks between, or without.

Where it puts a line break behind each record, a line is a record, whatever is in it. Without, records follow each
other directly: `}{` outside of strings, which no JSON text has inside, is where one ends. A producer's own line breaks
within a record (indented JSON) do not end it.
"""

import re
from collections.abc import Iterator

import msgspec

from clickstream_platform.ingest.errors import TruncatedInput
from clickstream_platform.ingest.readers.raw import RawRecord, too_large, truncated

_SEAM = re.compile(rb"\}\s*+\{")
_TO_SEAM = re.compile(rb'(?:[^"}]++|"(?:[^"\\]++|\\.)*+"|\}(?!\s*+\{))*+\}(?=\s*+\{)', re.DOTALL)
_MOST_LINES = 2_000
_REACH = 16 << 20
"""The end of a record is looked for so far: no stream takes one of this length."""


class DeliveredReader:
    """Reads records in lists. Memory: one chunk, and a few records of the greatest length.

    Attributes:
        left_out: Always 0: delivered objects are complete.
    """

    left_out = 0

    def __init__(self, chunks: Iterator[bytes], max_bytes: int) -> None:
        self._chunks = chunks
        self._max_bytes = max_bytes
        self._indented: list[bytes] = []  # lines of what may be one record over several lines

    def __iter__(self) -> Iterator[list[RawRecord]]:
        rest = b""
        broken: TruncatedInput | None = None
        try:
            for chunk in self._chunks:
                *lines, rest = (rest + chunk).split(b"\n")
                records = [record for line in lines for record in self._records(line)]
                if len(rest) > self._max_bytes:
                    some, rest = self._from_long_line(rest)
                    records += some
                if records:
                    yield records
        except TruncatedInput as error:
            broken = error
        if broken is None:
            yield [*self._records(rest), *self._give_up()]
            return
        *whole, torn = _pieces(rest)
        held = [record for piece in whole for record in self._records(piece)]
        yield [*held, *self._give_up(), truncated(torn, str(broken))]

    def _records(self, line: bytes) -> list[RawRecord]:
        line = line.rstrip(b"\r") if not self._indented else line
        if self._indented:
            return self._continue(line)
        if not line or line.isspace():
            return []
        if line.lstrip()[:1] == b"{" and line.rstrip()[-1:] != b"}":
            self._indented = [line]
            return []
        return [self._bounded(piece) for piece in _pieces(line)]

    def _continue(self, line: bytes) -> list[RawRecord]:
        """Go on with a record that its first line did not end, until it is one, or shows to be none."""
        if line[:1] == b"{" or len(self._indented) >= _MOST_LINES or sum(map(len, self._indented)) > self._max_bytes:
            return [*self._give_up(), *self._records(line)]
        self._indented.append(line)
        if line.rstrip()[-1:] != b"}":
            return []
        whole = b"\n".join(self._indented).rstrip(b"\r")
        try:
            msgspec.json.decode(whole, type=msgspec.Raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return []
        self._indented = []
        return [self._bounded(whole)]

    def _give_up(self) -> list[RawRecord]:
        """It was no record over several lines: each line is one of its own."""
        lines, self._indented = [line.rstrip(b"\r") for line in self._indented], []
        return [self._bounded(piece) for line in lines if line.strip() for piece in _pieces(line)]

    def _from_long_line(self, line: bytes) -> tuple[list[RawRecord], bytes]:
        """The records that are complete in a line longer than any record, and what is left of it."""
        *whole, rest = _pieces(line)
        if not whole and (seam := _SEAM.search(line)):
            # The first record is too long, or has a string that never ends and so hides all seams.
            whole, rest = [line[: seam.start() + 1]], line[seam.start() + 1 :]
        elif not whole and len(line) > _REACH:
            whole, rest = [line], b""
        return [*self._give_up(), *map(self._bounded, whole)], rest

    def _bounded(self, record: bytes) -> RawRecord:
        return record if len(record) <= self._max_bytes else too_large(record, len(record), self._max_bytes)


def _pieces(line: bytes) -> list[bytes]:
    """The records that follow each other directly in a line; mostly there is one."""
    if _SEAM.search(line) is None:
        return [line]
    pieces, begin = [], 0
    while match := _TO_SEAM.match(line, begin):
        pieces.append(line[begin : match.end()].strip())
        begin = match.end()
    return [*pieces, line[begin:]]
