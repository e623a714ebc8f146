"""Ingest as other code calls it."""

import os
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path

from clickstream_platform.ingest.adapters import get_adapter
from clickstream_platform.ingest.many_sources import OnProgress, ingest_here, ingest_in_processes
from clickstream_platform.ingest.options import IngestOptions
from clickstream_platform.ingest.raw_objects import raw_sources
from clickstream_platform.ingest.sources import STDIN, Source, find_sources
from clickstream_platform.ingest.store import open_lake_store
from clickstream_platform.ingest.summary import IngestSummary, SourceReport


def ingest_sources(
    paths: Iterable[str | os.PathLike[str]],
    options: IngestOptions,
    *,
    processes: int | None = None,
    on_progress: OnProgress | None = None,
    on_sources: Callable[[list[Source]], None] | None = None,
) -> IngestSummary:
    """Ingest files, folders, globs and stdin (`-`) into bronze. The same bytes twice add nothing.

    Args:
        paths: What to read. Nothing found is a failed source, not an error.
        options: How.
        processes: Processes to read with; None: as many as there are cores and sources. 1 starts none.
        on_progress: Told of bytes read, by source name.
        on_sources: Told of all sources found, before the first is read.

    Raises:
        IngestError: The lake cannot be written, or the options make no sense.
    """
    begun = time.monotonic()
    adapter = get_adapter(options.format, options.mapping)
    store = open_lake_store(options.lake_uri)
    dataset = options.dataset or (adapter.dataset if adapter else None)
    sources = find_sources(paths, dataset=dataset, store=store)
    if on_sources is not None:
        on_sources(sources)
    try:
        return _ingested(sources, options, processes, on_progress, begun)
    finally:
        for source in sources:
            if source.name == STDIN:
                Path(source.path).unlink(missing_ok=True)


def ingest_raw(
    days: Iterable[date],
    options: IngestOptions,
    *,
    paths: Collection[str] | None = None,
    again: bool = True,
    processes: int | None = None,
    on_progress: OnProgress | None = None,
    on_sources: Callable[[list[Source]], None] | None = None,
) -> IngestSummary:
    """Rebuild bronze `events` from what the streams delivered below `raw/`.

    Rows that an object gave before are replaced by what it gives now, so doing it twice adds nothing. Rows that the
    stream processor wrote of the same events stay beside them; silver takes each event once.

    Args:
        days: Arrival days (UTC). Nothing delivered on them is no error.
        options: How; dataset and format are those of the stream whatever they say.
        paths: Only these objects of the lake.
        again: Read objects that were read before, too. Without, they are left as they are.
        processes: See `ingest_sources`.
        on_progress: The same.
        on_sources: The same.

    Raises:
        IngestError: The lake cannot be read or written.
    """
    begun = time.monotonic()
    sources = raw_sources(open_lake_store(options.lake_uri), days, paths)
    if on_sources is not None:
        on_sources(sources)
    chosen = replace(options, dataset="events", format="native", mapping=None, again=again)
    return _ingested(sources, chosen, processes, on_progress, begun)


def _ingested(
    sources: list[Source],
    options: IngestOptions,
    processes: int | None,
    on_progress: OnProgress | None,
    begun: float,
) -> IngestSummary:
    count = min(processes or os.cpu_count() or 1, len(sources))
    report_progress = on_progress or (lambda name, count: None)
    if count > 1:
        reports = ingest_in_processes(sources, options, count, report_progress)
    else:
        reports = ingest_here(sources, options, report_progress)
    return IngestSummary(reports, time.monotonic() - begun)


def ingest_file(path: str | os.PathLike[str], options: IngestOptions) -> SourceReport:
    """Ingest one file in this process.

    Raises:
        IngestError: The lake cannot be written, or the options make no sense.
    """
    return ingest_sources([path], options, processes=1).sources[0]
