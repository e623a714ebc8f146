"""A few offending rows, fit to be shown: keys and the offending columns alone, personal values masked."""

from collections.abc import Iterable

import polars as pl

from clickstream_platform.lib.checks.rules import personal_columns
from clickstream_platform.schemas import Table

MASK = "(personal)"
LONGEST_VALUE = 80


def sample_rows(table: Table, frame: pl.DataFrame, columns: Iterable[str]) -> list[dict[str, str]]:
    """The frame's rows as text, of the table's key, its partition column and `columns` alone."""
    hidden = personal_columns(table)
    wanted = dict.fromkeys([*table.key, *columns])
    shown = [name for name in wanted if name in frame.columns]
    return [
        {name: _text(value, hidden=name in hidden) for name, value in row.items()}
        for row in frame.select(shown).iter_rows(named=True)
    ]


def _text(value: object, *, hidden: bool) -> str:
    if value is None:
        return "null"
    if hidden:
        return MASK
    text = str(value)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"
