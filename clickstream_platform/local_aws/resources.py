"""Makes the resources of a plan; what is there already stays."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from clickstream_platform.local_aws.environment import ACCOUNT, REGION
from clickstream_platform.local_aws.plan import Plan, Queue
from clickstream_platform.local_aws.server import client
from clickstream_platform.realtime.tables import TTL_ATTRIBUTE, LiveTable


@dataclass(frozen=True)
class Resources:
    """What was made, as those who use it need to know.

    Attributes:
        queue_urls: URL of each queue by name.
    """

    endpoint: str
    plan: Plan
    queue_urls: Mapping[str, str]

    @property
    def lake_uri(self) -> str:
        """The lake: the bucket itself."""
        return f"s3://{self.plan.bucket}"

    @property
    def arrivals_url(self) -> str:
        """URL of the queue that the Dagster sensor reads."""
        return self.queue_urls[self.plan.arrivals]

    def settings(self) -> dict[str, str]:
        """The platform's settings that lead to these resources."""
        return {
            "CLICKSTREAM_LAKE_URI": self.lake_uri,
            "CLICKSTREAM_TABLE_PREFIX": self.plan.prefix,
            "CLICKSTREAM_ARRIVAL_QUEUE_URL": self.arrivals_url,
            "CLICKSTREAM_REPLAY_STEPS_QUEUE_URL": self.queue_urls[self.plan.replay_steps],
            "CLICKSTREAM_REPLAY_QUEUE_URL": self.queue_urls[self.plan.replay_messages],
        }


def create_all(endpoint: str, plan: Plan | None = None) -> Resources:
    """Make every resource of the plan in the emulation at `endpoint`; calling it again changes nothing."""
    plan = plan or Plan()
    _create_bucket(client("s3", endpoint), plan)
    kinesis, sqs, dynamodb = (client(service, endpoint) for service in ("kinesis", "sqs", "dynamodb"))
    for stream in plan.streams:
        _unless_there(partial(kinesis.create_stream, StreamName=stream.name, ShardCount=stream.shards))
    for table in plan.tables:
        _create_table(dynamodb, plan.prefix + table.name, table)
    urls = {queue.name: _create_queue(sqs, queue, plan.bucket) for queue in plan.queues}
    # Last: S3 tries the queues when it is told of them.
    _notify(client("s3", endpoint), plan)
    return Resources(endpoint, plan, urls)


def queue_arn(name: str) -> str:
    """The ARN of a queue of the emulation."""
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def function_arn(name: str) -> str:
    """The ARN of a function of the emulation."""
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def stream_arn(name: str) -> str:
    """The ARN of a stream of the emulation."""
    return f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{name}"


def _unless_there(create: Callable[[], object]) -> None:
    from botocore.exceptions import ClientError

    try:
        create()
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"ResourceInUseException", "BucketAlreadyOwnedByYou"}:
            raise


def _create_bucket(s3: Any, plan: Plan) -> None:
    _unless_there(lambda: s3.create_bucket(Bucket=plan.bucket))


def _create_queue(sqs: Any, queue: Queue, bucket: str) -> str:
    attributes = {"VisibilityTimeout": str(queue.visibility_seconds), "Policy": json.dumps(_policy(queue.name, bucket))}
    if queue.dead_letters:
        redrive = {"deadLetterTargetArn": queue_arn(queue.dead_letters), "maxReceiveCount": queue.receives}
        attributes["RedrivePolicy"] = json.dumps(redrive)
    url: str = sqs.create_queue(QueueName=queue.name, Attributes=attributes)["QueueUrl"]
    return url


def _policy(queue: str, bucket: str) -> dict[str, Any]:
    """S3 may send messages of this bucket, and nobody else may send any."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "s3.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue_arn(queue),
                "Condition": {"ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"}},
            }
        ],
    }


def _create_table(dynamodb: Any, name: str, table: LiveTable) -> None:
    keys = [(table.partition_key, "HASH"), *([(table.sort_key, "RANGE")] if table.sort_key else [])]
    types = {key: "S" for key, _ in keys}
    indexes = []
    for index in table.indexes:
        types |= {index.partition_key: "S", index.sort_key: index.sort_type}
        indexes.append(
            {
                "IndexName": index.name,
                "KeySchema": _key_schema([(index.partition_key, "HASH"), (index.sort_key, "RANGE")]),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        )
    _unless_there(
        lambda: dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=_key_schema(keys),
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": kind} for key, kind in types.items()],
            **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
        )
    )
    state = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["TimeToLiveStatus"]
    if state == "DISABLED":
        dynamodb.update_time_to_live(
            TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": TTL_ATTRIBUTE}
        )


def _key_schema(keys: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in keys]


def _notify(s3: Any, plan: Plan) -> None:
    configurations = []
    for told in plan.notifications:
        rules = [
            {"Name": "prefix", "Value": told.prefix},
            *([{"Name": "suffix", "Value": told.suffix}] if told.suffix else []),
        ]
        configurations.append(
            {
                "Id": told.queue,
                "QueueArn": queue_arn(told.queue),
                "Events": ["s3:ObjectCreated:*"],
                "Filter": {"Key": {"FilterRules": rules}},
            }
        )
    current = s3.get_bucket_notification_configuration(Bucket=plan.bucket).get("QueueConfigurations", [])
    if {each["Id"] for each in current} != {each["Id"] for each in configurations}:
        s3.put_bucket_notification_configuration(
            Bucket=plan.bucket, NotificationConfiguration={"QueueConfigurations": configurations}
        )
