"""A stream for tests: records with sequence numbers and times of arrival, as Lambda hands them over."""

import gzip
import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import zstandard

from clickstream_platform.lambdas.environment import LambdaSettings
from clickstream_platform.lambdas.stream_processor.processor import StreamProcessor
from clickstream_platform.local_aws.plan import Plan
from clickstream_platform.local_aws.resources import create_all
from clickstream_platform.realtime.attributes import from_wire
from clickstream_platform.realtime.kinesis import encode
from clickstream_platform_tests.aws import Aws

BUCKET = Plan().bucket
ARRIVED = 1_800_000_000.0
_FIRST_SEQUENCE = 49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989_136_588_898


def created(aws: Aws) -> Aws:
    """With every resource made."""
    create_all(aws.endpoint)
    return aws


def processor(**choices: Any) -> StreamProcessor:
    return StreamProcessor(LambdaSettings(**{"lake_uri": f"s3://{BUCKET}", "storage_timeout_seconds": 2.0, **choices}))


class Shard:
    """Gives records their sequence numbers."""

    def __init__(self, name: str = "shardId-000000000000", first: int = _FIRST_SEQUENCE) -> None:
        self.name = name
        self._numbers = itertools.count(first)

    def records(self, payloads: Iterable[bytes], arrived_at: float = ARRIVED) -> list[dict[str, Any]]:
        return [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": "p",
                    "sequenceNumber": (number := str(next(self._numbers))),
                    "data": encode(payload),
                    "approximateArrivalTimestamp": arrived_at,
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": f"{self.name}:{number}",
                "eventName": "aws:kinesis:record",
                "awsRegion": "us-east-1",
                "eventSourceARN": "arn:aws:kinesis:us-east-1:123456789012:stream/events",
            }
            for payload in payloads
        ]


def cut(records: Sequence[Any], size: int) -> Iterator[dict[str, Any]]:
    """Invocations of so many records."""
    for place in range(0, len(records), size):
        yield {"Records": list(records[place : place + size])}


def lines_of(shop: Path) -> list[bytes]:
    """All event lines of a simulated shop, in the order of its files."""
    lines: list[bytes] = []
    for path in sorted((shop / "landing" / "events").iterdir()):
        data = path.read_bytes()
        if path.suffix == ".gz":
            data = gzip.decompress(data)
        elif path.suffix == ".zst":
            data = zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True).read()
        lines += data.split(b"\n")[:-1]
    return lines


def rows_of(aws: Aws, table: str) -> list[dict[str, Any]]:
    """All items of a live table as plain values."""
    pages = aws.client("dynamodb").get_paginator("scan").paginate(TableName=f"clickstream-{table}")
    return [from_wire(item) for page in pages for item in page["Items"]]


def event(**fields: Any) -> bytes:
    return msgspec.json.encode(
        {
            "event_id": "e1",
            "event_name": "page_view",
            "event_time": "2024-03-01T10:00:00Z",
            "anonymous_id": "ann",
            "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36",
            **fields,
        }
    )
