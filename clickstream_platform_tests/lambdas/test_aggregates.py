"""Records of the Kinesis Producer Library: several of a user in one, each judged and counted by itself."""

import hashlib

import pytest

from clickstream_platform.realtime.kinesis import read_batches
from clickstream_platform.realtime.kpl import MAGIC
from clickstream_platform_tests.lambdas.deployed import Deployed, sequences
from clickstream_platform_tests.lambdas.faults import FaultyProxy
from clickstream_platform_tests.lambdas.kpl_format import aggregate, message, sealed
from clickstream_platform_tests.lambdas.stream import Shard, event


def counted_events(deployed: Deployed) -> int:
    return sum(cell["events"] for cell in deployed.live()["metrics"])


def test_the_records_of_an_aggregate_are_judged_one_by_one(deployed: Deployed) -> None:
    inside = [event(event_id="a"), b"broken", event(event_id="b", event_name="nonsense"), event(event_id="c")]
    records = Shard().records([event(event_id="before"), aggregate(inside), event(event_id="behind")])

    assert deployed.invoke(records) == []
    assert sorted(row["event_id"] for row in deployed.bronze()) == ["a", "before", "behind", "c"]
    rejected = sorted(deployed.rejected(), key=lambda row: row["line"])
    assert [(row["line"], row["reason"]) for row in rejected] == [(3, "malformed_json"), (4, "unknown_event")]
    assert {row["detail"].rpartition(" ")[2] for row in rejected} == {sequences(records)[1]}
    assert counted_events(deployed) == 4


@pytest.mark.parametrize(
    ("data", "reason", "why"),
    [
        (aggregate([]), "malformed_json", "an empty KPL aggregate"),
        (sealed(b""), "malformed_json", "an empty KPL aggregate"),
        (sealed(message([event()])[:-3]), "malformed_json", "cannot be read"),
        (sealed(b"\xff" * 40), "malformed_json", "a number does not end"),
        (sealed(b"\x08" + b"\x80" * 10 + b"\x01"), "malformed_json", "a number does not end"),
        (sealed(b"\x1b\x00"), "malformed_json", "a field of kind 3"),
        (aggregate([event()])[:-1] + b"\x00", "invalid_encoding", "not UTF-8"),
        (aggregate([event()])[:-20], "invalid_encoding", "not UTF-8"),
        (MAGIC, "invalid_encoding", "not UTF-8"),
    ],
    ids=[
        "no records",
        "no message",
        "torn inside",
        "no protobuf",
        "a number of 71 bits",
        "groups",
        "wrong MD5",
        "torn",
        "magic alone",
    ],
)
def test_a_broken_aggregate_is_refused_whole(deployed: Deployed, data: bytes, reason: str, why: str) -> None:
    records = Shard().records([event(event_id="before"), data, event(event_id="behind")])

    assert deployed.invoke(records) == []
    (row,) = deployed.rejected()
    assert (row["line"], row["reason"], row["record_bytes"]) == (2, reason, len(data))
    assert why in row["detail"]
    assert sorted(row["event_id"] for row in deployed.bronze()) == ["before", "behind"]


def test_an_aggregate_that_is_given_back_is_brought_again_and_counted_once(
    deployed: Deployed, one_by_one: None
) -> None:
    """Its records share a sequence number: the retry begins with the first of them, whichever failed."""
    inside = [event(event_id=f"e{number}", anonymous_id=f"entity{number % 3}") for number in range(9)]
    first, second = [event(event_id="first")], [event(event_id="last")]
    records = Shard().records([*first, aggregate(inside), *second])
    calls = iter([None] * 4)  # the index is read and written, sessions are read, one session is written
    with FaultyProxy(deployed.aws.endpoint, lambda: next(calls, "throttle")) as proxy:
        deployed.through(proxy.endpoint, "DYNAMODB")
        (failed,) = deployed.invoke(records)
        assert failed in sequences(records)[:2]
        proxy.decide = lambda: None
        assert deployed.invoke(records[sequences(records).index(failed) :]) == []

    assert counted_events(deployed) == 11
    assert sum(part["events"] for item in deployed.live()["sessions"] for part in item["parts"]) == 11


def test_an_aggregate_and_the_same_events_sent_alone_count_once(deployed: Deployed) -> None:
    shard = Shard()
    events = [event(event_id=f"e{number}") for number in range(5)]
    assert deployed.invoke(shard.records([aggregate(events)])) == []
    assert deployed.invoke(shard.records(events)) == []
    assert counted_events(deployed) == 5
    assert len(deployed.live()["event-index"]) == 5


def test_an_aggregate_within_an_aggregate_is_no_event(deployed: Deployed) -> None:
    assert deployed.invoke(Shard().records([aggregate([aggregate([event()]), event()])])) == []
    assert [row["reason"] for row in deployed.rejected()] == ["invalid_encoding"]
    assert counted_events(deployed) == 1


def test_records_of_the_largest_aggregate_stay_in_order() -> None:
    (batch,) = read_batches({"Records": Shard().records([aggregate([b"{}"] * 120_000)])})
    assert len(batch) == 120_000
    positions = [batch.position(number) for number in range(len(batch))]
    assert positions == sorted(set(positions))


def test_the_wire_format_is_that_of_the_published_example() -> None:
    """By hand, as aggregation-format.md has it: table of keys (1), records (3) with key index (1) and data (3)."""
    content = b"\x0a\x01a" + b"\x1a\x06" + b"\x08\x00" + b"\x1a\x02hi" + b"\x1a\x07" + b"\x08\x00" + b"\x1a\x03you"
    data = MAGIC + content + hashlib.md5(content, usedforsecurity=False).digest()
    (batch,) = read_batches({"Records": Shard().records([data])})
    assert batch.data == [b"hi", b"you"]
    assert batch.places == [0, 1]
    assert len(set(batch.sequences)) == 1
