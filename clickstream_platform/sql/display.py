"""Results as tables for people."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

import pyarrow as pa
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from clickstream_platform.sql.output import plain
from clickstream_platform.sql.session import Result

_LONGEST_CELL = 200


def show(result: Result, console: Console, max_rows: int) -> str:
    """Print a result's first rows as a table.

    Args:
        result: what to print; no more of it is computed than is shown.
        console: where to.
        max_rows: the most rows; 0 for all.

    Returns:
        What to say below it: how many rows, and whether there are more.
    """
    if result.is_plan:
        for row in _rows(result):
            console.print(Text(str(row[-1])), soft_wrap=True)
        return ""
    rows = _rows(result)
    shown = list(islice(rows, max_rows) if max_rows else rows)
    more = max_rows > 0 and next(rows, None) is not None
    console.print(_table(result.schema, shown, wide=not console.is_terminal))
    if more:
        return f"the first {len(shown):,} rows; --max-rows 0 shows all, --output FILE keeps them"
    return f"{len(shown):,} row{'' if len(shown) == 1 else 's'}"


def _table(schema: pa.Schema, rows: list[tuple[object, ...]], *, wide: bool) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for field in schema:
        number = pa.types.is_integer(field.type) or pa.types.is_floating(field.type) or pa.types.is_decimal(field.type)
        table.add_column(
            Text(_printable(field.name)), justify="right" if number else "left", overflow="fold", no_wrap=wide or number
        )
    for row in rows:
        table.add_row(*map(_cell, row))
    return table


def _rows(result: Result) -> Iterator[tuple[object, ...]]:
    for batch in result.batches:
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _cell(value: object) -> Text:
    if value is None:
        return Text("NULL", style="dim")
    if isinstance(value, datetime):
        return Text(value.isoformat(sep=" ").replace("+00:00", "Z"))
    text = _printable(str(plain(value)))
    return Text(text if len(text) <= _LONGEST_CELL else text[: _LONGEST_CELL - 1] + "…")


def _printable(text: str) -> str:
    """Without control characters: what shops send must not steer the terminal."""
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
