"""The entry point: `clickstream_platform.lambdas.file_ingest.handler.handler`."""

import os
from collections.abc import Mapping
from functools import cache
from typing import Any

from clickstream_platform.lambdas.environment import settings
from clickstream_platform.lambdas.file_ingest.notifications import created_objects
from clickstream_platform.lambdas.file_ingest.taking import FileIngest, NotIngested
from clickstream_platform.lambdas.file_ingest.uploads import answer
from clickstream_platform.lambdas.http_api import is_request
from clickstream_platform.lambdas.observability import correlation_id, emit_metrics, log


@cache
def file_ingest() -> FileIngest:
    """The process' own, with its clients."""
    return FileIngest(settings())


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Ingest the objects that S3 tells of, or a file that is uploaded through API Gateway.

    Returns:
        For S3, what became of each object; for API Gateway, its answer.

    Raises:
        NotIngested: Objects that could not be; the others of the same event have been. Calling again is harmless.
        ValueError: The event is none of these.
    """
    correlation = correlation_id(context)
    if is_request(event):
        return answer(file_ingest(), event, settings().max_upload_bytes, correlation)
    outcomes: list[dict[str, Any]] = []
    failures = []
    for created in created_objects(event):
        try:
            path = file_ingest().landed(created)
            if path is None:
                log("INFO", "not a file to ingest", object=created.key, correlation_id=correlation)
                continue
            taken = file_ingest().take(path, correlation)
        except Exception as error:  # the other objects must not wait for this one
            log(
                "ERROR",
                "an object could not be ingested",
                object=created.key,
                error=repr(error),
                correlation_id=correlation,
            )
            emit_metrics({"failed_objects": (1, "Count")})
            failures.append(str(error))
            continue
        if taken is None:
            outcomes.append({"object": path, "status": "gone"})
        else:
            report = taken.report
            counts = {"accepted": report.accepted, "rejected": report.rejected}
            outcomes.append({"object": path, "status": report.status, **counts})
    if failures:
        raise NotIngested("; ".join(failures))
    return {"objects": outcomes}


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    file_ingest()  # while Lambda's initialisation is still free, and for SnapStart's picture
