"""Replay over the emulated AWS: `python -m benchmarks.replay FOLDER`, the folder of a simulated shop.

- **index query**: the events of one entity in an hour, among many thousand others, as `POST /replay` selects them.
- **processor**: messages a second of one processor, a batch of ten at a time, by target. The emulation answers slower
  than AWS; so the processor's own time on its core is told, too.
"""

import contextlib
import io
import json
import os
import random
import statistics
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec

from benchmarks.validation import lines_of

_ENTRIES, _ENTITIES, _QUERIES = 20_000, 200, 100
_EVENTS = 5_000
_DAY = "2024-03-01"


def main(folder: Path) -> None:
    """Print one line a measure."""
    from clickstream_platform.local_aws.environment import local_environment
    from clickstream_platform.local_aws.resources import create_all
    from clickstream_platform.local_aws.server import start_server

    with start_server() as server:
        resources = create_all(server.endpoint)
        os.environ.update(local_environment(server.endpoint, resources.settings()))
        server.client("s3").create_bucket(Bucket="another")
        os.environ |= {"CLICKSTREAM_REPLAY_LAKE_URI": "s3://another"}
        os.environ |= {"CLICKSTREAM_LOG_LEVEL": "ERROR", "CLICKSTREAM_STREAMS": resources.plan.events}
        _index()
        server.reset()  # the emulation copies all tables for every transaction
        create_all(server.endpoint)
        server.client("s3").create_bucket(Bucket="another")
        _processor(folder)


def _index() -> None:
    from clickstream_platform.lambdas.replay.selection import select
    from clickstream_platform.realtime.dynamodb import Dynamo
    from clickstream_platform.realtime.live_events import time_text
    from clickstream_platform.realtime.replay_request import ReplayRequest
    from clickstream_platform.realtime.tables import EVENT_INDEX

    dynamo, draw = Dynamo("clickstream-", patience=60), random.Random(1)
    begin = datetime(2024, 3, 1, tzinfo=UTC)
    items = [
        {
            "entity_id": f"entity-{number % _ENTITIES}",
            "time_event": f"{time_text(begin + timedelta(seconds=draw.randrange(86_400)))}#{uuid.UUID(int=number)}",
            "event_id": str(uuid.UUID(int=number)),
            "event_name": "page_view",
            "object": f"bronze/events/year=2024/month=03/day=01/{number // 100}.parquet",
            "row": number % 100,
        }
        for number in range(_ENTRIES)
    ]
    assert not dynamo.put_many(EVENT_INDEX.name, items)
    seconds, found = [], 0
    for number in range(_QUERIES):
        start = begin + timedelta(hours=number % 23)
        asked = ReplayRequest(entity_id=f"entity-{number}", start=start, end=start + timedelta(hours=1))
        began = time.perf_counter()
        found += select(asked, 0, dynamo, _NoStore(), 10_000, begin).num_rows
        seconds.append(time.perf_counter() - began)
    cuts = statistics.quantiles(seconds, n=20)
    print(
        f"index query: an hour of one of {_ENTITIES} entities, {_ENTRIES:,} entries: {found / _QUERIES:.1f} events; "
        f"median {statistics.median(seconds) * 1000:.1f} ms, 95th percentile {cuts[-1] * 1000:.1f} ms"
    )


class _NoStore:
    """The index needs no lake."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


def _processor(folder: Path) -> None:
    from clickstream_platform.lambdas.replay.handler import service
    from clickstream_platform.lambdas.replay.plans import read_plan
    from clickstream_platform.lambdas.replay.steps import Bring
    from clickstream_platform.lambdas.replay_processor.handler import handler
    from clickstream_platform.realtime.replay_request import Days, ReplayRequest

    _bronze(folder)
    for target in ("domain", "stream", "bronze"):
        day = datetime.fromisoformat(_DAY).date()
        request = ReplayRequest(days=Days(first=day, last=day), target=target, limit=_EVENTS)
        began = service().start(request)
        replay_id = began["replay_id"]
        start = time.perf_counter()
        _quietly(service().steps.run, replay_id, time.time() + 600)
        selection = time.perf_counter() - start
        plan = read_plan(service()._store, replay_id, 0)
        assert plan is not None
        messages = service().steps.page(plan, request, 0)
        records = [
            _record(Bring(replay_id=replay_id, page="000000.000000", number=number, pointers=pointers))
            for number, pointers in enumerate(messages)
        ]
        wall, own = time.perf_counter(), time.process_time()
        for place in range(0, len(records), 10):
            answer = _quietly(handler, {"Records": records[place : place + 10]}, SimpleNamespace(aws_request_id="b"))
            assert not answer["batchItemFailures"]
        wall, own = time.perf_counter() - wall, time.process_time() - own
        events = sum(len(one.rows) for one in messages)
        print(
            f"target {target}: {events:,} events selected and sent in {selection:.2f} s; processor "
            f"{len(messages) / wall:.1f} messages/s, {events / wall:,.0f} events/s; "
            f"on its own core {len(messages) / own:.0f} messages/s, {events / own:,.0f} events/s"
        )


def _record(message: Any) -> dict[str, Any]:
    return {"messageId": str(message.number), "body": msgspec.json.encode(message).decode(), "attributes": {}}


def _bronze(folder: Path) -> None:
    """A day's events of the shop in the bucket, as the stream processor writes them."""
    from benchmarks.stream_handler import invocation
    from clickstream_platform.lambdas.environment import settings
    from clickstream_platform.lambdas.stream_processor.processor import StreamProcessor
    from clickstream_platform.realtime.kinesis import read_batches

    lines = [line for line in lines_of(folder) if json.dumps(_DAY)[1:-1].encode() in line][: _EVENTS * 2]
    processor = StreamProcessor(settings())
    for start in range(0, len(lines), 1_000):
        processor.to_bronze(*read_batches(invocation(lines[start : start + 1_000], start)))


def _quietly(work: Any, *arguments: Any) -> Any:
    """Run something without its log lines and metrics."""
    with contextlib.redirect_stdout(io.StringIO()):
        return work(*arguments)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
