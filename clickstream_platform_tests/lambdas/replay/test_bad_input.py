"""What cannot be replayed, and what goes wrong on the way."""

import time
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clickstream_platform.realtime.dynamodb import Dynamo
from clickstream_platform.realtime.erased import ErasedEntities
from clickstream_platform_tests.lambdas.replay.replayed import PLAN, Replayed
from clickstream_platform_tests.lambdas.stream import BUCKET, Shard, event, rows_of

DAY = {"from": "2024-03-01", "to": "2024-03-01"}
WINDOW = {"from": "2024-03-01T00:00:00Z", "to": "2024-03-02T00:00:00Z"}


@pytest.fixture
def shop(replayed: Replayed) -> Replayed:
    """Two entities with two events each, in one object."""
    replayed.stream.deliver(
        Shard().records(
            event(event_id=f"{who}{number}", anonymous_id=who, event_time=f"2024-03-01T1{number}:00:00Z")
            for number in range(2)
            for who in ("ann", "bob")
        )
    )
    return replayed


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("no json", "cannot be read"),
        ("\ud800", "cannot be read"),
        ("[" * 100_000, "cannot be read"),
        ({}, "none is given"),
        ({"days": DAY, "objects": ["x"]}, "not days and objects together"),
        ({"days": DAY, "surprise": 1}, "surprise"),
        ({"entity_id": "ann"}, "from, to"),
        ({"entity_id": "ann", "from": WINDOW["from"]}, "to: a window has both ends"),
        ({"entity_id": "", **WINDOW}, "entity_id"),
        ({"from": WINDOW["from"], "to": WINDOW["from"]}, "the window is empty"),
        ({"from": WINDOW["to"], "to": WINDOW["from"]}, "the window is reversed"),
        ({"from": "2024-03-01T00:00:00", "to": WINDOW["to"]}, "from"),
        ({"from": "0001-01-01T00:00:00+14:00", "to": WINDOW["to"]}, "can be no time"),
        ({"days": {"from": "2024-03-02", "to": "2024-03-01"}}, "after the last"),
        ({"days": {"from": "1990-01-01", "to": "2024-03-01"}}, "in parts"),
        ({"days": DAY, "limit": 10_000_001}, "limit"),
        ({"days": DAY, "limit": 0}, "limit"),
        ({"days": DAY, "events_per_second": 0}, "events_per_second"),
        ({"days": DAY, "event_names": ["sneeze"]}, "sneeze"),
        ({"days": DAY, "target": "moon"}, "moon"),
        ({"days": DAY, "target": "queue"}, "CLICKSTREAM_REPLAY_TARGET_QUEUE_URL"),
        ({"days": DAY, "target": "bronze"}, "bronze is for another lake"),
        ({"objects": ["silver/events_clean/part.parquet"]}, "no object of bronze events"),
        ({"objects": ["bronze/events/year=2024/month=13/day=01/x.parquet"]}, "no object of bronze events"),
        ({"objects": ["bronze/events/year=2024/month=03/day=01/../../x.parquet"]}, "no object of bronze events"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_with_its_field(replayed: Replayed, body: Any, says: str) -> None:
    status, answer = replayed.ask("POST", "/replay", body)
    assert (status, answer["correlation_id"]) == (400, "request-1")
    assert says in answer["error"]
    assert rows_of(replayed.aws, "replays") == []


@pytest.mark.parametrize("uri", [f"s3://{BUCKET}", f"s3://{BUCKET}/"])
def test_rows_are_not_written_to_the_lake_that_has_them(shop: Replayed, uri: str) -> None:
    shop.configure(replay_lake_uri=uri)
    status, answer = shop.ask("POST", "/replay", {"days": DAY, "target": "bronze"})
    assert status == 400 and "target=stream" in answer["error"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/replay/none", 404),
        ("POST", "/replay/none/cancel", 404),
        ("POST", "/replay/none/redrive", 404),
        ("POST", "/replay/none/explode", 404),
        ("GET", "/elsewhere", 404),
        ("GET", "/replay", 405),
        ("DELETE", "/replay/none", 405),
    ],
)
def test_what_is_not_there_is_said_so(replayed: Replayed, method: str, path: str, status: int) -> None:
    found, answer = replayed.ask(method, path)
    assert found == status and answer["error"]


def test_a_large_body_is_refused(replayed: Replayed) -> None:
    assert replayed.ask("POST", "/replay", " " * (1 << 21))[0] == 413


def test_an_unknown_entity_and_an_unknown_object_are_told_at_once(shop: Replayed) -> None:
    status, answer = shop.ask("POST", "/replay", {"entity_id": "nobody", **WINDOW})
    assert status == 404 and "keeps them for 30 days" in answer["error"]
    gone = "bronze/events/year=2024/month=03/day=01/gone.parquet"
    status, answer = shop.ask("POST", "/replay", {"objects": [gone]})
    assert status == 404 and gone in answer["error"]


def test_a_window_of_years_is_paged_through(shop: Replayed) -> None:
    years = {"from": "2016-01-01T00:00:00Z", "to": "2025-01-01T00:00:00Z"}
    assert shop.done(entity_id="ann", **years)["counts"]["processed"] == 2
    assert shop.done(days={"from": "2023-06-01", "to": "2024-06-01"})["counts"]["processed"] == 4


def test_days_without_events_are_done_with_nothing(shop: Replayed) -> None:
    told = shop.done(days={"from": "2020-01-01", "to": "2020-01-03"})
    assert told["state"] == "done" and told["counts"]["selected"] == 0


def test_an_idempotency_key_begins_one_replay(shop: Replayed) -> None:
    key = {"Idempotency-Key": "k1"}
    status, first = shop.ask("POST", "/replay", {"days": DAY}, key)
    assert status == 202
    assert shop.ask("POST", "/replay", {"days": DAY}, key)[1]["replay_id"] == first["replay_id"]
    status, answer = shop.ask("POST", "/replay", {"days": DAY, "limit": 1}, key)
    assert status == 409 and "another replay" in answer["error"]
    shop.work()
    assert shop.get(first["replay_id"])["counts"]["processed"] == 4
    assert shop.ask("POST", "/replay", {"days": DAY}, key)[1]["state"] == "done"


def test_a_deleted_object_fails_into_dead_letters_and_a_redrive_brings_it(shop: Replayed) -> None:
    s3, (path,) = shop.aws.client("s3"), shop.stream.objects("bronze/events/")
    content = s3.get_object(Bucket=BUCKET, Key=path)["Body"].read()
    replay_id = shop.start(entity_id="ann", **WINDOW)
    s3.delete_object(Bucket=BUCKET, Key=path)
    shop.work()
    told = shop.get(replay_id)
    assert told["state"] == "failed"
    assert (told["counts"]["failed"], told["counts"]["processed"]) == (2, 0)
    assert path in told["failures"][0]
    assert shop.dead_letters(PLAN.replay_messages) == 1

    s3.put_object(Bucket=BUCKET, Key=path, Body=content)
    status, told = shop.ask("POST", f"/replay/{replay_id}/redrive")
    assert (status, told["messages_sent_again"], told["state"]) == (202, 1, "running")
    shop.work()
    told = shop.get(replay_id)
    assert told["state"] == "done"
    assert (told["counts"]["failed"], told["counts"]["processed"]) == (0, 2)
    # The dead letter itself may be moved back, too: it is known to be done.
    shop.aws.client("sqs").send_message(
        QueueUrl=shop.url(PLAN.replay_messages),
        MessageBody=shop.aws.client("sqs").receive_message(QueueUrl=shop.url(f"{PLAN.replay_messages}-dlq"))[
            "Messages"
        ][0]["Body"],
    )
    shop.work()
    assert shop.get(replay_id) == told


def test_rows_that_moved_are_found_by_their_ids_and_those_that_left_are_counted(shop: Replayed) -> None:
    s3, (path,) = shop.aws.client("s3"), shop.stream.objects("bronze/events/")
    table = pq.read_table(pa.BufferReader(s3.get_object(Bucket=BUCKET, Key=path)["Body"].read()))
    kept = [place for place, name in enumerate(table.column("event_id").to_pylist()) if name != "ann0"]
    sink = pa.BufferOutputStream()
    pq.write_table(table.take(kept), sink)
    s3.put_object(Bucket=BUCKET, Key=path, Body=sink.getvalue().to_pybytes())
    told = shop.done(entity_id="ann", **WINDOW)
    assert told["state"] == "done"
    assert (told["counts"]["processed"], told["counts"]["missing"]) == (1, 1)
    (ann,) = rows_of(shop.aws, "replayed-entities")
    assert ann["first_event_time"].startswith("2024-03-01T11")


@pytest.mark.parametrize("body", ["no json", "{}", '{"replay_id": "x", "page": 1}'])
def test_a_poison_message_ends_as_a_dead_letter_and_the_others_pass(shop: Replayed, body: str) -> None:
    shop.aws.client("sqs").send_message(QueueUrl=shop.url(PLAN.replay_messages), MessageBody=body)
    assert shop.done(days=DAY)["counts"]["processed"] == 4
    assert shop.dead_letters(PLAN.replay_messages) == 1


def test_a_poison_step_ends_as_a_dead_letter(shop: Replayed) -> None:
    shop.aws.client("sqs").send_message(QueueUrl=shop.url(PLAN.replay_steps), MessageBody="no json")
    assert shop.done(days=DAY)["counts"]["processed"] == 4
    assert shop.dead_letters(PLAN.replay_steps) == 1


def test_a_selection_that_keeps_failing_is_told_and_goes_on_after_a_redrive(shop: Replayed) -> None:
    replay_id = shop.start(days=DAY)
    shop.configure(lake_uri="s3://no-such-bucket", storage_timeout_seconds="0.2")
    shop.work()
    told = shop.get(replay_id)
    assert told["state"] == "failed" and "no-such-bucket" in told["error"]
    shop.configure(lake_uri=f"s3://{BUCKET}", storage_timeout_seconds="60")
    assert shop.ask("POST", f"/replay/{replay_id}/redrive")[0] == 202
    shop.work()
    assert shop.get(replay_id)["state"] == "done"
    assert shop.get(replay_id)["counts"]["processed"] == 4


def test_a_cancelled_replay_brings_nothing_more_and_is_not_taken_up_again(shop: Replayed) -> None:
    replay_id = shop.start(days=DAY, events_per_second=1)
    shop.steps.poll(0)
    status, told = shop.ask("POST", f"/replay/{replay_id}/cancel")
    assert (status, told["state"]) == (200, "cancelled")
    shop.work()
    assert rows_of(shop.aws, "replayed-entities") == []
    assert shop.get(replay_id)["counts"]["processed"] == 0
    assert shop.ask("POST", f"/replay/{replay_id}/cancel")[0] == 409
    assert shop.ask("POST", f"/replay/{replay_id}/redrive")[0] == 409


def test_what_was_erased_is_refused(shop: Replayed) -> None:
    running = shop.start(entity_id="ann", **WINDOW)
    shop.steps.poll(0)
    ErasedEntities(Dynamo(PLAN.prefix, patience=5), None).add(["ann"])
    shop.work()
    assert shop.get(running)["counts"]["refused"] == 2
    status, answer = shop.ask("POST", "/replay", {"entity_id": "ann", **WINDOW})
    assert status == 410 and "erased" in answer["error"] and "ann" not in answer["error"]
    told = shop.done(days=DAY)
    assert (told["counts"]["processed"], told["counts"]["refused"]) == (2, 2)
    assert [item["entity_id"] for item in rows_of(shop.aws, "replayed-entities")] == ["bob"]


def test_messages_are_held_back_to_the_rate(shop: Replayed) -> None:
    replay_id = shop.start(days=DAY, events_per_second=1)
    shop.steps.poll(0)
    queue = shop.aws.client("sqs").get_queue_attributes(
        QueueUrl=shop.url(PLAN.replay_messages), AttributeNames=["All"]
    )["Attributes"]
    assert int(queue["ApproximateNumberOfMessagesDelayed"]) >= 2
    shop.work()
    assert shop.get(replay_id)["state"] == "done"


def test_what_arrives_during_a_replay_is_not_part_of_it(shop: Replayed) -> None:
    replay_id = shop.start(days=DAY, events_per_second=1)
    time.sleep(1.1)  # S3 tells times in whole seconds
    late = Shard("shardId-000000000001").records([event(event_id="late", anonymous_id="late")])
    shop.stream.deliver(late)
    shop.work()
    told = shop.get(replay_id)
    assert told["state"] == "done" and told["counts"]["processed"] == 4
