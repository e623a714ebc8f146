"""Channels' effects by the fitted attribution models, on the paths of a moving window of days.

Counts of paths are small, and they add up: each counts for a stretch of days, so what begins and what ends on each day
is noted once, and running sums give the window of every day in one pass.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TypeAlias

import narwhals as nw
import numpy as np
import polars as pl
from numpy.typing import NDArray

from clickstream_platform.models.markov import removal_effects
from clickstream_platform.models.shapley import EXACT_CHANNELS, channel_values
from clickstream_platform.transforms import treated
from clickstream_platform.transforms._paths import BETWEEN
from clickstream_platform.transforms.conversion_paths import CONVERSION

Floats: TypeAlias = NDArray[np.float64]

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
    paths, channels = _coded(counts, treatment)
    spans = _spans(counts, first, length, window)
    running = _Running(paths, spans, len(channels), length)
    rows: list[pl.DataFrame] = []
    for day in days:
        rows += _fitted(running, (day - first).days, day, channels)
    return pl.concat(rows) if rows else pl.DataFrame(schema=_SCHEMA)


def _coded(counts: pl.DataFrame, treatment: str) -> tuple[pl.DataFrame, list[str]]:
    """Each distinct path as its channels' codes, treated, and the channels in the order of their codes."""
    distinct = counts.select(pl.col("path").unique().sort())
    touches = distinct.with_columns(channel=pl.col("path").str.split(BETWEEN)).with_row_index("number")
    steps = touches.explode("channel").with_columns(position=pl.int_range(pl.len()).over("number"))
    channels = steps["channel"].unique().sort().to_list()
    code = steps["channel"].replace_strict(channels, list(range(len(channels))), return_dtype=pl.Int64)
    lazy = nw.from_native(steps.with_columns(code=code).lazy())
    kept = treated(lazy, treatment, path=("number",), same=("code",)).to_native()
    coded = kept.group_by("number").agg(pl.col("code").sort_by("position")).collect()
    return touches.select("number", "path").join(coded, on="number"), channels


def _spans(counts: pl.DataFrame, first: date, length: int, window: int) -> pl.DataFrame:
    """From which day on (counted from the first) and before which day each count is within the window."""
    begin = (pl.col("date") - first).dt.total_days()
    until = (pl.col("until") - first).dt.total_days()
    return counts.select(
        "path",
        "paths",
        converts=pl.col("outcome") == CONVERSION,
        begin=begin,
        end=pl.min_horizontal(begin + window, until, pl.lit(length)),
    )


class _Running:
    """Counts of each day's window: of first channels, of steps, of last channels and of sets of channels."""

    def __init__(self, paths: pl.DataFrame, spans: pl.DataFrame, channels: int, length: int) -> None:
        sets = paths.with_columns(members=pl.col("code").list.unique().list.sort())
        distinct = sets.select(pl.col("members").unique(maintain_order=True)).with_row_index("set")
        self.members = np.zeros((distinct.height, channels), dtype=np.bool_)
        flat = distinct.explode("members")
        self.members[flat["set"].to_numpy(), flat["members"].to_numpy()] = True
        known = sets.join(distinct, on="members").drop("members").join(spans, on="path")
        code = pl.col("code")
        pairs = known.filter(code.list.len() > 1).select(
            "begin",
            "end",
            "paths",
            step=code.list.head(code.list.len() - 1),
            to=code.list.tail(code.list.len() - 1),
        )
        steps = pairs.explode("step", "to").with_columns(step=pl.col("step") * channels + pl.col("to"))
        won, lost = known.filter("converts"), known.filter(~pl.col("converts"))
        last, size = code.list.last(), (length, channels)
        self.first = _sums(known, code.list.first(), *size)
        self.steps = _sums(steps, pl.col("step"), length, channels * channels).reshape(length, channels, channels)
        self.converted, self.lost = (_sums(part, last, *size) for part in (won, lost))
        self.sets_converted, self.sets_lost = (
            _sums(part, pl.col("set"), length, distinct.height) for part in (won, lost)
        )


def _sums(rows: pl.DataFrame, code: pl.Expr, length: int, codes: int) -> Floats:
    """Counts of each code on each day: what has begun by then less what has ended."""
    values = rows.select("begin", "end", "paths", code=code.cast(pl.Int64))
    weights, place = values["paths"].to_numpy(), values["code"].to_numpy()
    changes = np.zeros((length + 1) * codes)
    for column, sign in (("begin", 1.0), ("end", -1.0)):
        cells = values[column].to_numpy() * codes + place
        changes += sign * np.bincount(cells, weights=weights, minlength=len(changes))
    sums: Floats = changes.reshape(length + 1, codes)[:length].cumsum(axis=0)
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
