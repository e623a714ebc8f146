"""A lake in a bucket: an object store shows an object whole or not at all by itself."""

import contextlib
import errno
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import obstore
from obstore.exceptions import AlreadyExistsError
from obstore.store import S3Store

from clickstream_platform.ingest.errors import IngestError, explained
from clickstream_platform.ingest.stored import StoredObject

_SPOOL = "clickstream-spool-"
_STALE_SECONDS = 900
"""No Lambda function runs longer: older spools were left by one that was killed in the same environment."""
_FETCH_BYTES = 4 << 20


class RemoteStore:
    """Objects of a bucket, in the region and with the credentials of the environment."""

    def __init__(self, uri: str, patience: float | None = None) -> None:
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
        self._uri = uri
        self._store = S3Store.from_url(
            uri,
            client_options={"allow_http": endpoint.startswith("http://")},
            retry_config=None if patience is None else {"retry_timeout": timedelta(seconds=patience)},
        )

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

    def described(self, prefix: str) -> Iterator[StoredObject]:
        """Objects below a folder with size and time; a missing folder is empty."""
        with _explained_remote(f"{self._uri}/{prefix}"):
            for batch in obstore.list(self._store, prefix=prefix + "/"):
                for meta in batch:
                    yield StoredObject(meta["path"], meta["size"], meta["last_modified"], meta["e_tag"])

    def look_at(self, path: str) -> StoredObject | None:
        """What is known of one object, None when absent."""
        with _explained_remote(f"{self._uri}/{path}"):
            try:
                meta = obstore.head(self._store, path)
            except FileNotFoundError:
                return None
        return StoredObject(path, meta["size"], meta["last_modified"], meta["e_tag"])

    @contextlib.contextmanager
    def fetched(self, path: str) -> Iterator[Path]:
        """A copy in the folder for temporary files, streamed there: the identity of a source is that of all its bytes.

        Raises:
            FileNotFoundError: There is no such object.
            IngestError: It cannot be fetched, or there is no room for it.
        """
        folder = Path(tempfile.gettempdir())
        _sweep(folder)
        target = folder / f"{_SPOOL}{uuid.uuid4().hex}"
        try:
            with _explained_remote(f"{self._uri}/{path}"):
                self._download(path, target)
            yield target
        finally:
            target.unlink(missing_ok=True)

    def _download(self, path: str, target: Path) -> None:
        got = obstore.get(self._store, path)
        size, modified = got.meta["size"], got.meta["last_modified"].timestamp()
        with explained(target):
            if size > shutil.disk_usage(target.parent).free:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))
        with target.open("wb", buffering=0) as file:
            for chunk in got.stream(min_chunk_size=_FETCH_BYTES):
                with explained(target):
                    file.write(chunk)
        if target.stat().st_size != size:
            raise IngestError(f"{self._uri}/{path} broke off after {target.stat().st_size} of {size} bytes; try again")
        os.utime(target, (modified, modified))

    def scratch(self) -> Path:
        """A new local file name for something to be moved in."""
        return Path(tempfile.gettempdir()) / f"clickstream-{uuid.uuid4().hex}"


def _sweep(folder: Path) -> None:
    """Remove what killed processes left: the space is small where functions run, and outlives them."""
    for spool in folder.glob(f"{_SPOOL}*"):
        with contextlib.suppress(OSError):
            if time.time() - spool.stat().st_ctime > _STALE_SECONDS:
                spool.unlink(missing_ok=True)


@contextlib.contextmanager
def _explained_remote(path: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, AlreadyExistsError, IngestError):
        raise
    except Exception as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise IngestError(
            f"cannot use {path}: {first[:300]}. Check the bucket's name, AWS_REGION, the credentials and the network."
        ) from error
