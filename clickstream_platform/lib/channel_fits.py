"""Channels' effects by the fitted attribution models, on the paths of a moving window of days.

Counts of paths are small, and they add up: each counts for a stretch of days, so what begins and what ends on each day
is noted once, and running sums give the window of every day in one pass. What is counted of a path (its channels, its
steps) is a sparse matrix, and so are the days: their product is what each day counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeAlias

import narwhals as nw
import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from clickstream_platform.models.markov import removal_effects
from clickstream_platform.models.shapley import EXACT_CHANNELS, channel_values
from clickstream_platform.transforms import treated
from clickstream_platform.transforms._paths import BETWEEN
from clickstream_platform.transforms.conversion_paths import CONVERSION

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

_DIGITS = 12
"""Of an effect: the last bits depend on the machine's linear algebra."""
_SCHEMA = {
    "date": pl.Date,
    "model": pl.String,
    "channel": pl.String,
    "effect": pl.Float64,
    "share": pl.Float64,
    "paths": pl.Int64,
    "conversions": pl.Int64,
    "is_exact": pl.Boolean,
}


def channel_effects(counts: pl.DataFrame, days: Sequence[date], window: int, treatment: str) -> pl.DataFrame:
    """Gold `channel_effects` of some days; a day without any path in its window has no rows.

    Args:
        counts: What `path_counts` gives for `window - 1` days before the first day up to the last one.
        days: The days wanted, contiguous.
        window: How many days up to its own a day's models are fitted on.
        treatment: How a path's repeated channels are treated; see `TREATMENTS`.
    """
    if counts.is_empty():
        return pl.DataFrame(schema=_SCHEMA)
    first = min(days) - timedelta(days=window - 1)
    length = (max(days) - first).days + 1
    of_paths = counts.group_by("path").agg(pl.all()).with_row_index("number")
    paths = _coded(of_paths["path"], treatment)
    running = _Running(paths, _spans(of_paths, first, length, window), length)
    rows: list[pl.DataFrame] = []
    for day in days:
        rows += _fitted(running, (day - first).days, day, paths.channels)
    return pl.concat(rows) if rows else pl.DataFrame(schema=_SCHEMA)


@dataclass(frozen=True)
class _Paths:
    """Distinct paths by number: the channels of all their touches that are left, one path's after the other's."""

    count: int
    channels: list[str]
    path: Integers
    """The number of each touch's path."""
    code: Integers
    """The place of each touch's channel in `channels`."""

    @property
    def begins(self) -> Flags:
        """Which touches are the first of their path."""
        first: Flags = np.diff(self.path, prepend=-1) != 0
        return first

    @property
    def ends(self) -> Flags:
        """Which touches are the last of their path."""
        last: Flags = np.diff(self.path, append=-1) != 0
        return last


def _coded(texts: pl.Series, treatment: str) -> _Paths:
    """Paths, treated, with their channels in alphabetical order."""
    split = pl.DataFrame({"channel": texts.str.split(BETWEEN)}).with_row_index("path")
    steps = split.explode("channel").with_row_index("position")
    channels = steps["channel"].unique().sort()
    code = steps["channel"].cast(pl.Enum(channels)).to_physical().cast(pl.Int64)
    lazy = nw.from_native(steps.select("path", "position", code.alias("code")).lazy())
    kept = treated(lazy, treatment, path=("path",), same=("code",)).to_native().collect().sort("position")
    return _Paths(len(texts), channels.to_list(), kept["path"].to_numpy().astype(np.int64), kept["code"].to_numpy())


def _spans(of_paths: pl.DataFrame, first: date, length: int, window: int) -> pl.DataFrame:
    """From which day on (counted from the first) and before which day each count is within the window."""
    begin = (pl.col("date") - first).dt.total_days()
    until = (pl.col("until") - first).dt.total_days()
    return (
        of_paths.drop("path")
        .explode(pl.selectors.exclude("number"))
        .select(
            "paths",
            path="number",
            converts=pl.col("outcome") == CONVERSION,
            begin=begin,
            end=pl.min_horizontal(begin + window, until, pl.lit(length)),
        )
    )


class _Running:
    """Counts of each day's window: of first channels, of steps, of last channels and of sets of channels."""

    def __init__(self, paths: _Paths, spans: pl.DataFrame, length: int) -> None:
        channels, count = len(paths.channels), paths.count
        won, lost = (
            _changes(spans.filter(pl.col("converts") == converts), length, count) for converts in (True, False)
        )
        begins, ends, inner = paths.begins, paths.ends, ~paths.ends
        step = paths.code[:-1] * channels + paths.code[1:]
        self.first = _sums(won + lost, paths.path[begins], paths.code[begins], channels)
        steps = _sums(won + lost, paths.path[inner], step[inner[:-1]], channels * channels)
        self.steps = steps.reshape(length, channels, channels)
        self.converted, self.lost = (_sums(part, paths.path[ends], paths.code[ends], channels) for part in (won, lost))
        self.members, number = _sets(paths, count)
        self.sets_converted, self.sets_lost = (
            _sums(part, np.arange(count), number, len(self.members)) for part in (won, lost)
        )


def _sets(paths: _Paths, count: int) -> tuple[Flags, Integers]:
    """Distinct sets of channels that paths have (sets x channels), and the number of each path's set."""
    members = np.zeros((count, len(paths.channels)), dtype=np.bool_)
    members[paths.path, paths.code] = True
    packed = np.packbits(members, axis=1)
    _, place, number = np.unique(packed.view(f"V{packed.shape[1]}").ravel(), return_index=True, return_inverse=True)
    return members[place], number


def _changes(spans: pl.DataFrame, length: int, paths: int) -> csr_array:
    """What begins on each day less what ends on it (days x paths); the day after the last one is there too."""
    weights, path = spans["paths"].to_numpy().astype(np.float64), spans["path"].to_numpy()
    cells = np.concatenate([spans["begin"].to_numpy(), spans["end"].to_numpy()]), np.concatenate([path, path])
    return csr_array((np.concatenate([weights, -weights]), cells), shape=(length + 1, paths))


def _sums(changes: csr_array, path: Integers, code: Integers, codes: int) -> Floats:
    """Counts of each code on each day, of the paths that have it: what has begun by then less what has ended."""
    has = csr_array((np.ones(len(path)), (path, code)), shape=(changes.shape[1], codes))
    sums: Floats = (changes @ has).toarray()[:-1].cumsum(axis=0)
    return sums


def _fitted(running: _Running, place: int, day: date, channels: Sequence[str]) -> list[pl.DataFrame]:
    """Both models of one day, on the channels that its window has."""
    won, lost = running.sets_converted[place], running.sets_lost[place]
    used = won + lost > 0
    members, won, lost = running.members[used], won[used], lost[used]
    present = np.flatnonzero(members.any(axis=0))
    if not len(present):
        return []
    members = members[:, present]
    removal = removal_effects(
        running.first[place][present],
        running.steps[place][np.ix_(present, present)],
        running.converted[place][present],
        running.lost[place][present],
    )
    about = {
        "date": [day] * len(present),
        "channel": [channels[number] for number in present.tolist()],
        "paths": ((won + lost) @ members).astype(np.int64),
        "conversions": (won @ members).astype(np.int64),
    }
    values = channel_values(members, won, lost)
    return [
        _rows({**about, "model": model, "is_exact": exact}, np.round(effects, _DIGITS))
        for model, effects, exact in (
            ("markov", removal, True),
            ("shapley", values, len(present) <= EXACT_CHANNELS),
        )
    ]


def _rows(about: dict[str, object], effects: Floats) -> pl.DataFrame:
    positive = np.clip(effects, 0.0, None)
    total = positive.sum()
    share = np.round(positive / total, _DIGITS) if total > 0 else positive
    return pl.DataFrame({**about, "effect": effects, "share": share}, schema_overrides=_SCHEMA).select(*_SCHEMA)
