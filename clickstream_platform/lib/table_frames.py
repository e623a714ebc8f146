"""What goes between an asset and the IO manager: upstream tables by days, and a table's frames, a batch of days each.

A run may cover a month of days. It is computed in batches of days that together read a bounded number of bytes, so that
memory does not grow with the run: within a day everything streams, but what is brought together by key (duplicates,
sessions) is held until the batch is written.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import narwhals as nw

from clickstream_platform.lake import Lake

Frame = nw.LazyFrame[Any]
"""What table assets take and return."""

BATCH_BYTES = 64 << 20
"""Parquet bytes of upstream days that one batch reads: about a million events, and half a GiB while computing."""


@dataclass(frozen=True)
class Upstream:
    """A table of the lake, read when the days are known."""

    lake: Lake
    table: str

    def frame(self, days: Collection[date] | None) -> Frame:
        """The rows of the days (None: all), lazily."""
        return nw.from_native(self.lake.scan(self.table, days))


@dataclass(frozen=True)
class TableFrames:
    """A table's rows: for each batch of days its lazy frame; one batch with days None for an unpartitioned table."""

    batches: Sequence[tuple[list[date] | None, Frame]]


def batches_of_days(lake: Lake, tables: Collection[str], days: Sequence[date]) -> Iterator[list[date]]:
    """The days in order, as many at a time as read up to `BATCH_BYTES` of the tables; at least one."""
    sizes: dict[date, int] = {}
    for table in tables:
        for day, size in lake.bytes_by_day(table, days).items():
            sizes[day] = sizes.get(day, 0) + size
    batch: list[date] = []
    held = 0
    for day in sorted(days):
        size = sizes.get(day, 0)
        if batch and held + size > BATCH_BYTES:
            yield batch
            batch, held = [], 0
        batch.append(day)
        held += size
    if batch:
        yield batch


def around(days: Sequence[date], window: tuple[int, int] | None) -> list[date]:
    """The days together with those before and after that a window like (-2, 1) adds. Days must be contiguous."""
    before, after = window or (0, 0)
    first, last = min(days) + timedelta(days=before), max(days) + timedelta(days=after)
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def input_frames(
    upstream: Mapping[str, Upstream],
    days: Sequence[date] | None,
    windows: Mapping[str, tuple[int, int]],
    partitioned: Collection[str],
) -> dict[str, Frame]:
    """Each upstream table's frame for a batch of days: its own days and its window; the whole of unpartitioned ones."""
    return {
        name: source.frame(None if days is None or name not in partitioned else around(days, windows.get(name)))
        for name, source in upstream.items()
    }
