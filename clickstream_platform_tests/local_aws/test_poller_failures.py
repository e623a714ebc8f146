"""What the poller does when a function fails, as Lambda documents it."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clickstream_platform.local_aws.functions import Function, Processes
from clickstream_platform.local_aws.poller import Poller
from clickstream_platform_tests.aws import Aws
from clickstream_platform_tests.local_aws.streams import MAPPING, Recorder, Stream, numbered


def test_partial_failure_is_tried_again_from_its_record_on(stream: Stream, run: Callable[..., Poller]) -> None:
    stream.put(*numbered(5))
    tries = iter(["00003", "00003", None])
    seen = Recorder(lambda data: next(tries))
    assert run(seen).wait_until_caught_up()
    assert seen.batches == [numbered(5), numbered(5)[3:], numbered(5)[3:]]


def test_lowest_of_several_failures_counts(stream: Stream, run: Callable[..., Poller]) -> None:
    numbers = stream.put(*numbered(5))
    answers = iter([{"batchItemFailures": [{"itemIdentifier": numbers[4]}, {"itemIdentifier": numbers[2]}]}, None])
    seen = Recorder(lambda data: next(answers))
    assert run(seen).wait_until_caught_up()
    assert seen.batches == [numbered(5), numbered(5)[2:]]


@pytest.mark.parametrize(
    "answer",
    [
        {"batchItemFailures": [{"itemIdentifier": ""}]},
        {"batchItemFailures": [{"itemIdentifier": None}]},
        {"batchItemFailures": [{"itemIdentifier": "12345"}]},
        {"batchItemFailures": [{"badKey": "1"}]},
        {"batchItemFailures": "all"},
        ["unheard of"],
    ],
)
def test_an_answer_that_makes_no_sense_fails_the_batch(stream: Stream, run: Callable[..., Poller], answer: Any) -> None:
    stream.put(*numbered(3))
    answers = iter([answer, None])
    seen = Recorder(lambda data: next(answers))
    assert run(seen).wait_until_caught_up()
    assert seen.batches == [numbered(3)] * 2


@pytest.mark.parametrize("answer", [None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}])
def test_an_empty_answer_is_a_success(stream: Stream, run: Callable[..., Poller], answer: Any) -> None:
    stream.put(*numbered(3))
    seen = Recorder(lambda data: answer)
    assert run(seen).wait_until_caught_up()
    assert seen.batches == [numbered(3)]


def test_without_reporting_the_answer_is_not_looked_at(stream: Stream, run: Callable[..., Poller]) -> None:
    stream.put(*numbered(3))
    seen = Recorder(lambda data: "00001")
    assert run(seen, replace(MAPPING, report_batch_item_failures=False)).wait_until_caught_up()
    assert seen.batches == [numbered(3)]


def test_bisecting_isolates_a_poison_record(
    stream: Stream, run: Callable[..., Poller], failures: Callable[[], list[dict[str, Any]]]
) -> None:
    numbers = stream.put(*numbered(8))
    done: list[str] = []

    def fails(data: list[str]) -> None:
        if "00005" in data:
            raise RuntimeError
        done.extend(data)

    mapping = replace(MAPPING, bisect_batch_on_function_error=True, maximum_retry_attempts=2)
    seen = Recorder(fails)
    assert run(seen, mapping).wait_until_caught_up()
    assert done == [each for each in numbered(8) if each != "00005"]
    # Halving costs no attempt: alone, the record is tried three times.
    assert seen.batches.count(["00005"]) == 3
    (told,) = failures()
    assert (
        told["KinesisBatchInfo"]["startSequenceNumber"] == told["KinesisBatchInfo"]["endSequenceNumber"] == numbers[5]
    )


def test_with_bisecting_a_partial_failure_splits_at_its_record(stream: Stream, run: Callable[..., Poller]) -> None:
    stream.put(*numbered(6))
    answers = iter(["00002", None])
    seen = Recorder(lambda data: next(answers))
    mapping = replace(MAPPING, bisect_batch_on_function_error=True, maximum_retry_attempts=0)
    assert run(seen, mapping).wait_until_caught_up()
    assert seen.batches == [numbered(6), numbered(6)[2:]]


def test_exhausted_retries_are_told_to_the_destination_and_the_shard_goes_on(
    stream: Stream, run: Callable[..., Poller], failures: Callable[[], list[dict[str, Any]]]
) -> None:
    numbers = stream.put(*numbered(4))

    def fails(data: list[str]) -> None:
        if "00000" in data:
            raise RuntimeError

    seen = Recorder(fails)
    assert run(seen, replace(MAPPING, batch_size=3, maximum_retry_attempts=2)).wait_until_caught_up()
    assert seen.batches == [numbered(3)] * 3 + [["00003"]]
    (told,) = failures()
    assert told["requestContext"].pop("requestId")
    assert told.pop("timestamp").endswith("Z")
    first, last = (told["KinesisBatchInfo"].pop(f"approximateArrivalOf{which}Record") for which in ("First", "Last"))
    assert first <= last
    assert told == {
        "requestContext": {
            "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:f",
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 3,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "KinesisBatchInfo": {
            "shardId": "shardId-000000000000",
            "startSequenceNumber": numbers[0],
            "endSequenceNumber": numbers[2],
            "batchSize": 3,
            "streamArn": "arn:aws:kinesis:us-east-1:123456789012:stream/events",
        },
    }


def test_records_that_are_too_old_are_discarded_and_told(
    stream: Stream, run: Callable[..., Poller], failures: Callable[[], list[dict[str, Any]]]
) -> None:
    stream.put(*numbered(3))
    ahead = [0.0]

    def fails(data: list[str]) -> None:
        ahead[0] = 61.0
        raise RuntimeError

    seen = Recorder(fails)
    mapping = replace(MAPPING, maximum_record_age_seconds=60)
    assert run(seen, mapping, clock=lambda: time.time() + ahead[0]).wait_until_caught_up()
    assert seen.batches == [numbered(3)]
    (told,) = failures()
    assert told["requestContext"]["condition"] == "RecordAgeExceeded"
    assert told["KinesisBatchInfo"]["batchSize"] == 3


def test_a_function_that_hangs_is_killed_and_its_batch_tried_again(
    aws: Aws, stream: Stream, run: Callable[..., Poller], tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    handler = "clickstream_platform_tests.local_aws.handlers:keep"
    function = Function("f", handler, {"TEST_FILE": str(kept)}, timeout_seconds=0.5)
    processes = Processes(function, aws.endpoint)
    stream.put("a", "hang", "b")
    poller = run(processes)
    assert poller.wait_until_caught_up()
    processes.close()
    assert [json.loads(line) for line in kept.read_text().splitlines()] == [["a", "hang", "b"]]
    assert (poller.counts.batches_failed, poller.counts.batches_succeeded) == (1, 1)
