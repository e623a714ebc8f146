"""The declared resources, as the emulation has them afterwards."""

import json
from typing import Any
from urllib.parse import unquote_plus

from clickstream_platform.local_aws.resources import create_all, queue_arn
from clickstream_platform.realtime.tables import SESSIONS
from clickstream_platform_tests.aws import Aws


def messages(aws: Aws, url: str) -> list[dict[str, Any]]:
    received = aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
    return [json.loads(message["Body"]) for message in received.get("Messages", [])]


def keys(bodies: list[dict[str, Any]]) -> list[str]:
    return [unquote_plus(record["s3"]["object"]["key"]) for body in bodies for record in body["Records"]]


def test_creating_twice_changes_nothing_and_tells_the_same(aws: Aws) -> None:
    first = create_all(aws.endpoint)
    assert messages(aws, first.arrivals_url) != []
    assert create_all(aws.endpoint) == first
    # A second configuration would have sent a second test event.
    assert messages(aws, first.arrivals_url) == []


def test_only_parquet_below_bronze_is_told_to_the_arrivals_queue(aws: Aws) -> None:
    made = create_all(aws.endpoint)
    messages(aws, made.arrivals_url)
    put = aws.client("s3").put_object
    for key in ("bronze/events/year=2026/month=01/day=02/a.parquet", "bronze/events/x.tmp", "silver/s.parquet"):
        put(Bucket=made.plan.bucket, Key=key, Body=b"x")
    assert keys(messages(aws, made.arrivals_url)) == ["bronze/events/year=2026/month=01/day=02/a.parquet"]


def test_landing_files_are_told_to_the_queue_of_file_ingest(aws: Aws) -> None:
    made = create_all(aws.endpoint)
    url = made.queue_urls[made.plan.landing]
    messages(aws, url)
    aws.client("s3").put_object(Bucket=made.plan.bucket, Key="landing/orders/a b.csv", Body=b"x")
    assert keys(messages(aws, url)) == ["landing/orders/a b.csv"]


def test_live_tables_are_billed_on_demand_expire_and_have_keys_only_indexes(aws: Aws) -> None:
    made = create_all(aws.endpoint)
    dynamodb = aws.client("dynamodb")
    for table in made.plan.tables:
        name = made.plan.prefix + table.name
        described = dynamodb.describe_table(TableName=name)["Table"]
        assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
        ttl = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}
        if table is SESSIONS:
            index = described["GlobalSecondaryIndexes"][0]
            assert (index["IndexName"], index["Projection"]) == ("by_activity", {"ProjectionType": "KEYS_ONLY"})


def test_queues_hand_over_to_their_dead_letter_queue(aws: Aws) -> None:
    made = create_all(aws.endpoint)
    answer = aws.client("sqs").get_queue_attributes(QueueUrl=made.arrivals_url, AttributeNames=["All"])["Attributes"]
    redrive = json.loads(answer["RedrivePolicy"])
    assert redrive == {"deadLetterTargetArn": queue_arn("clickstream-bronze-arrivals-dlq"), "maxReceiveCount": 5}
    assert answer["VisibilityTimeout"] == "300"
