"""The identity of a source: a pure function of its bytes, so that the same file is recognised wherever it lies."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

_BLOCK = 256 << 10


def source_id(path: str | os.PathLike[str]) -> str:
    """`<size>-<BLAKE2b-128 hex>` of the file as it is stored, compressed or not.

    Raises:
        OSError: The file cannot be read.
    """
    return identify(path, Path(path).stat().st_size)[0]


def identity_of(data: bytes) -> str:
    """The same of bytes at hand."""
    return f"{len(data)}-{hashlib.blake2b(data, digest_size=16).hexdigest()}"


def identify(path: str | os.PathLike[str], size: int, prefixes: Sequence[int] = ()) -> tuple[str, dict[int, str]]:
    """The identity of the first `size` bytes, and those of shorter prefixes of the given lengths.

    Raises:
        OSError: The file cannot be read.
    """
    digest = hashlib.blake2b(digest_size=16)
    shorter: dict[int, str] = {}
    done = 0
    buffer = memoryview(bytearray(_BLOCK))  # one buffer: fresh memory for every block would cost more than hashing
    with Path(path).open("rb", buffering=0) as file:
        for end in (*sorted({length for length in prefixes if length < size}), size):
            while done < end and (count := file.readinto(buffer[: min(_BLOCK, end - done)])):
                digest.update(buffer[:count])
                done += count
            if end < size:
                shorter[end] = f"{done}-{digest.copy().hexdigest()}"
    return f"{done}-{digest.hexdigest()}", shorter
