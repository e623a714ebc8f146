"""Ingest as other code calls it."""

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from clickstream_platform.ingest.adapters import get_adapter
from clickstream_platform.ingest.many_sources import OnProgress, ingest_here, ingest_in_processes
from clickstream_platform.ingest.options import IngestOptions
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
    count = min(processes or os.cpu_count() or 1, len(sources))
    report_progress = on_progress or (lambda name, count: None)
    try:
        if count > 1:
            reports = ingest_in_processes(sources, options, count, report_progress)
        else:
            reports = ingest_here(sources, options, report_progress)
    finally:
        for source in sources:
            if source.name == STDIN:
                Path(source.path).unlink(missing_ok=True)
    return IngestSummary(reports, time.monotonic() - begun)


def ingest_file(path: str | os.PathLike[str], options: IngestOptions) -> SourceReport:
    """Ingest one file in this process.

    Raises:
        IngestError: The lake cannot be written, or the options make no sense.
    """
    return ingest_sources([path], options, processes=1).sources[0]
