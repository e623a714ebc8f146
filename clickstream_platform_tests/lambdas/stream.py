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
from clickstream_platform.realtime.kinesis import encode
from clickstream_platform.realtime.tables import LIVE_TABLES, TTL_ATTRIBUTE
from clickstream_platform_tests.aws import Aws

BUCKET = "shop-lake"
ARRIVED = 1_800_000_000.0
_FIRST_SEQUENCE = 49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989_136_588_898


def created(aws: Aws) -> Aws:
    """The bucket and the live tables."""
    aws.client("s3").create_bucket(Bucket=BUCKET)
    dynamodb = aws.client("dynamodb")
    for table in LIVE_TABLES:
        keys = [(table.partition_key, "HASH"), *([(table.sort_key, "RANGE")] if table.sort_key else [])]
        attributes = {name for name, _ in keys}
        indexes = []
        for index in table.indexes:
            attributes |= {index.partition_key, index.sort_key}
            indexes.append(
                {
                    "IndexName": index.name,
                    "KeySchema": [
                        {"AttributeName": index.partition_key, "KeyType": "HASH"},
                        {"AttributeName": index.sort_key, "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
            )
        dynamodb.create_table(
            TableName=f"clickstream-{table.name}",
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in sorted(attributes)],
            BillingMode="PAY_PER_REQUEST",
            **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
        )
        dynamodb.update_time_to_live(
            TableName=f"clickstream-{table.name}",
            TimeToLiveSpecification={"Enabled": True, "AttributeName": TTL_ATTRIBUTE},
        )
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
    from clickstream_platform.realtime.attributes import from_wire

    pages = aws.client("dynamodb").get_paginator("scan").paginate(TableName=f"clickstream-{table}")
    return [from_wire({k: v for k, v in item.items()}) for page in pages for item in page["Items"]]


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
