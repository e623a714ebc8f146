"""Arrow arrays from plain Python values, by the fastest exact way for each type."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import accumulate, pairwise
from typing import Any

import pyarrow as pa

from clickstream_platform.ingest.arrow_compute import cast, extremes, rounded_product, runs, sorted_places
from clickstream_platform.ingest.bronze_schemas import MONEY, TIME

_EXACT_SECONDS = 8e9
_UNSCALED = pa.decimal128(19, 0)


def cents_of(amounts: Iterable[float | None]) -> list[int | None]:
    """Amounts as whole cents, rounded half to even; None stays None.

    An amount is a binary double here; below the contract's `MAX_AMOUNT` a double's error is far below half a cent, so
    an amount written with two decimals gives exactly its cents. Further decimals are rounded by the double's value.
    """
    return [None if amount is None else round(amount * 100.0) for amount in amounts]


def money(cents: Sequence[int | None]) -> pa.Array:
    """Decimal(18, 2) from cents: the same 128-bit integers, read with two decimal places."""
    whole = cast(pa.array(cents, pa.int64()), _UNSCALED)
    return pa.Array.from_buffers(MONEY, len(cents), whole.buffers())


def money_column(amounts: Iterable[float | None]) -> pa.Array:
    """Decimal(18, 2) from amounts."""
    return money(cents_of(amounts))


def times_of(moments: Sequence[datetime | None]) -> pa.Array:
    """Timestamps from moments with any UTC offset; None stays None.

    Arrow asks each moment for its time zone, which is slow; a double of epoch seconds tells microseconds apart for some
    centuries around 1970.
    """
    seconds = pa.array([None if moment is None else moment.timestamp() for moment in moments], pa.float64())
    least, most = extremes(seconds)
    if least is not None and max(most, -least) > _EXACT_SECONDS:
        return pa.array(moments, TIME)
    return cast(rounded_product(seconds, 1e6), pa.int64()).view(TIME)


def hashes(values: Sequence[int]) -> pa.Array:
    """Unsigned 64-bit hashes as the signed integers of the same bits."""
    return pa.array(values, pa.uint64()).view(pa.int64())


def days_of(times: pa.Array) -> pa.Array:
    """The UTC day of timestamps."""
    return cast(times, pa.date32())


def order_by_day(times: pa.Array) -> pa.Array | None:
    """The order that brings rows of one day together and keeps them in order otherwise; None when they are."""
    days = days_of(times)
    found, _ = runs(days)
    return None if all(earlier < later for earlier, later in pairwise(found)) else sorted_places(days)


def offsets_of(lengths: Iterable[int]) -> pa.Array:
    """List offsets from lengths."""
    return pa.array(accumulate(lengths, initial=0), pa.int32())


def repeated(value: Any, count: int, kind: pa.DataType) -> pa.Array:
    """One value, `count` times."""
    return pa.repeat(pa.scalar(value, kind), count)
