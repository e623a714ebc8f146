"""A table's row rules, as its Pandera model declares them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import polars as pl
from pandera.api.checks import Check
from polars.io.plugins import register_io_source

from clickstream_platform.lib.checks.verdict import Severity
from clickstream_platform.schemas import Table


@dataclass(frozen=True)
class RowRule:
    """One rule that every row must keep.

    Attributes:
        name: of its check: the rule without its bound.
        column: the column it is declared on; None for a rule over several.
        columns: what it looks at, and so what an offending row is shown with.
        check: Pandera's check.
        severity: what a broken rule means.
        description: the rule as a sentence.
    """

    name: str
    column: str | None
    columns: tuple[str, ...]
    check: Check
    severity: Severity
    description: str

    def holds(self, rows: pl.DataFrame) -> pl.Series:
        """Whether each row keeps the rule; null (and so no failure) where a value is null.

        Raises:
            TypeError: the rule does not answer for each row.
            pl.exceptions.PolarsError: the rule does not fit the columns.
        """
        answers: pl.Series = self.check(rows.lazy(), self.column).check_output.collect().to_series()
        if answers.len() != rows.height or answers.dtype != pl.Boolean:
            raise TypeError(f"{answers.len()} answers of type {answers.dtype} for {rows.height} rows")
        return answers


@cache
def row_rules(table: Table) -> tuple[RowRule, ...]:
    """The rules of a table's model in the model's order: of its columns, then of the rows as a whole."""
    schema = table.model.to_schema()
    of_columns = [_rule(table, column, check) for column, field in schema.columns.items() for check in field.checks]
    return (*of_columns, *(_rule(table, None, check) for check in schema.checks))


def _rule(table: Table, column: str | None, check: Check) -> RowRule:
    return RowRule(
        name=f"{column}_{_NAMES.get(str(check.name), check.name)}" if column else str(check.name),
        column=column,
        columns=(column,) if column else _columns_read(table, check),
        check=check,
        severity="warn" if check.raise_warning else "error",
        description=check.description or (_said(column, check) if column else str(check.name)),
    )


@cache
def personal_columns(table: Table) -> frozenset[str]:
    """Columns tagged as personal data: their values are never shown."""
    return frozenset(name for name, column in table.columns.items() if (column.metadata or {}).get("personal"))


_NAMES = {
    "isin": "allowed",
    "greater_than": "lower_bound",
    "greater_than_or_equal_to": "lower_bound",
    "less_than": "upper_bound",
    "less_than_or_equal_to": "upper_bound",
}
_SENTENCES = {
    "greater_than": "{column} is greater than {min_value}",
    "greater_than_or_equal_to": "{column} is {min_value} or more",
    "less_than": "{column} is less than {max_value}",
    "less_than_or_equal_to": "{column} is {max_value} or less",
}


def _said(column: str, check: Check) -> str:
    """A built-in rule as a sentence."""
    figures = check.statistics or {}
    if check.name == "isin":
        return f"{column} is one of {', '.join(map(str, figures['allowed_values']))}"
    sentence = _SENTENCES.get(str(check.name))
    return sentence.format(column=column, **figures) if sentence else f"{column}: {check.error or check.name}"


def _columns_read(table: Table, check: Check) -> tuple[str, ...]:
    """The columns a rule over the whole row really looks at: what Polars asks of a source when it runs over it."""
    asked: set[str] = set()

    def rows(
        with_columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        asked.update(table.columns if with_columns is None else with_columns)
        yield pl.DataFrame(schema=table.polars_schema()).select(pl.all() if with_columns is None else with_columns)

    try:
        check(register_io_source(rows, schema=table.polars_schema()), None).check_output.collect()
    except Exception:  # A rule that cannot run is told of by its own check, when it fails on the table's rows.
        return ()
    return tuple(name for name in table.columns if name in asked)
