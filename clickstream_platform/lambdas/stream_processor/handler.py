"""The entry point: `clickstream_platform.lambdas.stream_processor.handler.handler`."""

import os
from collections.abc import Mapping
from functools import cache
from typing import Any

from clickstream_platform.lambdas.environment import settings
from clickstream_platform.lambdas.observability import correlation_id, log
from clickstream_platform.lambdas.stream_processor.processor import StreamProcessor
from clickstream_platform.realtime.kinesis import read_batches


@cache
def processor() -> StreamProcessor:
    """The process' own, with its clients."""
    return StreamProcessor(settings())


def handler(event: Mapping[str, Any], context: object) -> dict[str, list[dict[str, str]]]:
    """Process the records of an invocation; an event source mapping with `ReportBatchItemFailures` calls it.

    Returns:
        `batchItemFailures` with the lowest sequence number that has to be tried again, or none.

    Raises:
        ValueError: The event is not one of a Kinesis stream, so no retry would help.
    """
    failures = []
    for batch in read_batches(event):
        try:
            failed = processor().process(batch, correlation_id(context))
        except Exception as error:  # whatever it is, the records are not lost: Lambda brings them again
            log(
                "ERROR",
                "a batch failed",
                error=repr(error),
                source_id=batch.source_id,
                correlation_id=correlation_id(context),
            )
            failed = batch.sequences[0]
        if failed is not None:
            failures.append({"itemIdentifier": failed})
    return {"batchItemFailures": failures}


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    processor()  # while Lambda's initialisation is still free, and for SnapStart's picture
