"""Writing into the lake: whole objects only, each visible at once or not at all, and errors that say what to do."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from clickstream_platform.ingest.errors import IngestError
from clickstream_platform.ingest.local_store import LocalStore


class Store(Protocol):
    """Objects of one lake by path."""

    def put(self, path: str, data: bytes | memoryview) -> None:
        """Write an object whole, replacing one of the same name."""

    def create(self, path: str, data: bytes) -> bool:
        """Write an object unless there is one; whether it was written."""

    def move_in(self, local: Path, path: str) -> None:
        """Make a local file an object; the file is gone afterwards."""

    def get(self, path: str) -> bytes | None:
        """An object's content, None when absent."""

    def delete(self, path: str) -> None:
        """Delete an object; absent is fine."""

    def list(self, prefix: str) -> Iterator[str]:
        """Paths below a folder."""

    def scratch(self) -> Path:
        """A new local file name for something to be moved in."""


def open_lake_store(uri: str) -> Store:
    """The store of a lake: a folder or `s3://bucket/prefix`.

    Raises:
        IngestError: The lake cannot be written.
    """
    if uri.startswith("s3://"):
        from clickstream_platform.ingest.remote_store import RemoteStore  # only where a bucket is used

        return RemoteStore(uri)
    if "://" in uri and not uri.startswith("file://"):
        raise IngestError(f"{uri}: only a folder or s3://bucket/prefix can be a lake (CLICKSTREAM_LAKE_URI)")
    return LocalStore(Path(uri.removeprefix("file://")))
