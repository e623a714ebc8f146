"""The poller over a real moto server: Lambda's documented semantics, each seen from the function."""

import base64
import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clickstream_platform.local_aws.checkpoints import FileCheckpoints, MemoryCheckpoints
from clickstream_platform.local_aws.functions import Function, InProcess, Processes
from clickstream_platform.local_aws.mapping import StreamMapping
from clickstream_platform.local_aws.poller import Poller
from clickstream_platform_tests.aws import Aws

MAPPING = StreamMapping("events", "f", report_batch_item_failures=True, on_failure_queue="failures")


class Recorder:
    """A function that keeps what it is given, and fails as it is told to."""

    def __init__(self, fails: Callable[[list[str]], Any] = lambda data: None) -> None:
        self.batches: list[list[str]] = []
        self.events: list[Any] = []
        self._fails = fails
        self._lock = threading.Lock()

    def __call__(self, event: Any, context: Any) -> Any:
        data = [base64.b64decode(record["kinesis"]["data"]).decode() for record in event["Records"]]
        with self._lock:
            self.batches.append(data)
            self.events.append(event)
        failed = self._fails(data)
        if isinstance(failed, str):
            number = event["Records"][data.index(failed)]["kinesis"]["sequenceNumber"]
            return {"batchItemFailures": [{"itemIdentifier": number}]}
        return failed

    @property
    def data(self) -> list[str]:
        return [each for batch in self.batches for each in batch]


class Stream:
    def __init__(self, aws: Aws, shards: int = 1) -> None:
        self._kinesis = aws.client("kinesis")
        self._kinesis.create_stream(StreamName="events", ShardCount=shards)

    def put(self, *data: str, key: Callable[[str], str] = lambda data: "k") -> list[str]:
        numbers: list[str] = []
        for begin in range(0, len(data), 500):
            records = [{"PartitionKey": key(each), "Data": each.encode()} for each in data[begin : begin + 500]]
            answer = self._kinesis.put_records(StreamName="events", Records=records)
            numbers += [each["SequenceNumber"] for each in answer["Records"]]
        return numbers

    def split(self, shard_id: str) -> None:
        shards = self._kinesis.list_shards(StreamName="events")["Shards"]
        span = next(shard["HashKeyRange"] for shard in shards if shard["ShardId"] == shard_id)
        middle = (int(span["StartingHashKey"]) + int(span["EndingHashKey"])) // 2
        self._kinesis.split_shard(StreamName="events", ShardToSplit=shard_id, NewStartingHashKey=str(middle))


@pytest.fixture
def stream(aws: Aws) -> Stream:
    return Stream(aws)


@pytest.fixture
def failures(aws: Aws) -> Callable[[], list[dict[str, Any]]]:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="failures")["QueueUrl"]

    def receive() -> list[dict[str, Any]]:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]

    return receive


@pytest.fixture
def run(aws: Aws) -> Iterator[Callable[..., Poller]]:
    """Starts pollers that retry at once, and stops them."""
    pollers: list[Poller] = []

    def start(handler: Any, mapping: StreamMapping = MAPPING, **more: Any) -> Poller:
        invoker = handler if isinstance(handler, Processes) else InProcess(handler, "f")
        quick = {"poll_seconds": 0.01, "refresh_seconds": 0.05, "backoff": lambda failures: 0.0}
        url = f"{aws.endpoint}/{aws.account}/failures"
        poller = Poller(mapping, invoker, aws.endpoint, **{"queue_url": url, **quick, **more})
        pollers.append(poller)
        return poller.start()

    yield start
    for poller in pollers:
        poller.stop()


def numbered(count: int) -> list[str]:
    return [f"{number:05d}" for number in range(count)]


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


def test_a_failing_batch_blocks_its_shard_and_no_other(aws: Aws, run: Callable[..., Poller]) -> None:
    stream = Stream(aws, shards=2)
    open_again = threading.Event()

    def fails(data: list[str]) -> None:
        if data[0].startswith("bad") and not open_again.is_set():
            raise RuntimeError

    stream.put("bad-0", "bad-1", key=lambda data: "k")
    seen = Recorder(fails)
    poller = run(seen, replace(MAPPING, batch_size=1))
    # "a" and "k" hash to different shards.
    stream.put("good-0", "good-1", key=lambda data: "a")
    assert not poller.wait_until_caught_up(1.0)
    assert {"good-0", "good-1"} < set(seen.data)
    assert "bad-1" not in seen.data
    open_again.set()
    assert poller.wait_until_caught_up()
    assert seen.data[-2:] == ["bad-0", "bad-1"]


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


@pytest.mark.parametrize("factor", [1, 3])
def test_resharding_loses_and_doubles_nothing_and_keeps_keys_in_order(
    stream: Stream, run: Callable[..., Poller], factor: int
) -> None:
    def key(data: str) -> str:
        return f"k{int(data) % 7}"

    every = numbered(600)
    # The parents are the slow ones: children that did not wait for them would come first.
    seen = Recorder(lambda data: time.sleep(0.0 if data[0] >= "00400" else 0.005))
    stream.put(*every[:200], key=key)
    stream.split("shardId-000000000000")
    stream.put(*every[200:300], key=key)
    poller = run(seen, replace(MAPPING, batch_size=10, parallelization_factor=factor))
    stream.put(*every[300:400], key=key)
    stream.split("shardId-000000000001")
    stream.put(*every[400:], key=key)
    assert poller.wait_until_caught_up()
    assert sorted(seen.data) == every
    by_key = defaultdict(list)
    for data in seen.data:
        by_key[key(data)].append(data)
    assert all(datas == sorted(datas) for datas in by_key.values())


def test_merged_shards_wait_for_both_parents(aws: Aws, run: Callable[..., Poller]) -> None:
    stream = Stream(aws, shards=2)
    stream.put("a-0", key=lambda data: "a")
    stream.put("k-0", key=lambda data: "k")
    aws.client("kinesis").merge_shards(
        StreamName="events", ShardToMerge="shardId-000000000000", AdjacentShardToMerge="shardId-000000000001"
    )
    stream.put("a-1", "k-1")
    done: list[str] = []

    def slowly(data: list[str]) -> None:
        time.sleep(0.2 if data == ["a-0"] else 0.0)
        done.extend(data)

    assert run(Recorder(slowly)).wait_until_caught_up()
    assert done == ["k-0", "a-0", "a-1", "k-1"]


def test_lanes_work_at_once_and_a_stuck_key_holds_the_checkpoint(stream: Stream, run: Callable[..., Poller]) -> None:
    stuck, checkpoints = threading.Event(), MemoryCheckpoints()

    def fails(data: list[str]) -> None:
        if "00000" in data:
            stuck.wait(10)

    numbers = stream.put(*numbered(40), key=lambda data: f"k{int(data) % 10}")
    seen = Recorder(fails)
    poller = run(seen, replace(MAPPING, batch_size=1, parallelization_factor=4), checkpoints=checkpoints)
    assert not poller.wait_until_caught_up(0.5)
    assert len(seen.data) >= 8  # others went on
    assert checkpoints.all() == {}  # the very first record is not done
    stuck.set()
    assert poller.wait_until_caught_up()
    assert sorted(seen.data) == numbered(40)
    assert checkpoints.all()["shardId-000000000000"].after == numbers[-1]
    order = {data: place for place, data in enumerate(seen.data)}
    for number in range(30):
        assert order[f"{number:05d}"] < order[f"{number + 10:05d}"]


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
