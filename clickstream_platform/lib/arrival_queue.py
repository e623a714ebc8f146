"""The queue that tells what arrived in bronze.

In the cloud S3 notifies an SQS queue (`sqs_queue.py`); in embedded mode ingest leaves a small JSON object a source
below `_queue/`. Both are read the same way: receive, report, and acknowledge only once the report is known to be kept.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Protocol

import obstore

from clickstream_platform.lake import Lake, layout
from clickstream_platform.lake.store import list_paths


@dataclass(frozen=True)
class Arrival:
    """One source that was written to bronze.

    Attributes:
        receipt: what acknowledges it.
        dataset: bronze table it went to.
        days: rows added by event day, None where that is not known; empty for unpartitioned tables.
    """

    receipt: str
    dataset: str
    source_id: str
    days: Mapping[date, int | None] = field(default_factory=dict)


class ArrivalQueue(Protocol):
    """At-least-once delivery of arrivals.

    Attributes:
        batch: How many messages a tick takes at most.
    """

    batch: int

    def receive(self, limit: int) -> list[Arrival]:
        """Up to `limit` arrivals that have not been acknowledged."""

    def acknowledge(self, receipts: Iterable[str]) -> None:
        """Forget these; unknown receipts are no error."""


class FolderQueue:
    """The embedded queue: objects below `_queue/` of the lake."""

    batch = 100

    def __init__(self, lake: Lake) -> None:
        self._store = lake.store

    def receive(self, limit: int) -> list[Arrival]:
        """The oldest-named `limit` messages; one that is no message is named in a ValueError."""
        names = islice((path for path, _ in list_paths(self._store, layout.QUEUE) if path.endswith(".json")), limit)
        return [self._read(path) for path in sorted(names)]

    def acknowledge(self, receipts: Iterable[str]) -> None:
        """Delete the messages."""
        for path in receipts:
            try:
                obstore.delete(self._store, path)
            except FileNotFoundError:
                continue

    def _read(self, path: str) -> Arrival:
        try:
            body = json.loads(bytes(obstore.get(self._store, path).bytes()))
            return Arrival(
                receipt=path,
                dataset=body["dataset"],
                source_id=body["source_id"],
                days={date.fromisoformat(day): int(rows) for day, rows in body["days"].items()},
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path}: not an arrival message ({error}); delete it to go on") from error
