"""Two states of tables side by side: which measure of which table differs, and on which days."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple, TypeAlias

import polars as pl

from clickstream_platform.lake import Lake
from clickstream_platform.lake.figures import CONTENT, Figure, Figures, table_figures
from clickstream_platform.schemas import TABLES

Snapshot: TypeAlias = dict[str, dict[date | None, Figures]]
"""Figures by table and day; day None for unpartitioned tables."""

UNREADABLE = "unreadable"
"""The one measure of a table that cannot be read."""
_DAYS_SHOWN = 4


class Difference(NamedTuple):
    """One measure that is another now.

    Attributes:
        before: Over all days; `days` may differ where this does not, when something moved between them.
        days: Where it differs; empty for an unpartitioned table.
    """

    table: str
    measure: str
    before: Figure
    after: Figure
    days: list[date]


def snapshot(
    lake: Lake, tables: Iterable[str], days: Collection[date], on_table: Callable[[str], None] = lambda table: None
) -> Snapshot:
    """The figures of tables on some days. A table that cannot be read has that as its figure: rebuilding mends it."""
    found: Snapshot = {}
    for table in tables:
        try:
            found[table] = table_figures(lake, table, days)
        except (pl.exceptions.PolarsError, OSError):
            found[table] = {None: {UNREADABLE: 1}}
        on_table(table)
    return found


def differences(before: Snapshot, after: Snapshot) -> list[Difference]:
    """What differs, in the order of tables and measures. Tables that only one of both has differ from empty ones."""
    found = []
    for table in (name for name in TABLES if name in before or name in after):
        then, now = before.get(table, {}), after.get(table, {})
        measures = dict.fromkeys(name for figures in (*then.values(), *now.values()) for name in figures)
        for measure in measures:
            days = [day for day in {**then, **now} if _at(then, day, measure) != _at(now, day, measure)]
            if days:
                dates = sorted(day for day in days if day is not None)
                found.append(Difference(table, measure, _total(then, measure), _total(now, measure), dates))
    return found


def as_markdown(found: Sequence[Difference]) -> str:
    """A Markdown table of differences."""
    head = "| table | measure | before | after | days |\n| --- | --- | ---: | ---: | --- |\n"
    lines = [f"| {' | '.join(map(_escaped, cells))} |\n" for cells in map(shown, found)]
    return head + "".join(lines)


def shown(one: Difference) -> tuple[str, str, str, str, str]:
    """A difference as texts: table, measure, before, after, days."""
    days = ", ".join(map(str, one.days[:_DAYS_SHOWN]))
    more = len(one.days) - _DAYS_SHOWN
    layer = TABLES[one.table].layer
    return (
        f"{layer}.{one.table}",
        one.measure,
        _text(one.measure, one.before),
        _text(one.measure, one.after),
        days + (f" and {more} more" if more > 0 else ""),
    )


def _at(figures: Mapping[date | None, Figures], day: date | None, measure: str) -> Figure:
    return figures.get(day, {}).get(measure, 0)


def _total(figures: Mapping[date | None, Figures], measure: str) -> Figure:
    total = sum((one.get(measure, 0) for one in figures.values()), Decimal(0))
    if measure == CONTENT:
        return int(total) % 2**64
    return (
        int(total)
        if total == int(total) and not any(isinstance(one.get(measure), Decimal) for one in figures.values())
        else total
    )


def _text(measure: str, value: Figure) -> str:
    return f"{int(value):016x}" if measure == CONTENT else f"{value:,}"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")
