"""What a pass over a table's rows counts, day by day."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from clickstream_platform.lib.checks.keys import key_hashes
from clickstream_platform.lib.checks.rules import RowRule
from clickstream_platform.lib.checks.samples import sample_rows
from clickstream_platform.schemas import Table

_DAY, _ROWS = "__day__", "__rows__"


@dataclass
class Tally:
    """What is known of one day so far.

    Attributes:
        rows: rows that carry the day's date.
        nulls: of each column that must not have any.
        keys: hashes of the keys, a series a batch.
        failed: rows that break each rule.
        samples: a few of them.
        broken: rules that could not be evaluated, and why.
    """

    rows: int = 0
    nulls: Counter[str] = field(default_factory=Counter)
    keys: list[pl.Series] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    samples: defaultdict[str, list[dict[str, str]]] = field(default_factory=lambda: defaultdict(list))
    broken: dict[str, str] = field(default_factory=dict)


Tallies = Mapping[date | None, Tally]


def required_columns(table: Table) -> list[str]:
    """Columns that must have no nulls."""
    return [name for name, column in table.columns.items() if not column.nullable]


def columns_judged(table: Table, rules: Iterable[RowRule]) -> list[str]:
    """The columns that a pass reads: those that must not be null, the key's, and those that rules look at."""
    judged = {*required_columns(table), *table.key, *(name for rule in rules for name in rule.columns)}
    if any(not rule.columns for rule in rules):
        return list(table.columns)
    return [name for name in table.columns if name in judged or name == table.partition_column]


def count(table: Table, batch: pl.DataFrame, rules: Sequence[RowRule], tallies: Tallies, most_samples: int) -> None:
    """Add a batch of rows to the tallies; rows of days that have none are passed over."""
    required = required_columns(table)
    column = table.partition_column
    days = batch[column].alias(_DAY) if column else pl.repeat(None, batch.height, dtype=pl.Date, eager=True).alias(_DAY)
    nulls = batch.select(pl.col(required).is_null()).with_columns(days)
    for day, rows, *counts in nulls.group_by(_DAY).agg(pl.len().alias(_ROWS), pl.col(required).sum()).iter_rows():
        if day in tallies:
            tallies[day].rows += rows
            tallies[day].nulls.update(dict(zip(required, counts, strict=True)))
    keys = pl.DataFrame({_ROWS: key_hashes(table, batch), _DAY: days})
    for (day,), part in keys.partition_by(_DAY, as_dict=True).items():
        if day in tallies:
            tallies[day].keys.append(part[_ROWS])
    for rule in rules:
        _judge(table, batch, days, rule, tallies, most_samples)


def _judge(
    table: Table, batch: pl.DataFrame, days: pl.Series, rule: RowRule, tallies: Tallies, most_samples: int
) -> None:
    """Which rows break one rule."""
    try:
        held = rule.holds(batch)
    except Exception as error:  # A rule that raises must fail as a check, not take the other checks down.
        for day in days.unique():
            if day in tallies:
                tallies[day].broken[rule.name] = f"the rule could not be evaluated: {type(error).__name__}: {error}"
        return
    if held.all():
        return
    broken = batch.with_columns(days).filter(~held)
    for (day,), part in broken.partition_by(_DAY, as_dict=True).items():
        if day in tallies:
            tally = tallies[day]
            tally.failed[rule.name] += part.height
            room = most_samples - len(tally.samples[rule.name])
            tally.samples[rule.name] += sample_rows(table, part.head(room), rule.columns)
