"""The poller over a real moto server: batches, where it begins, and how it ends, as Lambda documents them."""

import base64
import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from clickstream_platform.local_aws.checkpoints import FileCheckpoints, MemoryCheckpoints
from clickstream_platform.local_aws.mapping import StreamMapping
from clickstream_platform.local_aws.poller import Poller
from clickstream_platform_tests.local_aws.streams import MAPPING, Recorder, Stream, numbered


def test_records_come_in_order_in_lambdas_shape(stream: Stream, run: Callable[..., Poller]) -> None:
    numbers = stream.put(*numbered(250))
    seen = Recorder()
    assert run(seen).wait_until_caught_up()
    assert [len(batch) for batch in seen.batches] == [100, 100, 50]
    assert seen.data == numbered(250)
    record = seen.events[0]["Records"][0]
    assert abs(record["kinesis"].pop("approximateArrivalTimestamp") - time.time()) < 60
    assert record == {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "k",
            "sequenceNumber": numbers[0],
            "data": base64.b64encode(b"00000").decode(),
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000000:{numbers[0]}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::123456789012:role/lambda-role",
        "awsRegion": "us-east-1",
        "eventSourceARN": "arn:aws:kinesis:us-east-1:123456789012:stream/events",
    }


def test_a_window_gathers_records_and_a_full_batch_does_not_wait(stream: Stream, run: Callable[..., Poller]) -> None:
    seen = Recorder()
    poller = run(seen, replace(MAPPING, batch_size=3, batching_window_seconds=1))
    started = time.monotonic()
    for each in numbered(4):
        stream.put(each)
    poller.wait_until_caught_up()
    assert [len(batch) for batch in seen.batches] == [3, 1]
    assert 0.9 < time.monotonic() - started < 3


def test_a_batch_has_ten_thousand_records(stream: Stream, run: Callable[..., Poller]) -> None:
    stream.put(*numbered(12_000))
    seen = Recorder()
    assert run(seen, replace(MAPPING, batch_size=10_000, batching_window_seconds=1)).wait_until_caught_up()
    assert [len(batch) for batch in seen.batches] == [10_000, 2_000]


def test_an_event_has_six_megabytes_at_most(stream: Stream, run: Callable[..., Poller]) -> None:
    for number in range(9):
        stream.put(f"{number}" * 900_000)
    seen = Recorder()
    assert run(seen).wait_until_caught_up()
    # 900,000 bytes are 1.2 million in base64.
    assert [len(batch) for batch in seen.batches] == [5, 4]
    assert all(len(json.dumps(event)) <= 6 * 1024 * 1024 for event in seen.events)


def test_a_restarted_poller_goes_on_at_its_checkpoint(
    stream: Stream, run: Callable[..., Poller], tmp_path: Path
) -> None:
    stream.put(*numbered(100))
    entered = threading.Event()

    def fails(data: list[str]) -> None:
        if data[0] == "00050":
            entered.set()
            raise RuntimeError

    mapping = replace(MAPPING, batch_size=10)
    first, second = Recorder(fails), Recorder()
    poller = run(first, mapping, checkpoints=FileCheckpoints(tmp_path / "checkpoints.json"))
    assert entered.wait(10)
    poller.stop()
    stream.put("00100")
    assert run(second, mapping, checkpoints=FileCheckpoints(tmp_path / "checkpoints.json")).wait_until_caught_up()
    assert second.data == numbered(101)[50:]


def test_latest_begins_with_what_comes_after_the_start(stream: Stream, run: Callable[..., Poller]) -> None:
    stream.put("before")
    time.sleep(0.01)
    seen, checkpoints = Recorder(), MemoryCheckpoints()
    mapping = replace(MAPPING, starting_position="LATEST")
    poller = run(seen, mapping, checkpoints=checkpoints)
    assert poller.wait_until_caught_up()
    poller.stop()
    stream.put("while stopped")
    assert run(seen, mapping, checkpoints=checkpoints).wait_until_caught_up()
    assert seen.data == ["while stopped"]


def test_stopping_waits_for_the_batch_under_way(stream: Stream, run: Callable[..., Poller]) -> None:
    stream.put(*numbered(2))
    entered, checkpoints = threading.Event(), MemoryCheckpoints()

    def slow(data: list[str]) -> None:
        entered.set()
        time.sleep(0.3)

    seen = Recorder(slow)
    poller = run(seen, replace(MAPPING, batch_size=1), checkpoints=checkpoints)
    assert entered.wait(10)
    poller.stop()
    assert seen.data == ["00000"]
    assert checkpoints.all()["shardId-000000000000"].after is not None


@pytest.mark.parametrize(
    "wrong",
    [{"batch_size": 10_001}, {"parallelization_factor": 11}, {"maximum_record_age_seconds": 59}, {"batch_size": 0}],
)
def test_what_lambda_would_refuse_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        StreamMapping("events", "f", **wrong)  # type: ignore[arg-type]
