"""The files that the shop sends: written day by day into a staging folder, one open file a dataset at most."""

import gzip
import os
from collections import defaultdict
from pathlib import Path
from typing import IO, cast

import polars as pl
import zstandard

from clickstream_platform.simulate.config import Compression, ShopConfig, delivered_at

_SUFFIX = {"none": "", "gzip": ".gz", "zstd": ".zst"}
_MIXTURE = ("none", "gzip", "none", "zstd")
_BOM = b"\xef\xbb\xbf"
_HEADERS = {
    "customers": b"customer_id,email,name,phone,country,region,signup_date,updated_at\n",
    "orders": (
        b"order_id,customer_id,product_id,quantity,unit_price,total_amount,status,order_time,region,currency,updated_at\n"
    ),
    "marketing_spend": b"date,channel,source,medium,campaign,cost,currency,impressions,clicks,updated_at\n",
    "events": b"",
    "products": b"",
}


def as_bytes(lines: pl.Series) -> bytearray:
    """The lines one after the other, without a Python object a line."""
    if lines.is_empty():
        return bytearray()
    array = lines.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    begin, end = array.offset, array.offset + len(array)
    offsets = memoryview(array.buffers()[1]).cast("q")
    return bytearray(memoryview(array.buffers()[2])[offsets[begin] : offsets[end]])


class Landing:
    """Writes `landing/<dataset>/<day>.<jsonl|csv>` below a folder, in the order of the days.

    Data for a later day waits in memory; it is a small share of a day's.
    """

    def __init__(self, root: Path, config: ShopConfig, compression: Compression) -> None:
        self._root, self._config, self._compression = root / "landing", config, compression
        self._waiting: dict[tuple[str, int], list[bytes | bytearray]] = defaultdict(list)
        self._open: dict[str, IO[bytes]] = {}
        self._paths: dict[str, Path] = {}
        self.day = -1
        self.files = 0
        self.bytes = 0

    def begin_day(self, day: int) -> None:
        """Finish the files of the day before and go to this day."""
        self.close()
        self.day = day

    def write(self, dataset: str, day: int, data: bytes | bytearray) -> None:
        """Put data in the dataset's file of that day: today's or a later one's."""
        if day > self.day:
            self._waiting[dataset, day].append(data)
        elif data:
            file = self._file(dataset)
            file.write(data.replace(b"\n", b"\r\n") if self._is_spreadsheet(dataset) else data)

    def start(self, dataset: str) -> None:
        """Make the dataset's file of today, even if it stays empty, and put in what has waited for it."""
        self._file(dataset)

    def close(self) -> None:
        """Finish the open files."""
        for dataset, file in self._open.items():
            file.close()
            path = self._paths[dataset]
            moment = delivered_at(self._config.day(self.day))
            os.utime(path, (moment, moment))
            self.files += 1
            self.bytes += path.stat().st_size
        self._open.clear()

    def _file(self, dataset: str) -> IO[bytes]:
        if dataset not in self._open:
            folder = self._root / dataset
            folder.mkdir(parents=True, exist_ok=True)
            kind = "csv" if _HEADERS[dataset] else "jsonl"
            compression = self._compression_of(dataset)
            self._paths[dataset] = folder / f"{self._config.day(self.day)}.{kind}{_SUFFIX[compression]}"
            self._open[dataset] = _opened(self._paths[dataset], compression)
            if self._is_spreadsheet(dataset):
                self._open[dataset].write(_BOM)
            for data in (_HEADERS[dataset], *self._waiting.pop((dataset, self.day), [])):
                self.write(dataset, self.day, data)
        return self._open[dataset]

    def _compression_of(self, dataset: str) -> str:
        """Other files than events come plain; events as asked for, or a day so and a day so."""
        if dataset != "events":
            return "none"
        return _MIXTURE[self.day % len(_MIXTURE)] if self._compression == "mixed" else self._compression

    def _is_spreadsheet(self, dataset: str) -> bool:
        """On some days somebody saves the customers with a spreadsheet program: byte order mark, carriage returns."""
        return dataset == "customers" and self.day % 4 == 3


class _Gzip(gzip.GzipFile):
    """A gzip stream that owns its file and tells neither its name nor the time."""

    def __init__(self, path: Path) -> None:
        self._target = path.open("wb")
        super().__init__(filename="", mode="wb", compresslevel=1, fileobj=self._target, mtime=0)

    def close(self) -> None:
        """Finish the stream and its file."""
        super().close()
        self._target.close()


def _opened(path: Path, compression: str) -> IO[bytes]:
    if compression == "gzip":
        return cast("IO[bytes]", _Gzip(path))
    if compression == "zstd":
        return zstandard.ZstdCompressor(level=3).stream_writer(path.open("wb"), closefd=True)
    return path.open("wb")
