"""What has been ingested: the ledger that makes a re-run a no-op, and the message that tells the sensor.

For one source, in this order: bronze objects, `rejected/`, the message below `_queue/`, the ledger entry. Whatever
kills the process in between, the next run repeats the steps under the same names and ends in the same place.
"""

import json
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TypedDict

from clickstream_platform.ingest.store import Store
from clickstream_platform.ingest.summary import SourceReport

_PARTIAL = "_ledger/_partial"


class Entry(TypedDict):
    """What the ledger keeps of a source: see `SourceReport`."""

    dataset: str
    source_id: str
    source: str
    rows_read: int
    accepted: int
    rejected: dict[str, int]
    days: dict[str, int]
    objects: list[str]


@dataclass(frozen=True)
class Partial:
    """The part of a growing file that an earlier run took.

    Attributes:
        size: Length of the prefix that the identity is of.
        consumed: Bytes of it whose records were taken; the rest was a torn line.
        records: Records in them.
    """

    source_id: str
    size: int
    consumed: int
    records: int


class Ledger:
    """The ledger of one dataset."""

    def __init__(self, store: Store, dataset: str) -> None:
        self._store = store
        self._dataset = dataset

    def knows(self, source_id: str) -> bool:
        """Whether the source was wholly ingested."""
        return self._store.get(self._entry(source_id)) is not None

    def entry(self, source_id: str) -> Entry | None:
        """What the ledger says of a source; None when it was not wholly ingested."""
        body = self._store.get(self._entry(source_id))
        return None if body is None else json.loads(body)

    def was_interrupted(self, source_id: str) -> bool:
        """Whether a run began with the source and did not end."""
        return self._store.get(self._started(source_id)) is not None

    def begin(self, source_id: str) -> None:
        """Note that a run begins with the source."""
        self._store.put(self._started(source_id), b"{}")

    def end(self, report: SourceReport) -> bool:
        """Enter the source as wholly ingested; False when another process has entered it meanwhile."""
        assert report.source_id is not None
        assert report.dataset is not None
        entry: Entry = {
            "dataset": report.dataset,
            "source_id": report.source_id,
            "source": PurePosixPath(report.source).name,
            "rows_read": report.rows_read,
            "accepted": report.accepted,
            "rejected": report.rejected,
            "days": {day.isoformat(): rows for day, rows in sorted(report.days.items())},
            "objects": report.objects,
        }
        first = self._store.create(self._entry(report.source_id), json.dumps(entry, indent=1).encode())
        self.forget_start(report.source_id)
        return first

    def continue_as(self, source_id: str, new_id: str) -> None:
        """Know a source under another identity, too: its bytes are others now, and its records were ingested.

        When it is read again all the same, what the old identity wrote is replaced, refused records included.
        """
        entry = self.entry(source_id)
        if entry is not None:
            objects = [*entry["objects"], f"rejected/{self._dataset}/{source_id}.parquet"]
            entry = {**entry, "source_id": new_id, "objects": list(dict.fromkeys(objects))}
            self._store.put(self._entry(new_id), json.dumps(entry, indent=1).encode())

    def forget(self, source_id: str) -> None:
        """Take the entry of a source out, so that it is ingested again."""
        self._store.delete(self._entry(source_id))

    def forget_start(self, source_id: str) -> None:
        """Take back `begin`."""
        self._store.delete(self._started(source_id))

    def notify(self, report: SourceReport) -> None:
        """Leave the sensor its message."""
        message = {
            "dataset": report.dataset,
            "source_id": report.source_id,
            "days": {day.isoformat(): rows for day, rows in sorted(report.days.items())},
            "objects": report.objects,
        }
        self._store.put(f"_queue/{report.source_id}.json", json.dumps(message).encode())

    def partials(self) -> list[Partial]:
        """Parts of growing files taken by earlier runs."""
        paths = [path for path in self._store.list(f"{_PARTIAL}/{self._dataset}") if path.endswith(".json")]
        bodies = [body for path in paths if (body := self._store.get(path)) is not None]
        return [Partial(**json.loads(body)) for body in bodies]

    def remember_partial(self, partial: Partial) -> None:
        """Note how much of a growing file was taken."""
        body = json.dumps(partial.__dict__).encode()
        self._store.put(f"{_PARTIAL}/{self._dataset}/{partial.source_id}.json", body)

    def forget_partial(self, source_id: str) -> None:
        """The file was taken further."""
        self._store.delete(f"{_PARTIAL}/{self._dataset}/{source_id}.json")

    def _entry(self, source_id: str) -> str:
        return f"_ledger/{self._dataset}/{source_id}.json"

    def _started(self, source_id: str) -> str:
        return f"_ledger/_started/{self._dataset}/{source_id}.json"
