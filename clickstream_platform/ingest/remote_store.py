"""A lake in a bucket: an object store shows an object whole or not at all by itself."""

import contextlib
import os
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import obstore
from obstore.exceptions import AlreadyExistsError
from obstore.store import S3Store

from clickstream_platform.ingest.errors import IngestError


class RemoteStore:
    """Objects of a bucket, in the region and with the credentials of the environment."""

    def __init__(self, uri: str) -> None:
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
        self._uri = uri
        self._store = S3Store.from_url(uri, client_options={"allow_http": endpoint.startswith("http://")})

    def put(self, path: str, data: bytes | memoryview) -> None:
        """Write an object whole, replacing one of the same name."""
        with _explained_remote(f"{self._uri}/{path}"):
            obstore.put(self._store, path, bytes(data))

    def create(self, path: str, data: bytes) -> bool:
        """Write an object unless there is one; whether it was written."""
        with _explained_remote(f"{self._uri}/{path}"):
            try:
                obstore.put(self._store, path, data, mode="create")
            except AlreadyExistsError:
                return False
        return True

    def move_in(self, local: Path, path: str) -> None:
        """Make a local file an object; the file is gone afterwards."""
        try:
            with _explained_remote(f"{self._uri}/{path}"):
                obstore.put(self._store, path, local)
        finally:
            local.unlink(missing_ok=True)

    def get(self, path: str) -> bytes | None:
        """An object's content, None when absent."""
        with _explained_remote(f"{self._uri}/{path}"):
            try:
                return bytes(obstore.get(self._store, path).bytes())
            except FileNotFoundError:
                return None

    def delete(self, path: str) -> None:
        """Delete an object; absent is fine."""
        with _explained_remote(f"{self._uri}/{path}"), contextlib.suppress(FileNotFoundError):
            obstore.delete(self._store, path)

    def list(self, prefix: str) -> Iterator[str]:
        """Paths below a folder."""
        with _explained_remote(f"{self._uri}/{prefix}"):
            for batch in obstore.list(self._store, prefix=prefix + "/"):
                for meta in batch:
                    yield meta["path"]

    def scratch(self) -> Path:
        """A new local file name for something to be moved in."""
        return Path(tempfile.gettempdir()) / f"clickstream-{uuid.uuid4().hex}"


@contextlib.contextmanager
def _explained_remote(path: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, AlreadyExistsError):
        raise
    except Exception as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise IngestError(
            f"cannot use {path}: {first[:300]}. Check the bucket's name, AWS_REGION, the credentials and the network."
        ) from error
