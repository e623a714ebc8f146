"""The Kinesis Producer Library's aggregates: several records of a user in one of Kinesis.

The format is published (KPL, `aggregation-format.md`): four magic bytes, a protocol-buffers message, and its MD5. Only
the records' data is of interest here, which takes two field numbers; the aws-kinesis-agg package needs all of protobuf.
"""

from collections.abc import Iterator

MAGIC = b"\xf3\x89\x9a\xc2"

_RECORDS_FIELD = 3  # of AggregatedRecord
_DATA_FIELD = 3  # of its Record
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5


class Torn(ValueError):
    """Bytes that are no protocol-buffers message."""


def user_records(message: bytes) -> list[bytes]:
    """The data of each record in an aggregate's message, in order.

    Raises:
        Torn: The message is no aggregate.
    """
    return [
        data
        for field, record in _fields(message)
        if field == _RECORDS_FIELD
        for number, data in _fields(record)
        if number == _DATA_FIELD
    ]


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Field numbers and contents of the length-delimited fields; others are passed over."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        kind = key & 7
        if kind == _LENGTH:
            size, place = _varint(message, place)
            if place + size > len(message):
                raise Torn("a field is longer than the message")
            yield key >> 3, message[place : place + size]
            place += size
        elif kind == _VARINT:
            _, place = _varint(message, place)
        elif kind in (_FIXED32, _FIXED64):
            place += 4 if kind == _FIXED32 else 8
        else:
            raise Torn(f"a field of kind {kind}")


def _varint(message: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while place < len(message):
        byte = message[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
        if shift > 63:
            break
    raise Torn("a number does not end")
