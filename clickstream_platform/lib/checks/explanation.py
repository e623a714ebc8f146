"""Which segments moved when a day's total did.

A segment's part of the change is what it lies off its own median of the same weekdays. The part of a rate is what the
segment adds to the difference between the day's rate and the usual one: its excess over the usual rate times its share
of the denominator, which over all segments adds up to the difference; and of that, again, the change against the
median.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from clickstream_platform.lib.checks.measures import Measure

MOST_SEGMENTS = 3
LEAST_SHARE = 0.1
"""A smaller part of the change is not worth naming."""
LEAST_EXCESS = 0.2
"""A segment stands out when its part of the change is by so much more than its usual part of the total."""


@dataclass(frozen=True)
class Moved:
    """A segment's part in a change.

    Attributes:
        dimension: what the table is broken down by.
        segment: its value.
        value: the segment's own total (of a rate: its rate).
        usual: the median of it.
        share: of the change; 1 is all of it, more than 1 when others moved against it.
        excess: `share` less the segment's usual share of the total (of a rate: of its denominator).
    """

    dimension: str
    segment: str
    value: float
    usual: float
    share: float
    excess: float


def moved(
    segments: pl.DataFrame, odd: pl.DataFrame, compared: pl.DataFrame, place: int, measure: Measure, dimension: str
) -> dict[tuple[date, str], list[Moved]]:
    """For days and splits whose measure is odd: the segments that most of the change comes from, largest part first.

    Args:
        segments: totals with a row a `day`, `split` and `segment`.
        odd: the days and splits, with `value` and `expected`.
        compared: days with the days `before` them that they are compared with.
        place: of the measure.
        measure: which changed.
        dimension: of the segments.
    """
    grid = _grid(segments, odd, compared, place)
    rows = (
        _weighed(grid, measure)
        .group_by("day", "split", "segment")
        .agg(
            now=pl.col("part").filter("now").sum(),
            before=pl.col("part").filter(~pl.col("now")).median().fill_null(0.0),
            weight=pl.col("weight").filter(~pl.col("now")).median().fill_null(0.0).clip(0, 1),
            value=pl.col("own").filter("now").sum(),
            usual=pl.col("own").filter(~pl.col("now")).median().fill_null(0.0),
        )
        .join(odd.select("day", "split", total="value", expected="expected"), on=["day", "split"])
        .with_columns(share=(pl.col("now") - pl.col("before")) / (pl.col("total") - pl.col("expected")))
        .with_columns(excess=pl.col("share") - pl.col("weight"))
        .filter(pl.col("share") >= LEAST_SHARE)
        .sort("day", "split", "excess", "segment", descending=[False, False, True, False])
        .group_by("day", "split", maintain_order=True)
        .head(MOST_SEGMENTS)
    )
    found: dict[tuple[date, str], list[Moved]] = {}
    for day, split, *figures in rows.select("day", "split", "segment", "value", "usual", "share", "excess").iter_rows():
        found.setdefault((day, split), []).append(Moved(dimension, *figures))
    return found


def _grid(segments: pl.DataFrame, odd: pl.DataFrame, compared: pl.DataFrame, place: int) -> pl.DataFrame:
    """Every segment of an odd day (`day`) on that day itself (`now`) and on each that it is compared with (`at`).

    A segment without rows had the `value` 0 then. Days without any rows are not compared with, but an odd one is 0 in
    every segment.
    """
    sums = segments.select("split", "segment", at="day", value=f"value_{place}", per=f"per_{place}").drop_nulls("value")
    known = sums.select("at", "split").unique()
    cells = odd.select("day", "split", "expected")
    today = cells.with_columns(at=pl.col("day"), now=pl.lit(True))
    before = cells.join(compared.rename({"before": "at"}), on="day").with_columns(now=pl.lit(False))
    seen = pl.concat([today, before.join(known, on=["at", "split"], how="semi")])
    names = seen.join(sums, on=["at", "split"]).select("day", "split", "segment").unique()
    grid = names.join(seen, on=["day", "split"]).join(sums, on=["at", "split", "segment"], how="left")
    return grid.with_columns(pl.col("value").fill_null(0.0), pl.col("per").fill_null(0.0))


def _weighed(grid: pl.DataFrame, measure: Measure) -> pl.DataFrame:
    """The grid with each segment's `part` of the day's total, its `own` total, and its `weight` in the whole."""
    if not measure.is_ratio:
        usual = pl.col("expected")
        weight = pl.when(usual > 0).then(pl.col("value") / usual).otherwise(0.0)
        return grid.with_columns(part="value", own="value", weight=weight)
    whole = pl.col("per").sum().over("day", "split", "at")
    excess = pl.col("value") - pl.col("expected") * pl.col("per")
    return grid.with_columns(
        part=pl.when(whole > 0).then(excess / whole).otherwise(0.0),
        own=pl.when(pl.col("per") > 0).then(pl.col("value") / pl.col("per")).otherwise(0.0),
        weight=pl.when(whole > 0).then(pl.col("per") / whole).otherwise(0.0),
    )


def in_words(measure: Measure, parts: Sequence[Moved]) -> str:
    """The segment that stands out most; that the change is spread when none does."""
    best = max(parts, key=lambda one: one.excess, default=None)
    if best is None or best.excess < LEAST_EXCESS:
        return "spread over all segments"
    return f"most of it: {_said(measure, best)}"


def in_full(measure: Measure, parts: Sequence[Moved]) -> str:
    """Every segment worth naming, those that stand out most first."""
    ordered = sorted(parts, key=lambda one: (-one.excess, one.dimension, one.segment))
    return "; ".join(_said(measure, one) for one in ordered) or "no segment by itself"


def _said(measure: Measure, one: Moved) -> str:
    name = one.segment if one.segment.isprintable() else repr(one.segment)
    return (
        f"{one.dimension} {name} {measure.shown(one.value)} instead of {measure.shown(one.usual)} "
        f"({one.share:.0%} of the change)"
    )
