"""A lake in a bucket of the emulated AWS, and the events that S3 and API Gateway make."""

import gzip
import io
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote_plus

import pyarrow.parquet as pq

from clickstream_platform.lambdas.environment import settings
from clickstream_platform.lambdas.file_ingest.handler import file_ingest, handler
from clickstream_platform_tests.aws import Aws

BUCKET = "shop-lake"


class Context:
    aws_request_id = "request-1"


class Lake:
    """The lake `s3://shop-lake/lake`, and the function over it."""

    def __init__(self, aws: Aws) -> None:
        self.s3 = aws.client("s3")
        self.s3.create_bucket(Bucket=BUCKET)
        settings.cache_clear()
        file_ingest.cache_clear()

    def drop(self, name: str, data: bytes) -> str:
        """Put a file into `landing/`; its key."""
        key = f"lake/landing/{name}"
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=data)
        return key

    def paths(self, *prefixes: str) -> list[str]:
        """Keys below the lake's root, without the root."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="lake/")
        found = (one["Key"].removeprefix("lake/") for page in pages for one in page.get("Contents", []))
        return sorted(key for key in found if key.startswith(prefixes or ""))

    def body(self, path: str) -> bytes:
        return bytes(self.s3.get_object(Bucket=BUCKET, Key=f"lake/{path}")["Body"].read())

    def rows(self, dataset: str = "events", layer: str = "bronze") -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for path in self.paths(f"{layer}/{dataset}/"):
            rows += pq.ParquetFile(io.BytesIO(self.body(path))).read().to_pylist()
        return rows

    def state(self) -> dict[str, bytes]:
        """Every object and its content, but for when records were rejected."""
        return {path: self.body(path) for path in self.paths() if not path.startswith("rejected")}


def created(*keys: str, bucket: str = BUCKET, encode: bool = True) -> dict[str, Any]:
    """What S3 sends when objects are created."""
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "eventName": "ObjectCreated:Put",
                "s3": {"bucket": {"name": bucket}, "object": {"key": quote_plus(key, safe="/") if encode else key}},
            }
            for key in keys
        ]
    }


def through_sqs(*events: dict[str, Any]) -> dict[str, Any]:
    return {
        "Records": [
            {"messageId": str(number), "eventSource": "aws:sqs", "body": json.dumps(event)}
            for number, event in enumerate(events)
        ]
    }


def through_eventbridge(key: str, kind: str = "Object Created") -> dict[str, Any]:
    detail = {"bucket": {"name": BUCKET}, "object": {"key": key, "size": 1, "etag": "x"}}
    return {"version": "0", "source": "aws.s3", "detail-type": kind, "detail": detail}


def invoke(event: dict[str, Any]) -> dict[str, Any]:
    return handler(event, Context())


def outcome(event: dict[str, Any]) -> dict[str, Any]:
    """What became of the only object."""
    (one,) = invoke(event)["objects"]
    assert isinstance(one, dict)
    return one


def printed(lines: Iterable[str], key: str) -> list[dict[str, Any]]:
    """The structured lines that have a key."""
    return [line for line in map(json.loads, filter(None, lines)) if key in line]


def gz(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)
