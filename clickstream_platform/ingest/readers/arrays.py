"""A JSON array of records, framed element by element without holding the array."""

import re
from collections.abc import Iterator

from clickstream_platform.contract import Rejection
from clickstream_platform.ingest.errors import TruncatedInput
from clickstream_platform.ingest.readers.raw import SHOWN_BYTES, RawRecord, Refused, too_large, truncated

# Everything up to the next bracket outside of strings. JSON strings hold no raw line break, which is what lets a
# forgotten quote be noticed on its own line.
_TO_BRACKET = re.compile(rb'(?:[^"{}\[\]]++|"(?:[^"\\\n]++|\\.)*+")*+', re.DOTALL)
_OPEN_STRING = re.compile(rb'"(?:[^"\\\n]++|\\.)*+', re.DOTALL)
_SCALAR = re.compile(rb'\s*+(?:"(?:[^"\\\n]++|\\.)*+"|[^,\]"])*+', re.DOTALL)
_SEPARATOR = re.compile(rb"[\s,]*+")
_NEXT_OBJECT = re.compile(rb"\n[\s,]*+\{")
_BATCH = 4096


class ArrayReader:
    """Reads the elements of the array in lists. Memory: one chunk and one record of the greatest length."""

    def __init__(self, chunks: Iterator[bytes], max_bytes: int) -> None:
        self._chunks = chunks
        self._max_bytes = max_bytes
        self._buffer = b""
        self._broken: TruncatedInput | None = None
        self._torn = False  # whether the input ended within an element
        self.left_out = 0

    def __iter__(self) -> Iterator[list[RawRecord]]:
        batch: list[RawRecord] = []
        for record in self._elements():
            batch.append(record)
            if len(batch) >= _BATCH:
                yield batch
                batch = []
        if batch:
            yield batch

    def _elements(self) -> Iterator[RawRecord]:
        position = self._skip_to_array()
        while True:
            position = self._skip(_SEPARATOR, position)
            if position >= len(self._buffer):
                yield truncated(b"", str(self._broken) if self._broken else "the array is not closed")
                return
            byte = self._buffer[position : position + 1]
            if byte == b"]":
                yield from self._after_array(position + 1)
                return
            record, position = self._structure(position) if byte in (b"{", b"[") else self._scalar(position)
            yield record
            if self._torn:
                return

    def _skip_to_array(self) -> int:
        position = self._skip(re.compile(rb"(?:\xef\xbb\xbf)?\s*+"), 0)
        return position + 1

    def _more(self, position: int) -> bool:
        """Append a chunk, dropping what lies before `position`; False at the end. `position` becomes 0."""
        try:
            chunk = next(self._chunks, b"")
        except TruncatedInput as error:
            self._broken, chunk = error, b""
        if not chunk:
            return False
        self._buffer = self._buffer[position:] + chunk
        return True

    def _skip(self, pattern: re.Pattern[bytes], position: int) -> int:
        while True:
            match = pattern.match(self._buffer, position)
            position = match.end() if match else position
            if position < len(self._buffer) or not self._more(position):
                return position
            position = 0

    def _structure(self, start: int) -> tuple[RawRecord, int]:
        """The object or array that begins at `start`, and where to go on."""
        position, depth, dropped, head = start, 0, 0, b""
        while True:
            match = _TO_BRACKET.match(self._buffer, position)
            position = match.end() if match else position
            byte = self._buffer[position : position + 1]
            if byte in (b"", b'"'):
                if byte and self._is_forgotten_quote(position):
                    return self._resynchronised(head or self._buffer[start:], dropped - start)
                if position - start > self._max_bytes:  # too long already: keep its beginning only
                    head = head or self._buffer[start : start + SHOWN_BYTES]
                    dropped, start = dropped + position - start, position
                if len(self._buffer) - start > 2 * self._max_bytes + (8 << 20):
                    return self._resynchronised(head or self._buffer[start:], dropped - start)
                if not self._more(start):
                    rest = head or self._buffer[start:]
                    why = str(self._broken) if self._broken else "the array breaks off within an element"
                    self._buffer, self._torn = b"", True
                    return truncated(rest, why), 0
                position, start = position - start, 0
                continue
            depth += 1 if byte in b"{[" else -1
            position += 1
            if depth == 0:
                size = dropped + position - start
                if size > self._max_bytes:
                    return too_large(head or self._buffer[start:position], size, self._max_bytes), position
                return self._buffer[start:position], position

    def _is_forgotten_quote(self, position: int) -> bool:
        match = _OPEN_STRING.match(self._buffer, position)
        return match is not None and self._buffer[match.end() : match.end() + 1] == b"\n"

    def _resynchronised(self, begin: bytes, offset: int) -> tuple[RawRecord, int]:
        """Give up the element whose end cannot be told; go on at the next line that begins an object."""
        size = 0
        position = max(0, -offset) + 1
        while True:
            match = _NEXT_OBJECT.search(self._buffer, position)
            if match:
                size += match.start() - position + 1
                position = match.end() - 1
                break
            keep = max(position, len(self._buffer) - 64)
            size += keep - position
            if not self._more(keep):
                size += len(self._buffer) - keep
                position = len(self._buffer)
                break
            position = 0
        shown = begin[:SHOWN_BYTES].partition(b"\n")[0]
        return Refused(Rejection("malformed_json", None, "a string is not closed"), shown, size), position

    def _scalar(self, start: int) -> tuple[RawRecord, int]:
        while True:
            match = _SCALAR.match(self._buffer, start)
            end = match.end() if match else start
            if end < len(self._buffer) or not self._more(start):
                break
            start = 0
            if len(self._buffer) > self._max_bytes + (8 << 20):
                end = len(self._buffer)
                return too_large(self._buffer, end, self._max_bytes), end
        if end == start or self._buffer[end : end + 1] == b'"':
            return self._resynchronised(self._buffer[start:], -start)
        return self._buffer[start:end].strip(), end

    def _after_array(self, position: int) -> Iterator[RawRecord]:
        position = self._skip(re.compile(rb"\s*+"), position)
        if position < len(self._buffer):
            shown = self._buffer[position : position + SHOWN_BYTES]
            size = len(self._buffer) - position
            while self._more(len(self._buffer)):
                size += len(self._buffer)
            yield Refused(Rejection("malformed_json", None, "text follows the end of the array"), shown, size)
        elif self._broken:
            yield truncated(b"", str(self._broken))
