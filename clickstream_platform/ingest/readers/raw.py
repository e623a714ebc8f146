"""What a reader hands out: a record's bytes, its cells, or why it is none."""

from typing import NamedTuple

from clickstream_platform.contract import Rejection

SHOWN_BYTES = 8192
"""How much of a refused record is kept for people to look at."""


class CsvRecord(NamedTuple):
    """One CSV record: its cells by column name, and its bytes."""

    cells: dict[str, str]
    raw: bytes


class Refused(NamedTuple):
    """A record refused before it reached the contract: why, how it begins, and its whole length in bytes."""

    rejection: Rejection
    shown: bytes
    size: int


RawRecord = bytes | CsvRecord | Refused


def payload(record: RawRecord) -> bytes:
    """The record's bytes as far as they are held."""
    if isinstance(record, bytes):
        return record
    return record.raw if isinstance(record, CsvRecord) else record.shown


def too_large(shown: bytes, size: int, limit: int) -> Refused:
    """A record longer than the limit."""
    return Refused(Rejection("too_large", None, f"{size} bytes; the limit is {limit}"), shown[:SHOWN_BYTES], size)


def truncated(shown: bytes, why: str) -> Refused:
    """What is left where the input broke off."""
    return Refused(Rejection("truncated_input", None, why), shown[:SHOWN_BYTES], len(shown))
