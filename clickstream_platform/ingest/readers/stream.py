"""The bytes of a file as chunks, decompressed by what the file is, not by what it is called."""

import zlib
from collections.abc import Callable, Iterator
from typing import IO

import zstandard

from clickstream_platform.ingest.errors import SourceError, TruncatedInput

CHUNK = 1 << 20
_COMPRESSED = 64 << 10
# zstd may blow 4 bytes up to 128 KiB; small sips keep the memory of one step bounded whatever the file does.
_ZSTD_SIP = 2 << 10

GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
_FOREIGN = {
    b"PAR1": "a Parquet file; ingest takes JSON lines, JSON arrays and CSV",
    b"PK\x03\x04": "a ZIP archive; unpack it first",
    b"BZh": "compressed with bzip2; use gzip or zstd",
    b"\xfd7zXZ\x00": "compressed with xz; use gzip or zstd",
    b"ORC": "an ORC file; ingest takes JSON lines, JSON arrays and CSV",
    b"Obj\x01": "an Avro file; ingest takes JSON lines, JSON arrays and CSV",
}


def compression(head: bytes) -> str | None:
    """`gzip`, `zstd` or None, from a file's first bytes.

    Raises:
        SourceError: The file is of a kind that is not read.
    """
    if head.startswith(GZIP):
        return "gzip"
    if head.startswith(ZSTD):
        return "zstd"
    for magic, kind in _FOREIGN.items():
        if head.startswith(magic):
            raise SourceError(f"is {kind}")
    return None


def read_chunks(file: IO[bytes], size: int, on_bytes: Callable[[int], None]) -> Iterator[bytes]:
    """Chunks of about `CHUNK` bytes of the plain text in the first `size` bytes from the file's position.

    Raises:
        TruncatedInput: Compressed data broke off or is damaged; raised after all that could be read.
    """
    head = file.read(min(8, size))
    file.seek(-len(head), 1)
    kind = compression(head)
    raw = _limited(file, size, CHUNK if kind is None else _COMPRESSED, on_bytes)
    if kind is None:
        return raw
    return _gathered(_inflate(raw) if kind == "gzip" else _unzstd(raw))


def _limited(file: IO[bytes], size: int, step: int, on_bytes: Callable[[int], None]) -> Iterator[bytes]:
    while size > 0 and (chunk := file.read(min(step, size))):
        size -= len(chunk)
        on_bytes(len(chunk))
        yield chunk


def _gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Pieces joined to chunks; what was read before a break is handed out before the break is raised."""
    held: list[bytes] = []
    length = 0
    broken: TruncatedInput | None = None
    try:
        for piece in pieces:
            held.append(piece)
            length += len(piece)
            if length >= CHUNK:
                yield b"".join(held)
                held, length = [], 0
    except TruncatedInput as error:
        broken = error
    if held:
        yield b"".join(held)
    if broken:
        raise broken


def _inflate(raw: Iterator[bytes]) -> Iterator[bytes]:
    member = zlib.decompressobj(31)
    fresh = False  # whether `member` has seen no byte and may be absent
    for block in raw:
        data = block
        while data:
            if fresh and not data.startswith(GZIP[: len(data)]):
                return  # padding after the last member, as gzip itself ignores it
            fresh = False
            try:
                piece = member.decompress(data, CHUNK)
            except zlib.error as error:
                raise TruncatedInput(f"gzip data is damaged: {error}") from None
            if piece:
                yield piece
            if member.eof:
                data, member, fresh = member.unused_data, zlib.decompressobj(31), True
            else:
                data = member.unconsumed_tail
    if not fresh:
        raise TruncatedInput("gzip data breaks off")


def _unzstd(raw: Iterator[bytes]) -> Iterator[bytes]:
    decompressor = zstandard.ZstdDecompressor()
    frame = decompressor.decompressobj()
    fresh = False
    for block in raw:
        for start in range(0, len(block), _ZSTD_SIP):
            data = block[start : start + _ZSTD_SIP]
            while data:
                fresh = False
                try:
                    piece = frame.decompress(data)
                except zstandard.ZstdError as error:
                    raise TruncatedInput(f"zstd data is damaged: {error}") from None
                if piece:
                    yield piece
                data = b""
                if frame.eof:
                    data, frame, fresh = frame.unused_data, decompressor.decompressobj(), True
    if not fresh:
        raise TruncatedInput("zstd data breaks off")
