"""The shop's traffic on Kinesis."""

import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickstream_platform.lambdas.data_generator import streams
from clickstream_platform.lambdas.data_generator.handler import handler, kinesis
from clickstream_platform.lambdas.data_generator.streams import NotPut, batches, by_stream, put_all, stream_names
from clickstream_platform.lambdas.environment import settings
from clickstream_platform.simulate import LiveRecord, LiveShop, records_of_slot, slot_of
from clickstream_platform_tests.aws import Aws

TIME = "2026-11-20T18:05:00Z"
SCHEDULE = {"source": "aws.events", "detail-type": "Scheduled Event", "time": TIME, "detail": {}}


@pytest.fixture
def client(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("events", "clicks", "checkouts"):
        aws.client("kinesis").create_stream(StreamName=name, ShardCount=2)
    settings.cache_clear()
    kinesis.cache_clear()
    monkeypatch.setenv("CLICKSTREAM_GENERATOR_EVENTS", "900")
    yield aws.client("kinesis")
    settings.cache_clear()


def on_stream(client: Any, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for shard in client.list_shards(StreamName=name)["Shards"]:
        place = client.get_shard_iterator(StreamName=name, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
        iterator = place["ShardIterator"]
        while records := client.get_records(ShardIterator=iterator, Limit=10_000):
            found += [{**record, "Shard": shard["ShardId"]} for record in records["Records"]]
            iterator = records["NextShardIterator"]
            if not records["Records"]:
                break
    return found


def test_the_interval_that_ended_last_is_on_the_stream_byte_for_byte(client: Any) -> None:
    answer = handler(SCHEDULE, None)

    wanted = records_of_slot(LiveShop(900), slot_of(datetime.fromisoformat(TIME)) - 1)
    found = on_stream(client, "events")
    assert answer == {"interval": "2026-11-20T18:00:00+00:00", "records": {"events": len(wanted)}}
    assert sorted(record["Data"] for record in found) == sorted(record.data for record in wanted)
    assert len(wanted) > 1000  # more than two requests
    shards: dict[str, set[str]] = {}
    for record in found:
        shards.setdefault(record["PartitionKey"], set()).add(record["Shard"])
    assert {len(some) for some in shards.values()} == {1}
    assert len(set().union(*shards.values())) == 2


def test_an_invocation_that_is_tried_again_puts_the_same_events(client: Any) -> None:
    handler(SCHEDULE, None)
    once = sorted(record["Data"] for record in on_stream(client, "events"))

    handler(SCHEDULE, None)

    assert sorted(record["Data"] for record in on_stream(client, "events")) == sorted(once * 2)


def test_checkouts_have_a_stream_of_their_own_where_there_are_two(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKSTREAM_STREAMS", "clicks, checkouts")
    monkeypatch.setenv("CLICKSTREAM_GENERATOR_DIRTY_RATE", "0")

    counts = handler(SCHEDULE, None)["records"]

    names = {
        stream: {json.loads(record["Data"])["event_name"] for record in on_stream(client, stream)} for stream in counts
    }
    assert names["checkouts"] == {"begin_checkout", "purchase"}
    assert {"click", "page_view", "add_payment_info"} <= names["clicks"]
    assert names["clicks"].isdisjoint({"begin_checkout", "purchase", "refund"})
    assert on_stream(client, "events") == []


def test_without_a_time_it_is_the_last_five_minutes(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKSTREAM_GENERATOR_DIRTY_RATE", "0")
    interval = datetime.fromisoformat(handler({}, None)["interval"])

    assert 300 <= (datetime.now(UTC) - interval).total_seconds() < 660
    times = [datetime.fromisoformat(json.loads(record["Data"])["event_time"]) for record in on_stream(client, "events")]
    assert times
    assert max(times) <= datetime.now(UTC)


@pytest.mark.parametrize("setting", ["", " , ", "a,b,c"])
def test_streams_that_make_no_sense_are_refused(setting: str) -> None:
    with pytest.raises(ValueError, match="CLICKSTREAM_STREAMS"):
        stream_names(setting)


def test_a_time_without_offset_is_refused(client: Any) -> None:
    with pytest.raises(ValueError, match="no UTC offset"):
        handler({"time": "2026-11-20T18:05:00"}, None)


def test_malformed_records_go_to_the_first_stream() -> None:
    records = [LiveRecord("m", None, b"x"), LiveRecord("a", "refund", b"y")]
    assert by_stream(records, ("one", "two")) == {"one": records[:1], "two": records[1:]}


class Flaky:
    """A Kinesis that refuses some records of every request, and remembers what it took."""

    def __init__(self, refuses: Callable[[int, int], bool]) -> None:
        self.taken: list[bytes] = []
        self.requests: list[int] = []
        self._refuses = refuses

    def put_records(self, StreamName: str, Records: list[dict[str, Any]]) -> dict[str, Any]:
        request = len(self.requests)
        self.requests.append(len(Records))
        answers: list[dict[str, Any]] = []
        for place, record in enumerate(Records):
            if self._refuses(request, place):
                answers.append({"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "slow down"})
            else:
                self.taken.append(record["Data"])
                answers.append({"SequenceNumber": "1", "ShardId": "s"})
        return {"FailedRecordCount": 0, "Records": answers}


def records(count: int) -> list[LiveRecord]:
    return [LiveRecord(f"e{number}", "page_view", str(number).encode()) for number in range(count)]


def test_refused_records_alone_are_put_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_FIRST_WAIT", 0.001)
    flaky = Flaky(lambda request, place: place % 3 == 0 and request < 3)

    repeats = put_all(flaky, "events", records(1200), patience=5)

    assert sorted(flaky.taken, key=int) == [record.data for record in records(1200)]
    assert flaky.requests == [500, 167, 56, 19, 500, 200]
    assert repeats == 167 + 56 + 19


def test_what_is_refused_for_good_fails_the_invocation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_FIRST_WAIT", 0.001)
    flaky = Flaky(lambda request, place: place == 7 or (request > 0 and place == 0))
    with pytest.raises(NotPut, match=r"events: 1 record\(s\) not taken .*ProvisionedThroughputExceeded"):
        put_all(flaky, "events", records(10), patience=0.05)


@given(st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(1, 256)), max_size=1100))
def test_requests_stay_within_what_kinesis_takes(sizes: list[tuple[int, int]]) -> None:
    blob = bytes(1 << 20)
    entries = [{"Data": memoryview(blob)[:size], "PartitionKey": "k" * key} for size, key in sizes]

    found = list(batches(entries))

    assert [entry for batch in found for entry in batch] == entries
    assert all(1 <= len(batch) <= 500 for batch in found)
    assert all(sum(len(e["Data"]) + len(e["PartitionKey"]) for e in batch) <= 5 << 20 for batch in found)
    for one, two in itertools.pairwise(found):
        size = sum(len(e["Data"]) + len(e["PartitionKey"]) for e in [*one, two[0]])
        assert len(one) == 500 or size > 5 << 20
