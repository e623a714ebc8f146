"""JSON lines: one record a line; blank lines are no records."""

from collections.abc import Callable, Iterator

from clickstream_platform.contract import Rejection
from clickstream_platform.ingest.errors import TruncatedInput
from clickstream_platform.ingest.readers.raw import SHOWN_BYTES, RawRecord, Refused, too_large, truncated


class LineReader:
    """Reads lines in lists. Holds at most one chunk and one record of the greatest length.

    Attributes:
        left_out: Bytes of a torn last line that were left out because the file is still growing.
    """

    def __init__(self, chunks: Iterator[bytes], max_bytes: int, is_growing: Callable[[], bool]) -> None:
        self._chunks = chunks
        self._max_bytes = max_bytes
        self._is_growing = is_growing
        self.left_out = 0

    def __iter__(self) -> Iterator[list[RawRecord]]:
        rest = b""
        head, skipped = b"", 0
        broken: TruncatedInput | None = None
        try:
            for block in self._chunks:
                chunk = block
                if skipped:
                    newline = chunk.find(b"\n")
                    if newline < 0:
                        skipped += len(chunk)
                        continue
                    yield [too_large(head, skipped + newline, self._max_bytes)]
                    chunk, skipped = chunk[newline + 1 :], 0
                lines = (rest + chunk).split(b"\n") if rest else chunk.split(b"\n")
                rest = lines.pop()
                if len(rest) > self._max_bytes:
                    head, skipped, rest = rest[:SHOWN_BYTES], len(rest), b""
                records = _records(lines, carriage_returns=b"\r" in chunk)
                if records:
                    yield records
        except TruncatedInput as error:
            broken = error
        yield from self._last(head if skipped else rest, skipped, broken)

    def _last(self, rest: bytes, skipped: int, broken: TruncatedInput | None) -> Iterator[list[RawRecord]]:
        if broken:
            yield [truncated(rest, str(broken))]
        elif (rest or skipped) and self._is_growing():
            self.left_out = skipped or len(rest)
        elif skipped:
            yield [too_large(rest, skipped, self._max_bytes)]
        elif records := _records([rest], carriage_returns=True):
            yield records


def _records(lines: list[bytes], *, carriage_returns: bool) -> list[RawRecord]:
    if carriage_returns:
        lines = [line.rstrip(b"\r") for line in lines]
    return [line for line in lines if line and not line.isspace()]


class EncodedElsewhere:
    """Lines of text that is not UTF-8 as a whole (UTF-16 by its mark): every line is refused."""

    def __init__(self, inner: LineReader, encoding: str) -> None:
        self._inner = inner
        self._rejection = Rejection("invalid_encoding", None, f"the file is {encoding}; save it as UTF-8")

    @property
    def left_out(self) -> int:
        """As the inner reader's."""
        return self._inner.left_out

    def __iter__(self) -> Iterator[list[RawRecord]]:
        for records in self._inner:
            kept = [record for record in records if not isinstance(record, bytes) or record.strip(b"\x00 \t\r")]
            yield [
                Refused(self._rejection, record[:SHOWN_BYTES], len(record)) if isinstance(record, bytes) else record
                for record in kept
            ]
