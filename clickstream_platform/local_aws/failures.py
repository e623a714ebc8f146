"""The on-failure destination of a stream's mapping: what a queue is told of records that are discarded."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from clickstream_platform.local_aws.functions import Result
from clickstream_platform.local_aws.stream_records import StreamRecord

Condition = Literal["RetryAttemptsExhausted", "RecordAgeExceeded"]


@dataclass(frozen=True)
class Discarded:
    """Records that are given up.

    Attributes:
        invocations: How often the function had them.
        last: What the last invocation came to; None where there was none.
    """

    shard_id: str
    records: Sequence[StreamRecord]
    condition: Condition
    invocations: int
    last: Result | None


def failure_document(discarded: Discarded, stream_arn: str, function_arn: str, now: float) -> dict[str, Any]:
    """Lambda's document about them: where they lie in the stream, not what they hold."""
    first, last = discarded.records[0], discarded.records[-1]
    response: dict[str, Any] = {"statusCode": 200, "executedVersion": "$LATEST", "functionError": None}
    if discarded.last is not None and discarded.last.error is not None:
        response["functionError"] = "Unhandled"
    return {
        "requestContext": {
            "requestId": discarded.last.request_id if discarded.last else None,
            "functionArn": function_arn,
            "condition": discarded.condition,
            "approximateInvokeCount": discarded.invocations,
        },
        "responseContext": response if discarded.last else None,
        "version": "1.0",
        "timestamp": _iso(now),
        "KinesisBatchInfo": {
            "shardId": discarded.shard_id,
            "startSequenceNumber": str(first.number),
            "endSequenceNumber": str(last.number),
            "approximateArrivalOfFirstRecord": _iso(first.arrived),
            "approximateArrivalOfLastRecord": _iso(last.arrived),
            "batchSize": len(discarded.records),
            "streamArn": stream_arn,
        },
    }


def send_failure(sqs: Any, queue_url: str, document: dict[str, Any]) -> None:
    """Put a document on the queue."""
    sqs.send_message(QueueUrl=queue_url, MessageBody=json.dumps(document))


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
