"""The entry point: `clickstream_platform.lambdas.data_generator.handler.handler`."""

import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import boto3

from clickstream_platform.lambdas.data_generator.streams import by_stream, put_all, stream_names
from clickstream_platform.lambdas.environment import settings
from clickstream_platform.lambdas.observability import correlation_id, emit_metrics, log
from clickstream_platform.simulate import SLOT, LiveShop, records_of_slot, slot_of


@cache
def kinesis() -> Any:
    """The process' client."""
    return boto3.client("kinesis")


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Put what the shop sent in the five minutes that ended last on the streams.

    The schedule's own time says which they are, so that an invocation that is tried again puts the same events; an
    event `{"time": "2024-03-01T10:05:00Z"}` makes up for one that was lost.

    Returns:
        The beginning of the five minutes, and how many records each stream got.

    Raises:
        ValueError: A setting or the event's time is wrong.
        NotPut: Kinesis did not take all of them.
    """
    begun, chosen = time.monotonic(), settings()
    shop = LiveShop(chosen.generator_events, chosen.generator_seed, chosen.generator_dirty_rate)
    streams, slot = stream_names(chosen.streams), slot_of(_time_of(event)) - 1
    interval = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=slot * SLOT)).isoformat()
    about = {"interval": interval, "correlation_id": correlation_id(context)}
    routed = by_stream(records_of_slot(shop, slot), streams)
    for stream, records in routed.items():
        repeats = put_all(kinesis(), stream, records, chosen.storage_timeout_seconds)
        emit_metrics(
            {
                "put_records": (len(records), "Count"),
                "put_again": (repeats, "Count"),
                "bytes": (sum(len(record.data) for record in records), "Bytes"),
            },
            {"stream": stream},
            **about,
        )
    counts = {stream: len(records) for stream, records in routed.items()}
    log("INFO", "five minutes of traffic were put", records=counts, seconds=time.monotonic() - begun, **about)
    return {"interval": interval, "records": counts}


def _time_of(event: Mapping[str, Any]) -> datetime:
    given = event.get("time")
    if given is None:
        return datetime.now(UTC)
    moment = datetime.fromisoformat(given)
    if moment.tzinfo is None:
        raise ValueError(f"time {given!r} has no UTC offset")
    return moment


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    kinesis()  # while Lambda's initialisation is still free
