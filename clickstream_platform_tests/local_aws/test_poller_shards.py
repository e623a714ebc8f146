"""Several shards and lanes: each in its order, none held up by another."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

import pytest

from clickstream_platform.local_aws.checkpoints import MemoryCheckpoints
from clickstream_platform.local_aws.poller import Poller
from clickstream_platform_tests.aws import Aws
from clickstream_platform_tests.local_aws.streams import MAPPING, Recorder, Stream, numbered


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
