"""What stops an ingest, as opposed to a record, which is only rejected."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_REMEDIES = {
    errno.ENOSPC: "the disk is full. Free space there and run the same command again",
    errno.EDQUOT: "the disk quota is used up. Free space there and run the same command again",
    errno.EFBIG: "the file size limit is reached (ulimit -f). Raise it and run the same command again",
    errno.EACCES: "permission denied. Grant write access or set CLICKSTREAM_LAKE_URI to another place",
    errno.EPERM: "not permitted. Grant write access or set CLICKSTREAM_LAKE_URI to another place",
    errno.EROFS: "the file system is read-only. Set CLICKSTREAM_LAKE_URI to another place",
    errno.ENOTDIR: "a part of the path is no folder. Set CLICKSTREAM_LAKE_URI to another place",
    errno.EEXIST: "a file is in the way of a folder. Set CLICKSTREAM_LAKE_URI to another place",
    errno.EMFILE: "too many open files. Raise the limit (ulimit -n) and run the same command again",
}


class IngestError(Exception):
    """The lake cannot be written, or a choice makes no sense. The message says what to do about it."""


class SourceError(Exception):
    """One source cannot be read at all; the others go on."""


class TruncatedInput(Exception):
    """Compressed input broke off; everything before the break has been handed out."""


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn the system's error about a place to write to into one that says what to do.

    Raises:
        IngestError: Whatever was an `OSError`.
    """
    try:
        yield
    except OSError as error:
        remedy = _REMEDIES.get(
            error.errno or 0, f"{error.strerror or error}. Solve that and run the same command again"
        )
        raise IngestError(f"cannot write {error.filename or path}: {remedy}") from error
