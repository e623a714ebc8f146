"""Which objects an invocation is about: S3's own events, also through EventBridge and SQS."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

import msgspec


class CreatedObject(NamedTuple):
    """An object that S3 says was created."""

    bucket: str
    key: str


def created_objects(event: Mapping[str, Any]) -> list[CreatedObject]:
    """The objects of an event, each once, in its order. Tests of the notification and deletions are about none.

    Raises:
        ValueError: It is no event of S3, nor a wrapping of one.
    """
    try:
        return list(dict.fromkeys(_objects(event)))
    except (KeyError, TypeError, AttributeError, msgspec.DecodeError) as error:
        raise ValueError(f"not a notification of S3, by itself or through EventBridge or SQS: {error!r}") from error


def _objects(event: Mapping[str, Any]) -> Iterator[CreatedObject]:
    if event.get("Event") == "s3:TestEvent":
        return
    if event.get("source") == "aws.s3":
        if event["detail-type"] == "Object Created":
            detail = event["detail"]
            yield CreatedObject(detail["bucket"]["name"], detail["object"]["key"])  # EventBridge does not encode keys
        return
    for record in event["Records"]:
        if record.get("eventSource") == "aws:sqs":
            yield from _objects(msgspec.json.decode(record["body"]))
        elif record["eventName"].startswith("ObjectCreated:"):
            yield CreatedObject(record["s3"]["bucket"]["name"], unquote_plus(record["s3"]["object"]["key"]))
