"""What a measure of a gold table's day is, and the kinds of measures that tables have."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

Kind = Literal["count", "amount", "rate", "average"]


@dataclass(frozen=True)
class Measure:
    """A figure that a day has once, whatever segments it has.

    Attributes:
        name: what people call it.
        columns: the columns of the table that it stands for.
        value: its aggregation; of a rate or average the numerator. Null: the day cannot be judged by it.
        kind: a count varies at least as its square root, an amount as the things it is summed over, a rate as a
            proportion of its denominator, an average as one over the root of it.
        per: the denominator of a rate or average; of an amount, how many things it is the sum of, where that is known.
    """

    name: str
    columns: tuple[str, ...]
    value: pl.Expr
    kind: Kind = "count"
    per: pl.Expr | None = None

    @property
    def is_ratio(self) -> bool:
        """Whether it is its value over `per`."""
        return self.kind in ("rate", "average")

    def shown(self, value: float) -> str:
        """A value of it, for people."""
        return {"rate": f"{value:.2%}", "average": f"{value:,.2f}"}.get(self.kind, f"{value:,.0f}")


@dataclass(frozen=True)
class DailyTotals:
    """The measures of a table.

    Attributes:
        measures: judged each by itself.
        dimensions: columns whose segments explain a change.
        split: an expression that tells apart things with measures of their own; none where the table has one such.
        rows: which rows add up to the day.
        segment_rows: for a table that has its segments in rows of their own: which these are. They are told by its
            columns `dimension` and `segment`.
        measured: gives the splits that are measured at present. One of these without rows on a day had nothing then;
            any other without rows is measured no longer. None: all that ever had rows.
        left_out: numeric columns that are no measure, with the reason.
    """

    measures: tuple[Measure, ...]
    dimensions: tuple[str, ...] = ()
    split: pl.Expr = field(default_factory=lambda: pl.lit(""))
    rows: pl.Expr = field(default_factory=lambda: pl.lit(True))
    segment_rows: pl.Expr | None = None
    measured: Callable[[], Collection[str]] | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)


def total(column: str) -> pl.Expr:
    """The sum of a column."""
    return pl.col(column).cast(pl.Float64).sum()


def count(name: str, column: str) -> Measure:
    """How many things a column counts in all."""
    return Measure(name, (column,), total(column))


def amount(name: str, column: str, things: str) -> Measure:
    """What the things that another column counts are worth together."""
    return Measure(name, (column,), total(column), "amount", total(things))


def rate(column: str, part: str, whole: str) -> Measure:
    """Which part of the whole it is, over all rows of the day; a column has it by row."""
    return Measure(column.replace("_", " "), (column,), total(part), "rate", total(whole))
