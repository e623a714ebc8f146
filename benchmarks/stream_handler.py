"""Records a second of `stream_processor` on one core: `python -m benchmarks.stream_handler FOLDER`.

Batches of Lambda events made of a simulated shop's files. *Decode and validation* is base64 and JSON to typed events;
beside it the same batches in aws-lambda-powertools' batch processor with a pydantic model of the same types, and
msgspec after the standard library's base64, which checks types only and tells how fast the machine is. *The whole
batch* goes on to bronze columns and Parquet in memory. No network, no live state.
"""

import contextlib
import os
import statistics
import sys
import tempfile
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import msgspec
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.kinesis_stream_event import KinesisStreamRecord
from pydantic import BaseModel, ConfigDict, Field, field_validator

from benchmarks.validation import lines_of
from clickstream_platform import contract
from clickstream_platform.contract import EVENT_NAMES, Limits, parser
from clickstream_platform.ingest.batches import without_garbage_collection
from clickstream_platform.ingest.local_store import LocalStore
from clickstream_platform.lambdas.environment import LambdaSettings
from clickstream_platform.lambdas.stream_processor.processor import StreamProcessor
from clickstream_platform.realtime.kinesis import encode, read_batches

_ROUNDS = 5


class Item(BaseModel):
    """One product line."""

    product_id: str = Field(min_length=1, max_length=256)
    price: float | None = Field(default=None, ge=0)
    quantity: int = Field(default=1, ge=1)
    category: str | None = None


class Event(BaseModel):
    """The contract's types in pydantic."""

    model_config = ConfigDict(extra="allow", strict=False)
    event_id: str = Field(min_length=1, max_length=256)
    event_name: Literal[EVENT_NAMES]  # type: ignore[valid-type]
    event_time: datetime
    received_at: datetime | None = None
    user_id: str | None = Field(default=None, min_length=1, max_length=256)
    anonymous_id: str | None = Field(default=None, min_length=1, max_length=256)
    session_id: str | None = None
    url: str | None = Field(default=None, max_length=8192)
    referrer: str | None = Field(default=None, max_length=8192)
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    user_agent: str | None = None
    country: str | None = Field(default=None, pattern="^[A-Z]{2}$")
    region: str | None = None
    items: list[Item] | None = None
    order_id: str | None = None
    value: float | None = Field(default=None, ge=0)
    currency: str | None = Field(default=None, pattern="^[A-Z]{3}$")
    experiments: dict[str, str] | None = None
    email: str | None = None
    ip: str | None = None

    @field_validator("event_time")
    @classmethod
    def _in_range(cls, moment: datetime) -> datetime:
        if not datetime(2015, 1, 1, tzinfo=UTC) <= moment <= datetime.now(UTC) + timedelta(days=1):
            raise ValueError("out of range")
        return moment


class _Nowhere(LocalStore):
    """Takes objects and forgets them."""

    def put(self, path: str, data: bytes | memoryview) -> None:
        return

    def move_in(self, local: Path, path: str) -> None:
        local.unlink()


def main(folder: Path) -> None:
    """Print one line a batch size: medians of some rounds."""
    lines = lines_of(folder)[:50_000]
    os.environ |= {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "CLICKSTREAM_LOG_LEVEL": "ERROR"}
    with tempfile.TemporaryDirectory() as lake:
        processor = StreamProcessor(LambdaSettings(lake_uri=lake))
        processor._store = _Nowhere(Path(lake))
        for size in (100, 10_000):
            events = list(_invocations(lines, size))
            rounds = [
                (
                    _rate(_ours, events),
                    _rate(_theirs, events),
                    _rate(_bare, events),
                    _rate(lambda event: _to_bronze(processor, event), events),
                )
                for _ in range(_ROUNDS)
            ]
            columns = list(zip(*rounds, strict=True))
            ours, theirs, bare, whole = map(statistics.median, columns)
            print(
                f"batches of {size:,}: decode and validation {ours:,.0f} records/s on one core, "
                f"{ours / theirs:.1f} times powertools with pydantic ({theirs:,.0f}); "
                f"whole batch {whole:,.0f}, at best {max(columns[-1]):,.0f}, "
                f"{whole / bare:.2f} times msgspec alone ({bare:,.0f})"
            )


def _invocations(lines: list[bytes], size: int) -> Iterator[dict[str, Any]]:
    for start in range(0, len(lines), size):
        yield invocation(lines[start : start + size], start)


def invocation(payloads: list[bytes], first: int) -> dict[str, Any]:
    """What Lambda hands over of these records; `first` is the first sequence number."""
    return {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": "p",
                    "sequenceNumber": str(number),
                    "data": encode(payload),
                    "approximateArrivalTimestamp": time.time(),
                },
                "eventSource": "aws:kinesis",
                "eventID": f"shardId-000000000000:{number}",
                "eventSourceARN": "arn:aws:kinesis:us-east-1:123456789012:stream/events",
            }
            for number, payload in enumerate(payloads, first)
        ]
    }


def _ours(event: dict[str, Any]) -> None:
    (batch,) = read_batches(event)
    for data in batch.data:
        _parse(data)


def _bare(event: dict[str, Any]) -> None:
    for record in event["Records"]:
        with contextlib.suppress(msgspec.DecodeError):
            _decode(b64decode(record["kinesis"]["data"]))


def _to_bronze(processor: StreamProcessor, event: dict[str, Any]) -> None:
    with without_garbage_collection():
        processor.to_bronze(*read_batches(event))


_parse = parser("events", Limits())
_decode = msgspec.json.Decoder(contract.Event).decode
_powertools = BatchProcessor(event_type=EventType.KinesisDataStreams, raise_on_entire_batch_failure=False)


def _validated(record: KinesisStreamRecord) -> Event:
    return Event.model_validate_json(record.kinesis.data_as_bytes())


def _theirs(event: dict[str, Any]) -> None:
    process_partial_response(event, _validated, _powertools)


def _rate(work: Callable[[dict[str, Any]], object], events: list[dict[str, Any]]) -> float:
    begun = time.process_time()
    for event in events:
        work(event)
    return sum(len(event["Records"]) for event in events) / (time.process_time() - begun)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
