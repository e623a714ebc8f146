"""Replays from the request to the target, over the emulated AWS."""

from collections import Counter
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clickstream_platform_tests.lambdas.replay.replayed import Replayed
from clickstream_platform_tests.lambdas.stream import BUCKET, Shard, event, rows_of

DAY = {"from": "2024-03-01", "to": "2024-03-01"}


@pytest.fixture
def shop(replayed: Replayed) -> Replayed:
    """Three entities on two days, with a purchase, a refund, a duplicate and a bot's event."""
    replayed.stream.deliver(
        Shard().records(
            [
                event(event_id="a1", anonymous_id="ann", event_time="2024-03-01T10:00:00Z"),
                event(event_id="a2", anonymous_id="ann", event_time="2024-03-01T10:05:00Z", event_name="view_item"),
                event(event_id="a2", anonymous_id="ann", event_time="2024-03-01T10:05:00Z", event_name="view_item"),
                event(event_id="b1", anonymous_id="bob", event_time="2024-03-01T11:00:00Z"),
                event(
                    event_id="a3",
                    anonymous_id="ann",
                    event_time="2024-03-01T23:59:59.999999Z",
                    event_name="purchase",
                    value=12.34,
                    order_id="o1",
                ),
                event(event_id="c1", user_id="cid", anonymous_id="x", event_time="2024-03-02T00:00:00Z"),
                event(
                    event_id="a4", anonymous_id="ann", event_time="2024-03-02T08:00:00Z", event_name="refund", value=2
                ),
            ]
        )
    )
    return replayed


def ids(aggregates: list[dict[str, Any]]) -> dict[str, int]:
    return {item["entity_id"]: item["events"] for item in aggregates}


def aggregates(replayed: Replayed, replay_id: str) -> dict[str, dict[str, Any]]:
    found = rows_of(replayed.aws, "replayed-entities")
    return {item["entity_id"]: item for item in found if item["replay_id"] == replay_id}


def test_an_entity_is_replayed_by_the_index_with_the_window_half_open(shop: Replayed) -> None:
    told = shop.done(entity_id="ann", **{"from": "2024-03-01T10:05:00Z", "to": "2024-03-02T08:00:00Z"})
    assert told["state"] == "done"
    assert told["counts"] == {"selected": 2, "sent": 2, "processed": 2, "missing": 0, "refused": 0, "failed": 0}
    ann = aggregates(shop, told["replay_id"])["ann"]
    assert ann["events"] == 2 and ann["by_name"] == {"view_item": 1, "purchase": 1}
    assert ann["revenue_cents"] == 1234
    assert ann["first_event_time"] == "2024-03-01T10:05:00.000000Z"
    assert ann["last_event_time"] == "2024-03-01T23:59:59.999999Z"


def test_a_selected_replay_keeps_no_entity(shop: Replayed) -> None:
    shop.done(entity_id="ann", **{"from": "2024-03-01T00:00:00Z", "to": "2024-03-03T00:00:00Z"})
    assert "ann" not in str(rows_of(shop.aws, "replays"))


def test_a_day_is_replayed_with_each_event_once_or_with_its_copies(shop: Replayed) -> None:
    once = shop.done(days=DAY)
    assert once["counts"]["processed"] == 4
    assert ids(list(aggregates(shop, once["replay_id"]).values())) == {"ann": 3, "bob": 1}
    copies = shop.done(days=DAY, include_duplicates=True)
    assert ids(list(aggregates(shop, copies["replay_id"]).values())) == {"ann": 4, "bob": 1}


def test_an_entity_with_duplicates_is_read_from_bronze(shop: Replayed) -> None:
    window = {"from": "2024-03-01T00:00:00Z", "to": "2024-03-03T00:00:00Z"}
    told = shop.done(entity_id="ann", include_duplicates=True, **window)
    assert ids(list(aggregates(shop, told["replay_id"]).values())) == {"ann": 5}
    assert "ann" not in str([item["asked"] for item in rows_of(shop.aws, "replays")])


def test_event_names_and_a_window_over_days_narrow(shop: Replayed) -> None:
    told = shop.done(
        event_names=["purchase", "refund"], **{"from": "2024-03-01T23:00:00Z", "to": "2024-03-03T00:00:00+02:00"}
    )
    (ann,) = aggregates(shop, told["replay_id"]).values()
    assert ann["by_name"] == {"purchase": 1, "refund": 1} and ann["revenue_cents"] == 1034


def test_objects_are_replayed_by_name(shop: Replayed) -> None:
    (path,) = shop.stream.objects("bronze/events/year=2024/month=03/day=02/")
    told = shop.done(objects=[path, path])
    assert ids(list(aggregates(shop, told["replay_id"]).values())) == {"ann": 1, "cid": 1}


def test_a_limit_takes_the_earliest_days_first(shop: Replayed) -> None:
    told = shop.done(days={"from": "2024-03-01", "to": "2024-03-02"}, limit=5)
    assert told["counts"]["processed"] == 5
    days = Counter(item["first_event_time"][:10] for item in aggregates(shop, told["replay_id"]).values())
    assert days["2024-03-01"] == 2


def test_a_dry_run_counts_and_estimates_and_sends_nothing(shop: Replayed) -> None:
    status, told = shop.ask("POST", "/replay", {"days": DAY, "dry_run": True, "events_per_second": 2})
    assert status == 200 and told["state"] == "done"
    assert told["counts"]["selected"] == 4 and told["counts"]["sent"] == 0
    assert told["estimate"]["messages"] == 2 and told["estimate"]["seconds"] == 2.0
    assert told["estimate"]["usd"] > 0 and told["estimate"]["requests"]["S3 GET requests"] == 2
    shop.work()
    assert rows_of(shop.aws, "replayed-entities") == []


def test_the_queue_gets_events_of_the_contract(shop: Replayed) -> None:
    url = shop.aws.client("sqs").create_queue(QueueName="events-for-others")["QueueUrl"]
    shop.configure(replay_target_queue_url=url)
    told = shop.done(days=DAY, target="queue")
    assert told["state"] == "done"
    events = {one["event_id"]: one for one in shop.received(url)}
    assert set(events) == {"a1", "a2", "a3", "b1"}
    assert events["a3"]["value"] == 12.34 and events["a3"]["order_id"] == "o1"


def test_the_stream_gets_the_events_again_and_nothing_is_counted_twice(shop: Replayed) -> None:
    before = shop.stream.counted()
    shop.configure(streams="clickstream-events")
    told = shop.done(days=DAY, target="stream")
    assert told["state"] == "done" and told["counts"]["processed"] == 4
    kinesis = shop.aws.client("kinesis")
    records = []
    for shard in kinesis.list_shards(StreamName="clickstream-events")["Shards"]:
        iterator = kinesis.get_shard_iterator(
            StreamName="clickstream-events", ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        records += [record["Data"] for record in kinesis.get_records(ShardIterator=iterator)["Records"]]
    assert len(records) == 4
    shop.stream.deliver(Shard("shardId-000000000007").records(records))
    assert shop.stream.counted() == before


def test_bronze_of_another_lake_gets_the_same_rows(shop: Replayed) -> None:
    shop.aws.client("s3").create_bucket(Bucket="empty")
    shop.configure(replay_lake_uri="s3://empty")
    told = shop.done(days=DAY, target="bronze", include_duplicates=True)
    assert told["state"] == "done"
    assert rows_in(shop, "empty") == [row for row in rows_in(shop, BUCKET) if row["event_date"].day == 1]


def rows_in(shop: Replayed, bucket: str) -> list[dict[str, Any]]:
    s3 = shop.aws.client("s3")
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket, Prefix="bronze/events/").get("Contents", [])]
    bodies = [s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys]
    rows = [row for body in bodies for row in pq.read_table(pa.BufferReader(body)).to_pylist()]
    return sorted(rows, key=lambda row: row["source_line"])
