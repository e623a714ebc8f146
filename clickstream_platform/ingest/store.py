"""Writing into the lake: whole objects only, each visible at once or not at all, and errors that say what to do."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from clickstream_platform.ingest.errors import IngestError
from clickstream_platform.ingest.local_store import LocalStore
from clickstream_platform.ingest.stored import StoredObject


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

    def described(self, prefix: str) -> Iterator[StoredObject]:
        """Objects below a folder with size and time; a missing folder is empty."""

    def look_at(self, path: str) -> StoredObject | None:
        """What is known of one object, None when absent."""

    def fetched(self, path: str) -> AbstractContextManager[Path]:
        """An object as a local file with the object's own modification time, for as long as the context lasts.

        Raises:
            FileNotFoundError: There is no such object.
            IngestError: It cannot be fetched, or there is no room for it.
        """

    def scratch(self) -> Path:
        """A new local file name for something to be moved in."""


def open_lake_store(uri: str, *, patience: float | None = None) -> Store:
    """The store of a lake: a folder or `s3://bucket/prefix`.

    Args:
        uri: Its address.
        patience: Seconds that a request to a bucket is tried again, where it should not be minutes.

    Raises:
        IngestError: The lake cannot be written.
    """
    if uri.startswith("s3://"):
        from clickstream_platform.ingest.remote_store import RemoteStore  # only where a bucket is used

        return RemoteStore(uri, patience)
    if "://" in uri and not uri.startswith("file://"):
        raise IngestError(f"{uri}: only a folder or s3://bucket/prefix can be a lake (CLICKSTREAM_LAKE_URI)")
    return LocalStore(Path(uri.removeprefix("file://")))
