"""What feeds functions and the stream besides the poller: S3's notifications, the schedule, the played shop."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from pathlib import Path
from typing import Any

from clickstream_platform.local_aws.functions import InProcess
from clickstream_platform.local_aws.log_metrics import LogMetrics
from clickstream_platform.local_aws.player import Player, shops_of
from clickstream_platform.local_aws.resources import create_all
from clickstream_platform.local_aws.s3_events import S3Events
from clickstream_platform.local_aws.schedule import Schedule
from clickstream_platform.simulate import LiveShop, records_of_slot
from clickstream_platform_tests.aws import Aws

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.01)


def waiting(aws: Aws, url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(number) for number in answer.values())


def test_a_landing_object_reaches_the_function_in_s3s_shape_once(aws: Aws) -> None:
    made = create_all(aws.endpoint)
    events: list[Any] = []
    url = made.queue_urls[made.plan.landing]
    feeder = S3Events(InProcess(lambda event, context: events.append(event)), aws.endpoint, url).start()
    aws.client("s3").put_object(Bucket=made.plan.bucket, Key="landing/orders/a.csv", Body=b"x")
    until(lambda: feeder.succeeded == 1 and waiting(aws, url) == 0)
    feeder.stop()
    (event,) = events
    assert event["Records"][0]["eventName"] == "ObjectCreated:Put"
    assert event["Records"][0]["s3"]["bucket"]["name"] == made.plan.bucket


def test_a_failed_object_comes_again_and_ends_in_the_dead_letters(aws: Aws) -> None:
    made = create_all(aws.endpoint)

    def fails(event: Any, context: Any) -> None:
        raise RuntimeError

    url = made.queue_urls[made.plan.landing]
    feeder = S3Events(InProcess(fails), aws.endpoint, url, retry_seconds=0).start()
    aws.client("s3").put_object(Bucket=made.plan.bucket, Key="landing/orders/a.csv", Body=b"x")
    until(lambda: waiting(aws, made.queue_urls[f"{made.plan.landing}-dlq"]) == 1)
    feeder.stop()
    assert (feeder.succeeded, feeder.failed) == (0, 3)
    assert waiting(aws, url) == 0


def test_a_schedule_makes_up_for_the_marks_since_its_begin() -> None:
    events: list[Any] = []
    schedule = Schedule(
        InProcess(lambda event, context: events.append(event), "generator"),
        begin=NOON + timedelta(minutes=1),
        end=NOON + timedelta(minutes=15),
        pause_seconds=0,
    ).start()
    assert schedule.wait(5)
    assert [event["time"][11:] for event in events] == ["12:05:00Z", "12:10:00Z", "12:15:00Z"]
    assert {event["detail-type"] for event in events} == {"Scheduled Event"}
    assert events[0]["resources"] == ["arn:aws:events:us-east-1:123456789012:rule/generator"]


def test_a_scheduled_invocation_that_fails_is_tried_twice_more_and_given_up() -> None:
    times: list[str] = []

    def fails_at_noon(event: Any, context: Any) -> None:
        times.append(event["time"])
        if event["time"].endswith("12:00:00Z"):
            raise RuntimeError

    schedule = Schedule(
        InProcess(fails_at_noon), begin=NOON, end=NOON + timedelta(minutes=5), pause_seconds=0, retry_seconds=0
    ).start()
    assert schedule.wait(5)
    assert [time[11:16] for time in times] == ["12:00", "12:00", "12:00", "12:05"]
    assert (schedule.succeeded, schedule.failed) == (1, 1)


def test_a_mark_to_come_is_waited_for() -> None:
    called: list[float] = []
    every = timedelta(seconds=1)
    schedule = Schedule(InProcess(lambda event, context: called.append(time.time())), every=every).start()
    until(lambda: len(called) == 2)
    schedule.stop()
    assert called[1] - called[0] > 0.8
    assert all(moment % 1 < 0.5 for moment in called)


def test_a_shop_is_played_in_its_time(aws: Aws) -> None:
    kinesis = aws.client("kinesis")
    kinesis.create_stream(StreamName="events", ShardCount=1)
    begin, started = NOON.timestamp(), time.monotonic()
    # A minute of the shop's passes in a hundredth of a second, but it stops at half of the five minutes.
    player = Player(
        aws.endpoint,
        "events",
        [LiveShop(300)],
        clock=lambda: begin + min(150, (time.monotonic() - started) * 6000),
    ).start()
    records = records_of_slot(LiveShop(300), int(begin) // 300)
    until(lambda: player.sent >= len(records) // 2)
    player.stop()
    iterator = kinesis.get_shard_iterator(
        StreamName="events", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    put = [record["Data"] for record in kinesis.get_records(ShardIterator=iterator)["Records"]]
    assert put == [record.data for record in records[: len(put)]]
    assert abs(len(put) - len(records) / 2) <= 1


def test_a_player_that_begins_now_leaves_out_what_was_before(aws: Aws) -> None:
    aws.client("kinesis").create_stream(StreamName="events", ShardCount=1)
    begin = NOON.timestamp() + 240
    moments = chain([begin, begin], repeat(begin + 59.9))
    records = records_of_slot(LiveShop(300), int(begin) // 300)
    player = Player(aws.endpoint, "events", [LiveShop(300)], whole=False, clock=lambda: next(moments)).start()
    until(lambda: player.sent >= len(records) // 5 - 1)
    time.sleep(0.1)
    player.stop()
    assert abs(player.sent - len(records) / 5) <= 2


def test_a_high_rate_is_several_shops() -> None:
    assert [shop.events for shop in shops_of(20)] == [6000]
    shops = shops_of(120)
    assert sum(shop.events for shop in shops) == 120 * 300
    assert len({shop.seed for shop in shops}) == 3


def test_metrics_in_a_growing_log_are_added_up(tmp_path: Path) -> None:
    log = tmp_path / "f.log"
    metrics = LogMetrics(log)
    assert metrics.refresh() == {}

    def line(value: int) -> str:
        directive = {"Metrics": [{"Name": "rejected", "Unit": "Count"}]}
        return json.dumps({"_aws": {"CloudWatchMetrics": [directive]}, "rejected": value})

    log.write_text(f'{line(2)}\nnot json {{"_aws"\n{{"message": "hello"}}\n{line(3)[:10]}')
    assert metrics.refresh() == {"rejected": 2}
    with log.open("a") as file:
        file.write(f'{line(3)[10:]}\n{{"_aws" broken\n')
    assert metrics.refresh() == {"rejected": 5}
