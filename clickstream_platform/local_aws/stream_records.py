"""Kinesis records in the shape that Lambda hands them to a function."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from clickstream_platform.local_aws.environment import ACCOUNT, REGION

PAYLOAD_BYTES: Final = 6 * 1024 * 1024
"""The largest event of a synchronous invocation."""

_HEAD: Final = b'{"Records":['
_TAIL: Final = b"]}"


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """One record, with its part of the event already encoded.

    Attributes:
        number: Its sequence number.
        arrived: Epoch seconds.
    """

    number: int
    partition_key: str
    arrived: float
    encoded: bytes


def stream_record(shard_id: str, stream_arn: str, record: Mapping[str, Any]) -> StreamRecord:
    """A record of GetRecords as an entry of `Records`."""
    arrival: datetime = record["ApproximateArrivalTimestamp"]
    entry = {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": record["PartitionKey"],
            "sequenceNumber": record["SequenceNumber"],
            "data": base64.b64encode(record["Data"]).decode(),
            "approximateArrivalTimestamp": round(arrival.timestamp(), 3),
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{shard_id}:{record['SequenceNumber']}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": f"arn:aws:iam::{ACCOUNT}:role/lambda-role",
        "awsRegion": REGION,
        "eventSourceARN": stream_arn,
    }
    return StreamRecord(
        int(record["SequenceNumber"]), record["PartitionKey"], arrival.timestamp(), msgspec.json.encode(entry)
    )


def event_of(records: Sequence[StreamRecord]) -> bytes:
    """The event that a function gets for a batch."""
    return _HEAD + b",".join(record.encoded for record in records) + _TAIL


def batch_length(records: Sequence[StreamRecord], most: int) -> tuple[int, bool]:
    """How many of the first records make a batch, and whether it is full: by count or by the payload's limit."""
    size = len(_HEAD) + len(_TAIL)
    for count, record in enumerate(records):
        size += len(record.encoded) + 1
        if count == most or (count and size > PAYLOAD_BYTES):
            return count, True
    return len(records), len(records) >= most
