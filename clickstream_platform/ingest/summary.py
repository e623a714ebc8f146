"""What an ingest did, source by source."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

Status = Literal["new", "already_ingested", "incomplete", "failed"]


@dataclass
class SourceReport:
    """What became of one source.

    Attributes:
        source: The path as given.
        status: `incomplete` means the file was growing: what was complete is taken, the next run takes the rest.
        rows_read: Records in this run: accepted plus rejected; blank lines are none.
        accepted: Rows in bronze from this source.
        days: Accepted rows by event or order day; empty for customers and products.
        rejected: Rejected records by reason.
        objects: Paths of the bronze objects, relative to the lake.
        notes: What a user should know besides.
        error: Why it failed.
    """

    source: str
    dataset: str | None
    status: Status
    source_id: str | None = None
    bytes_read: int = 0
    rows_read: int = 0
    accepted: int = 0
    days: dict[date, int] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)
    objects: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    error: str | None = None
    seconds: float = 0.0

    @property
    def rejected_rows(self) -> int:
        """Rejected records of all reasons."""
        return sum(self.rejected.values())


@dataclass
class IngestSummary:
    """All sources of one ingest, in the order given."""

    sources: list[SourceReport]
    seconds: float = 0.0

    @property
    def rows_read(self) -> int:
        """Records read in this run."""
        return sum(source.rows_read for source in self.sources)

    @property
    def accepted(self) -> int:
        """Rows that went to bronze in this run."""
        return sum(source.accepted for source in self.sources)

    @property
    def rejected(self) -> Counter[str]:
        """Rejected records by reason."""
        counts: Counter[str] = Counter()
        for source in self.sources:
            counts.update(source.rejected)
        return counts

    @property
    def rejected_share(self) -> float:
        """Rejected records as a share of all read; 0 when nothing was read."""
        return self.rejected.total() / self.rows_read if self.rows_read else 0.0

    @property
    def days(self) -> dict[date, dict[str, int]]:
        """Rows added by day and dataset."""
        days: dict[date, dict[str, int]] = {}
        for source in self.sources:
            for day, rows in source.days.items():
                counts = days.setdefault(day, {})
                counts[source.dataset or ""] = counts.get(source.dataset or "", 0) + rows
        return dict(sorted(days.items()))

    @property
    def failed(self) -> list[SourceReport]:
        """Sources that could not be read."""
        return [source for source in self.sources if source.status == "failed"]

    def with_status(self, status: Status) -> list[SourceReport]:
        """Sources of one status."""
        return [source for source in self.sources if source.status == status]
