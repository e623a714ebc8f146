"""The arrivals queue in AWS: S3 tells an SQS queue of every object made in bronze."""

import json
import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any
from urllib.parse import unquote_plus

from clickstream_platform.config import get_settings
from clickstream_platform.lake import Lake, layout
from clickstream_platform.lib.arrival_queue import Arrival, ArrivalQueue, FolderQueue
from clickstream_platform.schemas import TABLES

RECEIVE_SECONDS = 10.0
"""How long one call of `receive` goes on at most."""

POLL_SECONDS = 1
"""A short poll, of zero seconds, would ask some of the queue's servers only."""

_AT_ONCE = 10
"""Messages that SQS gives or takes in one call."""

_BRONZE_TABLES = frozenset(name for name, table in TABLES.items() if table.layer == "bronze")

_log = logging.getLogger(__name__)


class SqsQueue:
    """A queue of S3 notifications about one lake; several objects of one source come as several arrivals.

    A message stays hidden for the queue's visibility timeout while its report is on the way to being kept; later it
    comes again, which only reports it twice. What is no S3 notification is left to the queue's redrive policy.

    Args:
        url: The queue's URL.
        lake_uri: `s3://bucket/prefix`; notifications about other places are ignored.
    """

    batch = 500
    """A receipt has up to a kilobyte, and Dagster keeps the cursor with every tick."""

    def __init__(self, url: str, lake_uri: str) -> None:
        self._url = url
        self._sqs = _client(url)
        self._bucket, _, prefix = lake_uri.removeprefix("s3://").partition("/")
        self._bronze = f"{prefix}/bronze/".lstrip("/")

    def receive(self, limit: int) -> list[Arrival]:
        """Arrivals of up to `limit` messages, or as many as come in the time that a tick has."""
        arrivals: list[Arrival] = []
        deadline = time.monotonic() + RECEIVE_SECONDS
        left = limit
        while left > 0 and time.monotonic() < deadline:
            answer = self._sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(_AT_ONCE, left),
                WaitTimeSeconds=POLL_SECONDS,
            )
            messages = answer.get("Messages", [])
            if not messages:
                break
            left -= len(messages)
            arrivals += self._arrivals(messages)
        return arrivals

    def acknowledge(self, receipts: Iterable[str]) -> None:
        """Delete the messages; one whose receipt has expired comes again."""
        unique = list(dict.fromkeys(receipts))
        for begin in range(0, len(unique), _AT_ONCE):
            entries = [
                {"Id": str(index), "ReceiptHandle": receipt}
                for index, receipt in enumerate(unique[begin : begin + _AT_ONCE])
            ]
            answer = self._sqs.delete_message_batch(QueueUrl=self._url, Entries=entries)
            if failed := answer.get("Failed"):
                _log.info("%d message(s) could not be deleted and will come again: %s", len(failed), failed[0]["Code"])

    def _arrivals(self, messages: Iterable[Mapping[str, Any]]) -> list[Arrival]:
        """What the messages tell; those that tell of nothing here are deleted at once, as no report mentions them."""
        arrivals, empty = [], []
        for message in messages:
            try:
                days = self._days_by_dataset(json.loads(message["Body"]))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                _log.error("message %s is no S3 notification (%r): left to the queue", message["MessageId"], error)
                continue
            receipt = message["ReceiptHandle"]
            arrivals += [Arrival(receipt, dataset, message["MessageId"], found) for dataset, found in days.items()]
            if not days:
                empty.append(receipt)
        self.acknowledge(empty)
        return arrivals

    def _days_by_dataset(self, body: Any) -> dict[str, dict[date, int | None]]:
        """The bronze tables and days that a notification is about; how many rows, it does not say."""
        if body.get("Event") == "s3:TestEvent":
            return {}
        days: dict[str, dict[date, int | None]] = {}
        for dataset, path in self._objects(body["Records"]):
            day = layout.day_of(path)
            days.setdefault(dataset, {}).update({day: None} if day is not None else {})
        return days

    def _objects(self, records: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
        for record in records:
            place = record["s3"]
            key = unquote_plus(place["object"]["key"])
            inside = place["bucket"]["name"] == self._bucket and key.startswith(self._bronze)
            dataset = key.removeprefix(self._bronze).partition("/")[0]
            if record["eventName"].startswith("ObjectCreated:") and inside and dataset in _BRONZE_TABLES:
                yield dataset, key


def arrival_queue(lake: Lake) -> ArrivalQueue:
    """The queue that the settings name: SQS, or by default the lake's own folder."""
    url = get_settings().arrival_queue_url
    return SqsQueue(url, lake.uri) if url else FolderQueue(lake)


@cache
def _client(url: str) -> Any:
    """One client a queue for the life of the process: making one takes longer than a tick's calls."""
    import boto3

    return boto3.client("sqs")
