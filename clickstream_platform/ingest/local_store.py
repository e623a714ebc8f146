"""A lake in a folder: drafts are written aside and renamed into their place."""

import contextlib
import os
import socket
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from clickstream_platform.ingest.errors import explained
from clickstream_platform.ingest.stored import StoredObject

_STAGING = "_staging/ingest"


class LocalStore:
    """Objects as files below a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._staging = root / _STAGING
        with explained(self._staging):
            self._staging.mkdir(parents=True, exist_ok=True)
        self._sweep()

    def put(self, path: str, data: bytes | memoryview) -> None:
        """Write an object whole, replacing one of the same name."""
        target = self._root / path
        with explained(target):
            draft = self._draft(data)
            self._promote(draft, target)

    def create(self, path: str, data: bytes) -> bool:
        """Write an object unless there is one; whether it was written."""
        target = self._root / path
        with explained(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            draft = self._draft(data)
            try:
                target.hardlink_to(draft)
            except FileExistsError:
                return False
            finally:
                draft.unlink()
        return True

    def move_in(self, local: Path, path: str) -> None:
        """Make a local file an object; the file is gone afterwards."""
        target = self._root / path
        with explained(target):
            with local.open("rb+") as file:
                _make_durable(file)
            self._promote(local, target)

    def get(self, path: str) -> bytes | None:
        """An object's content, None when absent."""
        with explained(self._root / path):
            try:
                return (self._root / path).read_bytes()
            except FileNotFoundError:
                return None

    def delete(self, path: str) -> None:
        """Delete an object; absent is fine."""
        with explained(self._root / path):
            (self._root / path).unlink(missing_ok=True)

    def list(self, prefix: str) -> Iterator[str]:
        """Paths below a folder."""
        for folder, _, names in os.walk(self._root / prefix):
            for name in names:
                yield (Path(folder) / name).relative_to(self._root).as_posix()

    def described(self, prefix: str) -> Iterator[StoredObject]:
        """Objects below a folder with size and time; a missing folder is empty."""
        for path in self.list(prefix):
            found = self.look_at(path)
            if found is not None:  # else it has gone meanwhile
                yield found

    def look_at(self, path: str) -> StoredObject | None:
        """What is known of one object, None when absent."""
        with explained(self._root / path):
            try:
                status = (self._root / path).stat()
            except FileNotFoundError:
                return None
        return StoredObject(path, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))

    @contextlib.contextmanager
    def fetched(self, path: str) -> Iterator[Path]:
        """The file itself: nothing is copied."""
        yield self._root / path

    def scratch(self) -> Path:
        """A new local file name for something to be moved in."""
        return self._staging / f"{socket.gethostname()}.{os.getpid()}.{uuid.uuid4().hex}"

    def _draft(self, data: bytes | memoryview) -> Path:
        draft = self.scratch()
        try:
            with draft.open("wb") as file:
                file.write(data)
                _make_durable(file)
        except BaseException:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
            raise
        return draft

    def _promote(self, draft: Path, target: Path) -> None:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            draft.replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
            raise

    def _sweep(self) -> None:
        """Remove drafts of processes of this machine that are no more (kill -9)."""
        host = socket.gethostname()
        for draft in self._staging.iterdir():
            owner, _, rest = draft.name.rpartition(".")[0].rpartition(".")
            if owner == host and rest.isdigit() and not _is_alive(int(rest)):
                with contextlib.suppress(OSError):
                    draft.unlink(missing_ok=True)


def _make_durable(file: IO[bytes]) -> None:
    """The ledger outlives a power failure only together with what it says."""
    file.flush()
    os.fsync(file.fileno())


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
