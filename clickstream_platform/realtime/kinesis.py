"""What Lambda hands over from a Kinesis stream, as records of shops: decoded, and taken out of KPL aggregates."""

import base64
import binascii
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from clickstream_platform.contract.reasons import Rejection
from clickstream_platform.realtime.kpl import MAGIC, Torn, user_records

_SEQUENCE_DIGITS = 56  # as long as Kinesis writes them: sorted as texts they are in order


class StreamRecord(NamedTuple):
    """One record of a shop.

    Attributes:
        position: Where it is in its shard, as a text that sorts: padded sequence number, and the place in an aggregate.
        sequence: The sequence number as Kinesis writes it.
        arrived_at: When Kinesis took it, in epoch seconds; the same at every retry.
        data: Its bytes; what was to be decoded, where that could not be.
        rejection: Why it could not be.
    """

    position: str
    sequence: str
    arrived_at: float
    data: bytes
    rejection: Rejection | None = None


class StreamBatch(NamedTuple):
    """The records of one shard that an invocation got, in their order."""

    stream: str
    shard: str
    records: list[StreamRecord]

    @property
    def source_id(self) -> str:
        """Stream, shard and range of sequence numbers: the same records always have the same name."""
        first, last = self.records[0].sequence, self.records[-1].sequence
        return f"{self.stream}-{self.shard}-{first}-{last}"


def read_batches(event: Mapping[str, Any]) -> list[StreamBatch]:
    """The batches of an invocation: one, as Lambda never mixes shards; none for an empty invocation.

    Raises:
        ValueError: This is no event of a Kinesis stream.
    """
    batches: dict[tuple[str, str], list[StreamRecord]] = {}
    try:
        for record in event["Records"]:
            shard = record["eventID"].partition(":")[0]
            stream = record["eventSourceARN"].rpartition("/")[2]
            body = record["kinesis"]
            records = batches.setdefault((stream, shard), [])
            arrived = float(body.get("approximateArrivalTimestamp") or 0.0)
            records += _records(body["sequenceNumber"], arrived, body["data"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not an event of a Kinesis stream: {error!r}") from error
    return [StreamBatch(stream, shard, records) for (stream, shard), records in batches.items()]


def _records(sequence: str, arrived_at: float, encoded: str) -> Iterator[StreamRecord]:
    for place, (data, rejection) in enumerate(_decoded(encoded)):
        yield StreamRecord(f"{sequence:0>{_SEQUENCE_DIGITS}}.{place:04d}", sequence, arrived_at, data, rejection)


def _decoded(encoded: str) -> Sequence[tuple[bytes, Rejection | None]]:
    try:
        data = binascii.a2b_base64(encoded, strict_mode=True)
    except ValueError as error:
        return [(encoded.encode(), Rejection("invalid_encoding", None, f"not base64: {error}"))]
    if not data.startswith(MAGIC):
        return [(data, None)]
    body = data[len(MAGIC) : -16]
    if hashlib.md5(body, usedforsecurity=False).digest() != data[-16:]:
        return [(data, None)]
    try:
        found = user_records(body)
    except Torn as error:
        return [(data, Rejection("malformed_json", None, f"a KPL aggregate that cannot be read: {error}"))]
    return [(one, None) for one in found] or [(data, Rejection("malformed_json", None, "an empty KPL aggregate"))]


def encode(data: bytes) -> str:
    """A record's bytes as Lambda hands them over."""
    return base64.b64encode(data).decode()
