"""Random draws on integers alone, so that every machine draws the same.

Floating-point functions (`exp`, `log`) differ in their last bit between processors; one such bit in an event time would
make two machines write different files. So distributions are integer tables here.
"""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]
Bits = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]
Scalar = TypeVar("Scalar", bound=np.generic)

_HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
_PAIRS = np.array([f"{number:02d}" for number in range(100)], dtype="S2")
_TRIPLES = np.array([f"{number:03d}" for number in range(1_000)], dtype="S3")
_TIMESTAMP = np.dtype(
    {
        "names": ["date", "hour", "minute", "second", "milli", "micro"],
        "formats": ["S10", "S2", "S2", "S2", "S3", "S3"],
        "offsets": [0, 11, 14, 17, 20, 23],
        "itemsize": 27,
    }
)


def generator(seed: int, *path: int) -> np.random.Generator:
    """A stream of its own for each (seed, path): days and blocks can be drawn in any order."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *path])))


def mix(values: Ints | Bits, salt: int) -> Bits:
    """A fixed pseudo-random 64-bit number for each value: one-to-one for a given salt.

    The finaliser of SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators").
    """
    x = values.astype(np.uint64) + np.uint64(salt * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def trait(values: Ints, salt: int, below: int) -> Ints:
    """A lasting property of each value: a number in 0..below-1 that depends on nothing but value and salt."""
    return (mix(values, salt) % np.uint64(below)).astype(np.int64)


def weighted_trait(values: Ints, salt: int, weights: Sequence[int]) -> Ints:
    """A lasting choice of each value among the weights' positions."""
    cumulative = np.cumsum(np.asarray(weights, dtype=np.int64))
    return np.searchsorted(cumulative, trait(values, salt, int(cumulative[-1])), side="right").astype(np.int64)


def weighted(rng: np.random.Generator, weights: Sequence[int], size: int) -> Ints:
    """A draw among the weights' positions."""
    cumulative = np.cumsum(np.asarray(weights, dtype=np.int64))
    return np.searchsorted(cumulative, rng.integers(0, cumulative[-1], size), side="right").astype(np.int64)


def chance(rng: np.random.Generator, per_million: int, size: int) -> Flags:
    """True with a probability of so many in a million."""
    return rng.integers(0, 1_000_000, size) < per_million


def positions(counts: Ints) -> tuple[Ints, Ints]:
    """For groups of these sizes laid end to end: each row's group, and its place inside the group."""
    group = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
    first = np.cumsum(counts) - counts
    return group, np.arange(len(group), dtype=np.int64) - first[group]


def grown(values: npt.NDArray[Scalar], size: int, fill: int) -> npt.NDArray[Scalar]:
    """The array where it has room for so many, else a copy twice as long as needed, filled up."""
    if len(values) >= size:
        return values
    return np.concatenate([values, np.full(2 * size - len(values), fill, dtype=values.dtype)])


def hexadecimal(bits: Bits) -> npt.NDArray[np.uint8]:
    """The 16 hexadecimal digits of each number, one row each."""
    octets = bits.astype(">u8").view(np.uint8).reshape(-1, 8)
    digits = np.empty((len(bits), 16), dtype=np.uint8)
    digits[:, 0::2] = _HEX[octets >> 4]
    digits[:, 1::2] = _HEX[octets & 15]
    return digits


def strings(characters: npt.NDArray[np.uint8]) -> pl.Series:
    """Rows of ASCII codes as strings, without a Python object each."""
    rows, width = characters.shape
    whole = np.ascontiguousarray(characters).view(f"S{width}").reshape(rows)
    return pl.Series(whole, dtype=pl.Binary).cast(pl.String)


def joined(parts: Sequence[pl.Series]) -> pl.Series:
    """The parts' strings of each row, one after the other."""
    frame = pl.DataFrame([part.alias(str(place)) for place, part in enumerate(parts)])
    return frame.select(pl.concat_str(pl.all()).alias("text"))["text"]


def uuids(numbers: Ints, salt: int) -> pl.Series:
    """UUID-shaped ids (version 4, variant 1): different for different numbers, the order of numbers not visible."""
    unique, filler = hexadecimal(mix(numbers, salt)), hexadecimal(mix(numbers, salt + 1))
    text = np.full((len(numbers), 36), ord("-"), dtype=np.uint8)
    text[:, 0:8] = unique[:, 0:8]
    text[:, 9:13] = unique[:, 8:12]
    text[:, 14] = ord("4")
    text[:, 15:18] = unique[:, 12:15]
    text[:, 19] = ord("8")
    text[:, 20:22] = filler[:, 0:2]
    text[:, 22] = unique[:, 15]
    text[:, 24:36] = filler[:, 2:14]
    return strings(text)


def numbered(prefix: str, numbers: Ints, width: int) -> pl.Series:
    """`prefix` and the number, padded with zeros to `width` digits; higher digits are cut off."""
    digits = -(-width // 3) * 3
    groups = np.empty((len(numbers), digits // 3), dtype="S3")
    rest = numbers
    for place in range(digits // 3 - 1, -1, -1):
        rest, group = np.divmod(rest, 1_000)
        groups[:, place] = _TRIPLES[group]
    text = np.empty((len(numbers), len(prefix) + width), dtype=np.uint8)
    text[:, : len(prefix)] = np.frombuffer(prefix.encode("ascii"), dtype=np.uint8)
    text[:, len(prefix) :] = groups.view(np.uint8)[:, digits - width :]
    return strings(text)


def timestamps(micros: Ints) -> pl.Series:
    """RFC 3339 in UTC with microseconds: `2024-03-01T12:00:00.000000Z`."""
    days, of_day = np.divmod(micros, 86_400_000_000)
    first, last = (int(days.min()), int(days.max())) if len(days) else (0, 0)
    known = np.arange(first, last + 1).astype("datetime64[D]")
    text = np.empty(len(micros), dtype=_TIMESTAMP)
    text.view("S27")[:] = b"0000-00-00T00:00:00.000000Z"
    text["date"] = np.datetime_as_string(known).astype("S10")[days - first]
    seconds, fraction = (part.astype(np.uint32) for part in np.divmod(of_day, 1_000_000))
    minutes, second = np.divmod(seconds, np.uint32(60))
    hour, minute = np.divmod(minutes, np.uint32(60))
    high, low = np.divmod(fraction, np.uint32(1_000))
    text["hour"], text["minute"], text["second"] = _PAIRS[hour], _PAIRS[minute], _PAIRS[second]
    text["milli"], text["micro"] = _TRIPLES[high], _TRIPLES[low]
    return strings(text.view(np.uint8).reshape(-1, 27))


def amounts(cents: Ints) -> pl.Series:
    """Cents as a decimal number with two places: `1234` is `12.34`."""
    frame = pl.DataFrame({"cents": cents}).select(
        pl.concat_str(
            (pl.col("cents") // 100).cast(pl.String),
            pl.lit("."),
            (pl.col("cents") % 100).cast(pl.String).str.zfill(2),
        ).alias("amount")
    )
    return frame["amount"]
