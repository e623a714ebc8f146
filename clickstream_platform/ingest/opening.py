"""The bytes of a source at hand, and the reader for them."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO

from clickstream_platform.contract.fields import specification
from clickstream_platform.ingest.adapters import Adapter
from clickstream_platform.ingest.readers.delivered import DeliveredReader
from clickstream_platform.ingest.readers.formats import OpenedReader, open_reader
from clickstream_platform.ingest.readers.stream import read_chunks
from clickstream_platform.ingest.sources import Source
from clickstream_platform.ingest.store import Store


def local_file(source: Source, store: Store) -> AbstractContextManager[Path]:
    """The source as a local file; an object of a bucket is there for as long as the context lasts."""
    return store.fetched(source.path) if source.in_lake else nullcontext(Path(source.path))


def open_records(
    source: Source,
    dataset: str,
    file: IO[bytes],
    size: int,
    *,
    max_bytes: int,
    adapter: Adapter | None,
    is_growing: Callable[[], bool],
    on_bytes: Callable[[int], None],
    start: int,
) -> OpenedReader:
    """The reader for the records of an opened source; see `open_reader`.

    Raises:
        SourceError: The file is of a kind that is not read.
    """
    if source.from_stream:
        return OpenedReader(DeliveredReader(read_chunks(file, size, on_bytes), max_bytes), resumable=False, header=[])
    return open_reader(
        file,
        source.name,
        size=size,
        max_bytes=max_bytes,
        columns=adapter.columns if adapter else specification(dataset).types,
        is_growing=is_growing,
        on_bytes=on_bytes,
        start=start,
    )
