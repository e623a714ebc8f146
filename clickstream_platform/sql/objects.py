"""The objects of a table, and how DuckDB reads them where they are not files."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.store import LocalStore, ObjectStore, S3Store

from clickstream_platform.sql.errors import SqlError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class LakeObjects:
    """The objects below a lake's root, listed folder by folder when asked for.

    Args:
        uri: a folder or `s3://bucket/prefix`.

    Raises:
        SqlError: the address is neither.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri.rstrip("/")
        self.is_remote = uri.startswith("s3://")
        if "://" in uri and not self.is_remote:
            raise SqlError(f"{uri}: a lake is a folder or s3://bucket/prefix (CLICKSTREAM_LAKE_URI)")
        self._store = self._open()

    def parquet(self, folder: str) -> list[str]:
        """Addresses of the Parquet objects below a folder, sorted; a missing folder has none.

        Raises:
            SqlError: the folder cannot be listed.
        """
        return [f"{self.uri}/{path}" for path in sorted(self._paths(folder)) if path.endswith(".parquet")]

    def any_below(self, folder: str) -> bool:
        """Whether there is an object below a folder; reads the first page of a listing at most."""
        return next(self._paths(folder), None) is not None

    def serve(self, connection: "DuckDBPyConnection") -> None:
        """Let DuckDB read s3:// through the same store: its own httpfs extension would have to be downloaded."""
        if not self.is_remote:
            return
        from obstore.fsspec import FsspecStore

        class Listed(FsspecStore):
            """Paths come from a listing: looking each up once more would be a request a file."""

            protocol = "s3"

            def glob(self, path: str, **_: object) -> list[str]:
                return [path]

        connection.register_filesystem(Listed("s3", client_options={"allow_http": _allow_http()}))

    def _paths(self, folder: str) -> Iterator[str]:
        if self._store is None:
            return
        try:
            for batch in obstore.list(self._store, prefix=f"{folder}/"):
                for meta in batch:
                    yield meta["path"]
        except FileNotFoundError:
            return
        except (OSError, obstore.exceptions.BaseError) as error:
            first = str(error).splitlines()[0][:300]
            raise SqlError(
                f"cannot list {self.uri}/{folder}: {first}. Check CLICKSTREAM_LAKE_URI, permissions and credentials."
            ) from error

    def _open(self) -> ObjectStore | None:
        if self.is_remote:
            return S3Store.from_url(self.uri, client_options={"allow_http": _allow_http()})
        root = Path(self.uri)
        return LocalStore(root) if root.is_dir() else None


def _allow_http() -> bool:
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    return endpoint.startswith("http://")
