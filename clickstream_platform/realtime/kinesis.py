"""What Lambda hands over from a Kinesis stream, as records of shops: decoded, and taken out of KPL aggregates."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from pybase64 import b64decode, b64encode

from clickstream_platform.contract.reasons import Rejection
from clickstream_platform.realtime.kpl import MAGIC, Torn, user_records

_SEQUENCE_DIGITS = 56  # as long as Kinesis writes them: sorted as texts they are in order
_PLACE_DIGITS = 6  # a record of one megabyte holds fewer


class _Body(msgspec.Struct, gc=False):
    sequenceNumber: str
    data: str
    approximateArrivalTimestamp: float = 0.0


class _Record(msgspec.Struct, gc=False):
    kinesis: _Body
    eventID: str
    eventSourceARN: str


@dataclass(frozen=True)
class StreamBatch:
    """The records of one shard that an invocation got, in their order, each list with an entry a record.

    Attributes:
        sequences: Sequence numbers as Kinesis writes them; records of one KPL aggregate share theirs.
        places: Place within an aggregate, 0 outside of one.
        arrivals: When Kinesis took the record, in epoch seconds; the same at every retry.
        data: Its bytes; what was to be decoded, where that could not be.
        rejections: Why it could not be, by place in the lists.
    """

    stream: str
    shard: str
    sequences: list[str] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    arrivals: list[float] = field(default_factory=list)
    data: list[bytes] = field(default_factory=list)
    rejections: dict[int, Rejection] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.data)

    @property
    def source_id(self) -> str:
        """Stream, shard and range of sequence numbers: the same records always have the same name."""
        return f"{self.stream}-{self.shard}-{self.sequences[0]}-{self.sequences[-1]}"

    @property
    def origin(self) -> str:
        """The shard's name, with that of its stream: shards of different streams have the same names."""
        return f"{self.stream}/{self.shard}"

    def position(self, record: int) -> str:
        """Where a record is in its shard, as a text that sorts: padded sequence number, place in an aggregate."""
        return f"{self.sequences[record]:0>{_SEQUENCE_DIGITS}}.{self.places[record]:0{_PLACE_DIGITS}d}"

    def sequence_at(self, position: str) -> str:
        """The sequence number of a position, as Kinesis writes it."""
        wanted = position.partition(".")[0]
        return next(sequence for sequence in self.sequences if sequence.zfill(_SEQUENCE_DIGITS) == wanted)


def read_batches(event: Any) -> list[StreamBatch]:
    """The batches of an invocation: one, as Lambda never mixes shards; none for an empty invocation.

    Raises:
        ValueError: This is no event of a Kinesis stream.
    """
    found = event.get("Records") if isinstance(event, Mapping) else None
    try:
        records = msgspec.convert(found, list[_Record])
    except msgspec.ValidationError as error:
        raise ValueError(f"not an event of a Kinesis stream: {error}") from None
    simple = _of_one_shard(records)
    return [simple] if simple else _grouped(records)


def _of_one_shard(records: list[_Record]) -> StreamBatch | None:
    """The batch in one go, where all of it is base64, of one shard, and nothing is aggregated."""
    if not records:
        return None
    shard, arn = records[0].eventID.partition(":")[0], records[0].eventSourceARN
    bodies = [record.kinesis for record in records]
    try:
        data = [b64decode(body.data, validate=True) for body in bodies]
    except ValueError:
        return None
    ids_end = len(shard) + 1
    if (
        {record.eventID[:ids_end] for record in records} != {f"{shard}:"}
        or {record.eventSourceARN for record in records} != {arn}
        or MAGIC in {one[: len(MAGIC)] for one in data}
    ):
        return None
    return StreamBatch(
        arn.rpartition("/")[2],
        shard,
        [body.sequenceNumber for body in bodies],
        [0] * len(data),
        [body.approximateArrivalTimestamp for body in bodies],
        data,
    )


def _grouped(records: list[_Record]) -> list[StreamBatch]:
    batches: dict[tuple[str, str], StreamBatch] = {}
    for record in records:
        data, rejection = _from_base64(record.kinesis.data)
        key = (record.eventSourceARN.rpartition("/")[2], record.eventID.partition(":")[0])
        batch = batches.setdefault(key, StreamBatch(*key))
        _add(batch, record.kinesis.sequenceNumber, record.kinesis.approximateArrivalTimestamp, data, rejection)
    return list(batches.values())


def _from_base64(encoded: str) -> tuple[bytes, Rejection | None]:
    try:
        return b64decode(encoded, validate=True), None
    except ValueError as error:
        return encoded.encode(), Rejection("invalid_encoding", None, f"not base64: {error}")


def _add(batch: StreamBatch, sequence: str, arrived_at: float, data: bytes, rejection: Rejection | None) -> None:
    for place, (one, why) in enumerate(_unpacked(data) if data.startswith(MAGIC) else ((data, rejection),)):
        if why is not None:
            batch.rejections[len(batch.data)] = why
        batch.sequences.append(sequence)
        batch.places.append(place)
        batch.arrivals.append(arrived_at)
        batch.data.append(one)


def _unpacked(data: bytes) -> Sequence[tuple[bytes, Rejection | None]]:
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
    return b64encode(data).decode()
