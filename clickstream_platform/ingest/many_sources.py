"""Many sources in parallel: one process each, with progress, clean interruption, and news of a dead worker."""

import multiprocessing
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from typing import Any

from clickstream_platform.ingest.errors import IngestError
from clickstream_platform.ingest.one_source import ingest_source
from clickstream_platform.ingest.options import IngestOptions
from clickstream_platform.ingest.sources import Source
from clickstream_platform.ingest.store import open_lake_store
from clickstream_platform.ingest.summary import SourceReport

OnProgress = Callable[[str, int], None]
"""Told of a source's name and of bytes of it that were read."""

_REPORT_BYTES = 8 << 20


def ingest_here(sources: list[Source], options: IngestOptions, on_progress: OnProgress) -> list[SourceReport]:
    """All sources one after the other in this process."""
    store = open_lake_store(options.lake_uri)
    return [
        ingest_source(source, options, store, lambda count, name=source.name: on_progress(name, count))  # type: ignore[misc]
        for source in sources
    ]


def ingest_in_processes(
    sources: list[Source], options: IngestOptions, processes: int, on_progress: OnProgress
) -> list[SourceReport]:
    """All sources, the largest first, in `processes` processes. Reports come in the order of the sources.

    Raises:
        IngestError: The lake cannot be written; the other workers are stopped.
    """
    pool = _Pool(sources, options, processes, on_progress)
    try:
        return pool.run()
    finally:
        pool.stop()


class _Worker:
    def __init__(self, context: Any, options: IngestOptions) -> None:
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, options), daemon=True)
        self.process.start()
        theirs.close()
        self.place: int | None = None
        self.is_ready = False


class _Pool:
    def __init__(self, sources: list[Source], options: IngestOptions, processes: int, on_progress: OnProgress) -> None:
        self._sources = sources
        self._options = options
        self._on_progress = on_progress
        self._waiting = sorted(range(len(sources)), key=lambda place: sources[place].bytes)
        self._reports: dict[int, SourceReport] = {}
        self._context = multiprocessing.get_context("spawn")
        self._workers: list[_Worker] = []
        for _ in range(min(processes, len(sources))):
            self._hire()

    def run(self) -> list[SourceReport]:
        while len(self._reports) < len(self._sources):
            by_connection = {worker.connection: worker for worker in self._workers}
            for connection in wait(list(by_connection)):
                assert isinstance(connection, Connection)
                worker = by_connection[connection]
                try:
                    kind, content = connection.recv()
                except (EOFError, OSError):
                    self._bury(worker)
                    continue
                self._hear(worker, kind, content)
        return [self._reports[place] for place in range(len(self._sources))]

    def stop(self) -> None:
        for worker in self._workers:
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join(5)
            worker.connection.close()

    def _hire(self) -> None:
        worker = _Worker(self._context, self._options)
        self._workers.append(worker)
        self._assign(worker)

    def _assign(self, worker: _Worker) -> None:
        worker.place = self._waiting.pop() if self._waiting else None
        if worker.place is not None:
            worker.connection.send(self._sources[worker.place])

    def _hear(self, worker: _Worker, kind: str, content: Any) -> None:
        if kind == "ready":
            worker.is_ready = True
            return
        assert worker.place is not None
        if kind == "bytes":
            self._on_progress(self._sources[worker.place].name, content)
        elif kind == "report":
            self._reports[worker.place] = content
            self._assign(worker)
        else:
            raise IngestError(content)

    def _bury(self, worker: _Worker) -> None:
        """A worker died (out of memory, killed): its source failed, another worker takes the rest."""
        worker.process.join(5)
        self._workers.remove(worker)
        how = _cause_of_death(worker.process.exitcode)
        if not worker.is_ready:  # nor would the next one be
            raise IngestError(
                f"no further process can be started ({how}). Read in one: --processes 1. A program that calls this "
                "needs `if __name__ == '__main__':` around its main part"
            )
        if worker.place is not None:
            source = self._sources[worker.place]
            report = SourceReport(source.name, source.dataset, "failed")
            report.error = f"the process reading it died ({how}); run again: it goes on where it was"
            self._reports[worker.place] = report
        if self._waiting:
            self._hire()


def _work(connection: Connection, options: IngestOptions) -> None:
    """A worker's life: sources in, reports out, until the other end is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    try:
        store = open_lake_store(options.lake_uri)
        connection.send(("ready", None))
        while True:
            source: Source = connection.recv()
            progress = _Throttled(connection)
            report = ingest_source(source, options, store, progress.add)
            progress.send()
            connection.send(("report", report))
    except IngestError as error:
        connection.send(("error", str(error)))
    except (EOFError, OSError):
        return


class _Throttled:
    """Sends progress in larger steps, so that the pipe stays quiet."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._bytes = 0
        self._last = time.monotonic()

    def add(self, count: int) -> None:
        self._bytes += count
        if self._bytes >= _REPORT_BYTES or time.monotonic() - self._last > 0.2:
            self.send()

    def send(self) -> None:
        if self._bytes:
            self._connection.send(("bytes", self._bytes))
        self._bytes, self._last = 0, time.monotonic()


def _cause_of_death(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        try:
            return signal.Signals(-exit_code).name
        except ValueError:
            return f"signal {-exit_code}"
    return f"exit code {exit_code}"
