"""Arrow arrays from plain Python values, by the fastest exact way for each type."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from clickstream_platform.ingest.bronze_schemas import MONEY, TIME

Cents = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_DAY_MICROSECONDS = 86_400_000_000
_EXACT_SECONDS = 8e9


def cents_of(amounts: Sequence[float | None]) -> tuple[Cents, Mask]:
    """Amounts as whole cents, rounded half to even, and which of them are there.

    An amount is a binary double here; below the contract's `MAX_AMOUNT` a double's error is far below half a cent, so
    an amount written with two decimals gives exactly its cents. Further decimals are rounded by the double's value.
    """
    array = pa.array(amounts, pa.float64())
    present = np.ones(len(array), np.bool_) if array.null_count == 0 else array.is_valid().to_numpy(False)
    return np.rint(array.fill_null(0.0).to_numpy() * 100.0).astype(np.int64), present


def money(cents: Cents, present: Mask) -> pa.Array:
    """Decimal(18, 2) from cents: the 128-bit integers are laid out directly (sign-extended little-endian)."""
    wide = np.empty((len(cents), 2), np.int64)
    wide[:, 0] = cents
    wide[:, 1] = cents >> 63
    validity = None if present.all() else pa.py_buffer(np.packbits(present, bitorder="little").tobytes())
    return pa.Array.from_buffers(MONEY, len(cents), [validity, pa.py_buffer(wide)])


def money_column(amounts: Sequence[float | None]) -> pa.Array:
    """Decimal(18, 2) from amounts."""
    return money(*cents_of(amounts))


def times_of(moments: Sequence[datetime]) -> pa.Array:
    """Timestamps from moments with any UTC offset, none missing.

    Arrow asks each moment for its time zone, which is slow; a double of epoch seconds tells microseconds apart for some
    centuries around 1970.
    """
    seconds = np.fromiter([moment.timestamp() for moment in moments], np.float64, len(moments))
    if len(seconds) and np.abs(seconds).max() > _EXACT_SECONDS:
        return pa.array(moments, TIME)
    return pa.array(np.rint(seconds * 1e6).astype(np.int64)).cast(TIME)


def hashes(values: Sequence[int]) -> pa.Array:
    """Unsigned 64-bit hashes as the signed integers of the same bits."""
    return pa.array(np.array(values, np.uint64).view(np.int64))


def day_numbers(times: pa.Array) -> npt.NDArray[np.int32]:
    """Days since 1970-01-01 (UTC) of timestamps without nulls."""
    microseconds: Cents = times.cast(pa.int64()).to_numpy()
    return np.floor_divide(microseconds, _DAY_MICROSECONDS).astype(np.int32)


def days_of(times: pa.Array) -> pa.Array:
    """The UTC day of timestamps without nulls."""
    return pa.array(day_numbers(times)).cast(pa.date32())


def order_by_day(times: pa.Array) -> npt.NDArray[np.int64] | None:
    """The order that brings rows of one day together and keeps them in order otherwise; None when they are."""
    days = day_numbers(times)
    return None if bool((days[1:] >= days[:-1]).all()) else np.argsort(days, kind="stable")


def offsets_of(lengths: Iterable[int], count: int) -> npt.NDArray[np.int32]:
    """List offsets from lengths."""
    offsets = np.zeros(count + 1, np.int32)
    np.cumsum(np.fromiter(lengths, np.int32, count), out=offsets[1:])
    return offsets


def repeated(value: Any, count: int, kind: pa.DataType) -> pa.Array:
    """One value, `count` times."""
    return pa.repeat(pa.scalar(value, kind), count)
