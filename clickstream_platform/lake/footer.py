"""Parquet footers, read through the lake's store without the rows."""

import obstore
import pyarrow as pa
import pyarrow.parquet as pq
from obstore.store import ObjectStore

_TAIL = 64 * 1024


def parquet_footer(store: ObjectStore, path: str) -> tuple[pq.FileMetaData, int]:
    """The metadata of a Parquet object, and the object's size in bytes.

    Raises:
        pyarrow.ArrowInvalid: the object is no Parquet, or is cut short.
        FileNotFoundError: there is no such object.
    """
    size = obstore.head(store, path)["size"]
    tail = _end_of(store, path, size, min(size, _TAIL))
    # The last eight bytes are the footer's length and the magic number; a long footer needs a second read.
    needed = int.from_bytes(tail[-8:-4], "little") + 8 if tail.endswith(b"PAR1") else 0
    if len(tail) < needed <= size:
        tail = _end_of(store, path, size, needed)
    return pq.read_metadata(pa.BufferReader(tail)), size


def _end_of(store: ObjectStore, path: str, size: int, length: int) -> bytes:
    return bytes(obstore.get_range(store, path, start=size - length, end=size)) if length else b""
