"""The streams that events are put on: which one takes what, and how many records one call may carry."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

CHECKOUTS: Final = frozenset({"begin_checkout", "purchase", "refund"})
"""What goes to the second stream where there are two; clicks, landings and everything else go to the first."""

MOST_RECORDS, MOST_BYTES = 500, 5 << 20
"""What one `PutRecords` takes."""

MOST_RECORD_BYTES: Final = 1 << 20
"""What one record may be long, with its partition key."""


def stream_names(setting: str) -> tuple[str, str]:
    """The streams of clicks and of checkouts, often the same one.

    Raises:
        ValueError: The setting names no stream, or more than two.
    """
    names = [name.strip() for name in setting.split(",") if name.strip()]
    if not 1 <= len(names) <= 2:
        raise ValueError(f"CLICKSTREAM_STREAMS: {setting!r} is neither one stream nor two (clicks,checkouts)")
    return names[0], names[-1]


def batches(entries: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """The entries (`Data`, `PartitionKey`) in their order, in lists that one `PutRecords` takes."""
    batch: list[Mapping[str, Any]] = []
    held = 0
    for entry in entries:
        size = entry_size(entry)
        if batch and (len(batch) == MOST_RECORDS or held + size > MOST_BYTES):
            yield batch
            batch, held = [], 0
        batch.append(entry)
        held += size
    if batch:
        yield batch


def entry_size(entry: Mapping[str, Any]) -> int:
    """Bytes that an entry counts for."""
    return len(entry["Data"]) + len(entry["PartitionKey"].encode())
