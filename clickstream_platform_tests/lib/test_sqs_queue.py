"""What S3 tells about bronze, through a real queue, to the sensor's reports and their acknowledgement."""

import json
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

import dagster as dg
import pytest

from clickstream_platform.config import get_settings
from clickstream_platform.defs.automation.arrivals import bronze_arrivals, bronze_reconciliation
from clickstream_platform.lib import arrival_sensor, sqs_queue
from clickstream_platform.lib.resources import LakeResource
from clickstream_platform.lib.sqs_queue import SqsQueue
from clickstream_platform.local_aws.resources import Resources, create_all
from clickstream_platform_tests.aws import Aws

DAY = "bronze/events/year=2026/month=01/day=02"


@pytest.fixture
def made(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Resources]:
    """Every resource, and the settings that lead to them."""
    resources = create_all(aws.endpoint)
    # moto has no servers of which a short poll might miss some.
    monkeypatch.setattr(sqs_queue, "POLL_SECONDS", 0)
    for name, value in resources.settings().items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    return resources


@pytest.fixture
def queue(made: Resources) -> SqsQueue:
    """The queue without its test event."""
    queue = SqsQueue(made.arrivals_url, made.lake_uri)
    assert queue.receive(1) == []
    return queue


def put(aws: Aws, *keys: str) -> None:
    for key in keys:
        aws.client("s3").put_object(Bucket="clickstream-lake", Key=key, Body=b"x")


def send(aws: Aws, made: Resources, body: Any) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    aws.client("sqs").send_message(QueueUrl=made.arrivals_url, MessageBody=text)


def created(*keys: str, bucket: str = "clickstream-lake", event: str = "ObjectCreated:Put") -> dict[str, Any]:
    return {
        "Records": [{"eventName": event, "s3": {"bucket": {"name": bucket}, "object": {"key": key}}} for key in keys]
    }


def depth(aws: Aws, made: Resources, name: str = "clickstream-bronze-arrivals") -> tuple[int, int]:
    """Messages that wait, and messages that were received and not deleted."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = aws.client("sqs").get_queue_attributes(QueueUrl=made.queue_urls[name], AttributeNames=names)
    return int(answer["Attributes"][names[0]]), int(answer["Attributes"][names[1]])


def tick(instance: dg.DagsterInstance, cursor: str | None) -> tuple[list[Any], str | None]:
    """One tick of the sensor: what it reports, and the cursor that is kept if the tick succeeds."""
    with dg.build_sensor_context(instance=instance, cursor=cursor) as context:
        result = bronze_arrivals(context, lake=LakeResource(uri=get_settings().lake_uri))
        if isinstance(result, dg.SensorResult):
            return list(result.asset_events), result.cursor
        return [], context.cursor


def test_objects_of_a_real_bucket_arrive_with_table_and_day(aws: Aws, queue: SqsQueue) -> None:
    put(aws, f"{DAY}/a b+c.parquet", "bronze/customers/d.parquet")
    first, second = sorted(queue.receive(10), key=lambda arrival: arrival.dataset)
    assert (first.dataset, dict(first.days)) == ("customers", {})
    assert (second.dataset, dict(second.days)) == ("events", {date(2026, 1, 2): None})


def test_the_test_event_is_deleted_and_reported_by_nobody(aws: Aws, made: Resources) -> None:
    assert SqsQueue(made.arrivals_url, made.lake_uri).receive(10) == []
    assert depth(aws, made) == (0, 0)


def test_one_message_about_several_objects_is_acknowledged_once(aws: Aws, made: Resources, queue: SqsQueue) -> None:
    encoded = "bronze/events/year%3D2026/month%3D01/day%3D03/x+y%2Bz.parquet"
    send(aws, made, created(encoded, f"{DAY}/a.parquet", "bronze/orders/year=2026/month=01/day=02/b.parquet"))
    arrivals = queue.receive(10)
    assert {arrival.dataset: set(arrival.days) for arrival in arrivals} == {
        "events": {date(2026, 1, 2), date(2026, 1, 3)},
        "orders": {date(2026, 1, 2)},
    }
    queue.acknowledge(arrival.receipt for arrival in arrivals)
    assert depth(aws, made) == (0, 0)


@pytest.mark.parametrize(
    "body",
    [
        created("silver/sessions/year=2026/month=01/day=02/data.parquet"),
        created(f"other/{DAY}/a.parquet"),
        created("bronze/unheard-of/a.parquet"),
        created("bronze/events_clean/a.parquet"),
        created(f"{DAY}/a.parquet", bucket="another"),
        created(f"{DAY}/a.parquet", event="ObjectRemoved:Delete"),
    ],
)
def test_what_tells_of_nothing_in_bronze_is_deleted(aws: Aws, made: Resources, queue: SqsQueue, body: Any) -> None:
    send(aws, made, body)
    assert queue.receive(10) == []
    assert depth(aws, made) == (0, 0)


@pytest.mark.parametrize("body", ["not json", "[1]", '{"Records": [{"s3": 1}]}', "{}"])
def test_what_is_no_notification_is_left_to_the_queue(
    aws: Aws, made: Resources, queue: SqsQueue, body: str, caplog: pytest.LogCaptureFixture
) -> None:
    send(aws, made, body)
    send(aws, made, created(f"{DAY}/a.parquet"))
    assert len(queue.receive(10)) == 1
    assert depth(aws, made) == (0, 2)
    assert "is no S3 notification" in caplog.text


def test_what_is_no_notification_ends_in_the_dead_letter_queue(aws: Aws, made: Resources, queue: SqsQueue) -> None:
    aws.client("sqs").set_queue_attributes(QueueUrl=made.arrivals_url, Attributes={"VisibilityTimeout": "0"})
    send(aws, made, "not json")
    deadline = time.monotonic() + 10
    while depth(aws, made, "clickstream-bronze-arrivals-dlq")[0] == 0 and time.monotonic() < deadline:
        assert queue.receive(1) == []
    assert depth(aws, made, "clickstream-bronze-arrivals-dlq") == (1, 0)
    assert depth(aws, made) == (0, 0)


def test_a_lake_below_a_prefix_hears_of_its_own_objects(aws: Aws, made: Resources) -> None:
    send(aws, made, created(f"shop/a/{DAY}/a.parquet", f"{DAY}/b.parquet"))
    assert [arrival.dataset for arrival in SqsQueue(made.arrivals_url, "s3://clickstream-lake/shop/a").receive(10)] == [
        "events"
    ]


def test_receipts_that_mean_nothing_any_more_are_no_error(aws: Aws, made: Resources, queue: SqsQueue) -> None:
    put(aws, f"{DAY}/a.parquet")
    (arrival,) = queue.receive(1)
    queue.acknowledge([arrival.receipt])
    queue.acknowledge([arrival.receipt, "gone"])


def test_a_call_takes_no_more_than_it_is_asked_for(aws: Aws, made: Resources, queue: SqsQueue) -> None:
    put(aws, *(f"{DAY}/{number}.parquet" for number in range(15)))
    assert len(queue.receive(12)) == 12
    assert depth(aws, made) == (3, 12)


def test_a_report_is_acknowledged_on_the_tick_after_it(aws: Aws, made: Resources, queue: SqsQueue) -> None:
    instance = dg.DagsterInstance.ephemeral()
    put(aws, f"{DAY}/a.parquet", f"{DAY}/b.parquet")
    (reported,), cursor = tick(instance, None)
    assert (reported.asset_key.path, reported.partition) == (["bronze", "events"], "2026-01-02")
    # S3 does not tell how many rows there are.
    assert {name: value.value for name, value in reported.metadata.items()} == {"sources": 2}
    assert depth(aws, made) == (0, 2)
    assert tick(instance, cursor)[0] == []
    assert depth(aws, made) == (0, 0)


def test_a_report_that_was_not_kept_comes_again(aws: Aws, made: Resources, queue: SqsQueue) -> None:
    aws.client("sqs").set_queue_attributes(QueueUrl=made.arrivals_url, Attributes={"VisibilityTimeout": "1"})
    instance = dg.DagsterInstance.ephemeral()
    put(aws, f"{DAY}/a.parquet")
    assert len(tick(instance, None)[0]) == 1
    time.sleep(1.0)
    assert len(tick(instance, None)[0]) == 1


def test_the_cursor_stays_small_however_much_has_arrived(
    aws: Aws, made: Resources, queue: SqsQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SqsQueue, "batch", 20)
    instance, cursor = dg.DagsterInstance.ephemeral(), None
    put(aws, *(f"{DAY}/{number}.parquet" for number in range(50)))
    for expected in (20, 20, 10):
        (event,), cursor = tick(instance, cursor)
        assert len(json.loads(cursor or "")) == event.metadata["sources"].value == expected
    assert tick(instance, cursor)[0] == []
    assert depth(aws, made) == (0, 0)


def reconcile(instance: dg.DagsterInstance) -> dg.SensorResult | dg.SkipReason:
    """One pass from the beginning; the newest minute is left to the queue, so it looks from two minutes later."""
    with pytest.MonkeyPatch.context() as patch, dg.build_sensor_context(instance=instance) as context:
        patch.setattr(arrival_sensor, "datetime", Later)
        result = bronze_reconciliation(context, lake=LakeResource(uri=get_settings().lake_uri))
    assert isinstance(result, dg.SensorResult | dg.SkipReason)
    return result


class Later(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:
        return datetime.now(tz) + timedelta(minutes=2)


def test_an_object_without_a_notification_is_found_by_listing(aws: Aws, made: Resources) -> None:
    aws.client("s3").put_bucket_notification_configuration(Bucket=made.plan.bucket, NotificationConfiguration={})
    put(aws, f"{DAY}/a.parquet", "bronze/products/b.parquet")
    instance = dg.DagsterInstance.ephemeral()
    found = reconcile(instance)
    assert isinstance(found, dg.SensorResult)
    events = list(found.asset_events)
    assert [(event.asset_key.path[-1], event.partition) for event in events] == [
        ("events", "2026-01-02"),
        ("products", None),
    ]
    assert "rows_added" not in events[0].metadata
    time.sleep(1.0)  # objects carry whole seconds
    for event in events:
        instance.report_runless_asset_event(event)
    assert isinstance(reconcile(instance), dg.SkipReason)


def test_an_object_that_was_told_of_is_not_found_again(aws: Aws, made: Resources, queue: SqsQueue) -> None:
    instance = dg.DagsterInstance.ephemeral()
    put(aws, f"{DAY}/a.parquet")
    for event in tick(instance, None)[0]:
        instance.report_runless_asset_event(event)
    assert isinstance(reconcile(instance), dg.SkipReason)
