"""The entry point: `clickstream_platform.lambdas.ingest_api.handler.handler`."""

import os
from collections.abc import Mapping
from functools import cache
from typing import Any

from clickstream_platform.lambdas.environment import settings
from clickstream_platform.lambdas.http_api import Answer, is_request
from clickstream_platform.lambdas.ingest_api.api import IngestApi
from clickstream_platform.lambdas.observability import correlation_id

_LONGEST_SECONDS = 30.0
"""What API Gateway waits for an answer, where the invocation does not say when it ends."""


@cache
def ingest_api() -> IngestApi:
    """The process' own, with its clients."""
    return IngestApi(settings())


def handler(event: Mapping[str, Any], context: object) -> Answer:
    """Answer a request that API Gateway hands on, of a REST API (payload 1.0) or an HTTP API (payload 2.0).

    Raises:
        ValueError: The event is no request, or a setting is wrong.
    """
    if not is_request(event):
        raise ValueError("not a request of API Gateway")
    return ingest_api().answer(event, correlation_id(context), _seconds_left(context))


def _seconds_left(context: object) -> float:
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return remaining() / 1000 if remaining else _LONGEST_SECONDS


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    ingest_api()  # while Lambda's initialisation is still free, and for SnapStart's picture
