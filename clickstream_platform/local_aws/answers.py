"""What a function's answer means for the batch it was given: Lambda's rules for ReportBatchItemFailures."""

from collections.abc import Sequence
from typing import Any

from clickstream_platform.local_aws.stream_records import StreamRecord


def first_failed(answer: Any, records: Sequence[StreamRecord]) -> int | None:
    """Index of the first record to try again; None where the whole batch succeeded, 0 where all of it failed.

    An empty or null answer or list is a success. An identifier that is missing, empty, null or none of the batch's
    makes the whole batch fail, as does an answer of another shape. Of several identifiers the lowest counts.
    """
    if not answer:
        return None
    if not isinstance(answer, dict):
        return 0
    failures = answer.get("batchItemFailures")
    if failures is None or failures == []:
        return None
    if not isinstance(failures, list):
        return 0
    places = {str(record.number): index for index, record in enumerate(records)}
    named = [failure.get("itemIdentifier") if isinstance(failure, dict) else None for failure in failures]
    return min(places.get(name, 0) if isinstance(name, str) else 0 for name in named)
