"""Aggregates of entities, with two functions at work on the same ones."""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime

import pyarrow as pa

from clickstream_platform.ingest.bronze_schemas import MONEY, TIME
from clickstream_platform.lambdas.replay_processor.domain import Domain
from clickstream_platform.realtime.attributes import Item
from clickstream_platform.realtime.dynamodb import Dynamo
from clickstream_platform_tests.aws import Aws
from clickstream_platform_tests.lambdas.stream import created, rows_of


class Slow(Dynamo):
    """Reads, and goes on once the other one has read, too; only the first time."""

    def __init__(self, both_have_read: threading.Barrier) -> None:
        super().__init__("clickstream-", patience=10)
        self._barrier: threading.Barrier | None = both_have_read

    def get_many(self, table: str, keys: Sequence[Item], attributes: Sequence[str] = ()) -> list[Item]:
        found = super().get_many(table, keys, attributes)
        if self._barrier:
            barrier, self._barrier = self._barrier, None
            barrier.wait(30)
        return found


def rows(count: int) -> pa.Table:
    return pa.table(
        {
            "entity_id": pa.array(["ann"] * count),
            "event_name": pa.array(["purchase"] * count),
            "event_time": pa.array([datetime(2024, 3, 1, 10, minute, tzinfo=UTC) for minute in range(count)], TIME),
            "value": pa.array([None] * count, MONEY),
            "items_value": pa.array([1] * count, MONEY),
        }
    )


def test_two_functions_that_read_the_same_lose_nothing_of_each_other(aws: Aws) -> None:
    created(aws)
    Domain(Dynamo("clickstream-", patience=10), 30).add("r", "000000.000000", 0, rows(1))
    barrier = threading.Barrier(2)
    works = [
        threading.Thread(target=Domain(Slow(barrier), 30).add, args=("r", "000000.000000", number, rows(number + 1)))
        for number in (1, 2)
    ]
    for work in works:
        work.start()
    for work in works:
        work.join()
    (ann,) = rows_of(aws, "replayed-entities")
    assert (ann["events"], ann["revenue_cents"], ann["by_name"]) == (6, 600, {"purchase": 6})


def test_two_functions_that_find_nothing_lose_nothing_of_each_other(aws: Aws) -> None:
    created(aws)
    barrier = threading.Barrier(2)
    works = [
        threading.Thread(target=Domain(Slow(barrier), 30).add, args=("r", "000000.000000", number, rows(number)))
        for number in (1, 2)
    ]
    for work in works:
        work.start()
    for work in works:
        work.join()
    (ann,) = rows_of(aws, "replayed-entities")
    assert ann["events"] == 3
