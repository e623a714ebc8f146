"""One object of `landing/`: ingested by the same core as `clickstream ingest`, and its original put away."""

import time
from pathlib import PurePosixPath
from typing import NamedTuple

from clickstream_platform.contract import DATASETS
from clickstream_platform.ingest.one_source import ingest_source
from clickstream_platform.ingest.originals import original_path
from clickstream_platform.ingest.sources import Source, dataset_of
from clickstream_platform.ingest.store import Store, open_lake_store
from clickstream_platform.ingest.stored import StoredObject
from clickstream_platform.ingest.summary import SourceReport
from clickstream_platform.lambdas.environment import LambdaSettings
from clickstream_platform.lambdas.file_ingest.notifications import CreatedObject
from clickstream_platform.lambdas.file_ingest.originals import Originals
from clickstream_platform.lambdas.observability import emit_metrics, log

LANDING = "landing/"


class NotIngested(Exception):
    """An object that stays in `landing/`: Lambda tries again, and then hands its notification to the dead letters."""


class Taken(NamedTuple):
    """What became of an object, and where its original is now; None when it stayed, as it was overwritten meanwhile."""

    report: SourceReport
    original: str | None


class FileIngest:
    """Takes objects of one lake; holds the clients.

    Raises:
        ValueError: The lake is not in a bucket.
    """

    def __init__(self, settings: LambdaSettings) -> None:
        self.options = settings.ingest_options()
        if not self.options.lake_uri.startswith("s3://"):
            raise ValueError(f"CLICKSTREAM_LAKE_URI: {self.options.lake_uri} is not s3://bucket/prefix")
        self.store: Store = open_lake_store(self.options.lake_uri)
        self._originals = Originals(self.options.lake_uri)
        bucket, _, prefix = self.options.lake_uri.removeprefix("s3://").partition("/")
        self._bucket, self._prefix = bucket, f"{prefix}/" if prefix else ""

    def landed(self, created: CreatedObject) -> str | None:
        """The path in the lake of an object to take; None for what is not meant for ingest.

        Raises:
            NotIngested: The object is not of this lake, so that what it holds would be lost.
        """
        if created.bucket != self._bucket or not created.key.startswith(self._prefix):
            where = f"s3://{created.bucket}/{created.key}"
            raise NotIngested(f"{where} is not below {self.options.lake_uri}/ (CLICKSTREAM_LAKE_URI)")
        path = created.key.removeprefix(self._prefix)
        hidden = any(part.startswith((".", "_")) for part in path.split("/"))
        return path if path.startswith(LANDING) and not path.endswith("/") and not hidden else None

    def take(self, path: str, correlation_id: str) -> Taken | None:
        """Ingest an object and put its original away; None when it is not there (any more).

        Raises:
            NotIngested: It cannot be read, or nobody knows what it holds.
            IngestError: The lake cannot be read or written.
        """
        found = self.store.look_at(path)
        if found is None:
            log("INFO", "the object is gone: ingested before, or deleted", object=path, correlation_id=correlation_id)
            return None
        dataset = dataset_of(path)
        if dataset is None:
            known = ", ".join(DATASETS)
            raise NotIngested(f"{path}: unknown dataset; objects go to landing/<dataset>/, which is one of {known}")
        begun = time.monotonic()
        source = Source(path, path, dataset, in_lake=True, size=found.size, arrived=found.modified)
        report = ingest_source(source, self.options, self.store, lambda count: None)
        if report.status == "failed":
            if self.store.look_at(path) is None:
                return None
            raise NotIngested(f"{path}: {report.error}")
        original = self._put_away(found, report)
        _tell(report, original, time.monotonic() - begun, correlation_id)
        return Taken(report, original)

    def _put_away(self, found: StoredObject, report: SourceReport) -> str | None:
        assert report.dataset is not None
        assert report.source_id is not None
        # By the day of arrival: however often and late this is tried, the original ends in one place.
        target = original_path(report.dataset, report.source_id, PurePosixPath(found.path).name, found.modified.date())
        outcome = self._originals.move(found.path, target, found.etag or "")
        return None if outcome == "overwritten" else target


def _tell(report: SourceReport, original: str | None, seconds: float, correlation_id: str) -> None:
    """One log line, the counts, and one line for each reason of refusal, as the reason is a dimension of its own."""
    about = {"object": report.source, "source_id": report.source_id, "correlation_id": correlation_id}
    dataset = {"dataset": report.dataset or ""}
    log(
        "INFO",
        "an object was ingested" if report.status == "new" else "an object had been ingested before",
        **dataset,
        **about,
        accepted=report.accepted,
        rejected=report.rejected,
        days=len(report.days),
        original=original,
        notes=report.notes,
    )
    emit_metrics(
        {
            "ingested": (report.accepted, "Count"),
            "rejected": (report.rejected_rows, "Count"),
            "already_ingested": (int(report.status == "already_ingested"), "Count"),
            "bytes": (report.bytes_read, "Bytes"),
            "duration": (seconds * 1000, "Milliseconds"),
        },
        dataset,
        **about,
    )
    for reason, count in report.rejected.items():
        emit_metrics({"rejected_by_reason": (count, "Count")}, {**dataset, "reason": reason}, **about)
