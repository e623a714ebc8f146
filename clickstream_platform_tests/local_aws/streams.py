"""A stream to put records on, and a function that keeps what a poller gives it."""

import base64
import threading
from collections.abc import Callable
from typing import Any

from clickstream_platform.local_aws.mapping import StreamMapping
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


def numbered(count: int) -> list[str]:
    return [f"{number:05d}" for number in range(count)]
