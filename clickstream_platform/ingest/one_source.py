"""One source from its bytes to bronze, `rejected/`, the message and the ledger entry."""

import os
import stat
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import IO

from clickstream_platform.ingest.adapters import get_adapter
from clickstream_platform.ingest.batches import Batches, without_garbage_collection
from clickstream_platform.ingest.bronze_writer import BronzeWriter
from clickstream_platform.ingest.errors import SourceError
from clickstream_platform.ingest.header_notes import header_notes
from clickstream_platform.ingest.identity import identify
from clickstream_platform.ingest.interpret import Interpreter
from clickstream_platform.ingest.ledger import Entry, Ledger, Partial
from clickstream_platform.ingest.leftovers import day_in, leftovers
from clickstream_platform.ingest.opening import local_file, open_records
from clickstream_platform.ingest.options import IngestOptions
from clickstream_platform.ingest.readers.formats import OpenedReader
from clickstream_platform.ingest.readers.raw import payload
from clickstream_platform.ingest.rejected_writer import RejectedWriter
from clickstream_platform.ingest.sources import Source
from clickstream_platform.ingest.store import Store
from clickstream_platform.ingest.summary import SourceReport

OnBytes = Callable[[int], None]


def ingest_source(source: Source, options: IngestOptions, store: Store, on_bytes: OnBytes) -> SourceReport:
    """Ingest one source; a source that cannot be read gives a report that says so.

    Raises:
        IngestError: The lake cannot be written.
    """
    begun = time.monotonic()
    report = SourceReport(source.name, source.dataset, "failed")
    try:
        if source.problem:
            raise SourceError(source.problem)
        if source.dataset is None:
            raise SourceError("cannot tell what it holds: name it, e.g. --dataset events")
        with local_file(source, store) as path, path.open("rb", buffering=0) as file:
            _Ingestion(source, source.dataset, report, options, store, on_bytes).run(file)
    except SourceError as error:
        report.error = str(error)
    except OSError as error:
        report.error = f"cannot be read: {error.strerror or error}"
    report.seconds = time.monotonic() - begun
    return report


class _Ingestion:
    """The state of one source's ingest; fills the report."""

    def __init__(
        self,
        source: Source,
        dataset: str,
        report: SourceReport,
        options: IngestOptions,
        store: Store,
        on_bytes: OnBytes,
    ) -> None:
        self._source = source
        self._dataset = dataset
        self._report = report
        self._options = options
        self._store = store
        self._on_bytes = on_bytes
        self._ledger = Ledger(store, dataset)
        self._adapter = get_adapter(options.format, options.mapping)
        self._interpreter = Interpreter(dataset, options.limits(source.arrived), self._adapter)
        self._batches = Batches(dataset, options)

    def run(self, file: IO[bytes]) -> None:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise SourceError("is no regular file")
        self._file, self._size = file, status.st_size
        self._source_time = datetime.fromtimestamp(status.st_mtime, UTC)
        report = self._report
        report.bytes_read = self._size

        partials = {partial.size: partial for partial in self._ledger.partials()}
        report.source_id, prefixes = identify(str(file.name), self._size, list(partials))
        earlier = next((partials[size] for size, name in prefixes.items() if partials[size].source_id == name), None)
        whole = partials.get(self._size)
        interrupted = self._ledger.was_interrupted(report.source_id)
        if not self._options.again and (
            self._ledger.knows(report.source_id) or (whole is not None and whole.source_id == report.source_id)
        ):
            report.status = "already_ingested"
            if interrupted:  # between its entry and this very last step
                self._ledger.forget_start(report.source_id)
            self._on_bytes(self._size)
            return
        before = self._ledger.entry(report.source_id) if self._options.again and not interrupted else None
        self._ledger.begin(report.source_id)
        if self._options.again:
            self._ledger.forget(report.source_id)
        self._ingest(report.source_id, earlier, before, repeat=self._options.again or interrupted)

    def _ingest(self, source_id: str, earlier: Partial | None, before: Entry | None, *, repeat: bool) -> None:
        report = self._report
        opened = self._open(earlier)
        if earlier is not None and not opened.resumable:
            earlier = None
        writer = BronzeWriter(self._store, self._dataset, source_id)
        rejected = RejectedWriter(self._store, self._dataset, source_id, report.source)
        try:
            records = self._stream(opened, writer, rejected, source_id, earlier.records if earlier else 0)
            writer.close()
            torn = bool(opened.reader.left_out) or self._is_growing()
            if torn and not opened.resumable:
                self._discard(writer, rejected, source_id)
                return
            rejected_path = rejected.close()
        except BaseException:
            writer.abandon()
            rejected.abandon()
            raise
        report.objects, report.days = sorted(writer.objects), writer.days
        report.rejected = dict(rejected.reasons)
        if opened.header and self._adapter is None:
            report.notes += header_notes(opened.header, self._dataset)
        if repeat:
            self._remove_leftovers(source_id, before, {*report.objects, *([rejected_path] if rejected_path else [])})
        if self._options.notify and (report.objects or repeat):
            self._ledger.notify(report)
        if torn:
            self._leave_open(source_id, opened.reader.left_out, records)
        else:
            report.status = "new" if self._ledger.end(report) else "already_ingested"
        if earlier is not None:
            self._ledger.forget_partial(earlier.source_id)

    def _open(self, earlier: Partial | None) -> OpenedReader:
        return open_records(
            self._source,
            self._dataset,
            self._file,
            self._size,
            max_bytes=self._options.max_record_bytes,
            adapter=self._adapter,
            is_growing=self._is_growing,
            on_bytes=self._on_bytes,
            start=earlier.consumed if earlier else 0,
        )

    def _stream(
        self, opened: OpenedReader, writer: BronzeWriter, rejected: RejectedWriter, source_id: str, taken: int
    ) -> int:
        """Read all records; returns how many the source has so far, those of earlier runs included."""
        report, number = self._report, taken + 1
        held_records = held_bytes = 0
        for raws in opened.reader:
            with without_garbage_collection():
                interpreted = self._interpreter.interpret(raws, number)
                if interpreted.records:
                    writer.add(self._batches.columns(interpreted, source_id, self._source_time))
            for refused in interpreted.refused:
                rejected.add(*refused)
            number += len(raws)
            report.rows_read += len(raws)
            report.accepted += len(interpreted.records)
            held_records += len(raws)
            held_bytes += sum(map(len, map(payload, raws)))
            if held_records >= self._options.records_per_object or held_bytes >= self._options.bytes_per_object:
                writer.flush()
                held_records = held_bytes = 0
        return number - 1

    def _is_growing(self) -> bool:
        return os.fstat(self._file.fileno()).st_size != self._size

    def _discard(self, writer: BronzeWriter, rejected: RejectedWriter, source_id: str) -> None:
        """A growing file that cannot be taken in parts: take nothing of it."""
        rejected.abandon()
        for path in writer.objects:
            self._store.delete(path)
        self._ledger.forget_start(source_id)
        report = self._report
        report.status = "incomplete"
        report.rows_read = report.accepted = 0
        report.notes.append("the file changes while it is read; nothing was taken, run again once it is complete")

    def _leave_open(self, source_id: str, left_out: int, records: int) -> None:
        self._ledger.remember_partial(Partial(source_id, self._size, self._size - left_out, records))
        self._ledger.forget_start(source_id)
        self._report.status = "incomplete"
        torn = f"a torn last line of {left_out} bytes was left out; " if left_out else ""
        self._report.notes.append(f"the file is growing: {torn}the next run takes the rest")

    def _remove_leftovers(self, source_id: str, before: Entry | None, kept: set[str]) -> None:
        """Objects that an interrupted or an earlier run wrote and this one did not."""
        known = None if before is None else before["objects"]
        for path in leftovers(self._store, self._dataset, source_id, kept, known):
            self._store.delete(path)
            if (day := day_in(path)) is not None:
                self._report.days.setdefault(day, 0)
