"""What a statement is allowed to do, and which tables it may mean."""

import re
from typing import TYPE_CHECKING

from clickstream_platform.sql.catalogue import CATALOGUE, LakeTable
from clickstream_platform.sql.errors import SqlError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_COMMENT = r"(?:\s|--[^\n]*\n|/\*.*?\*/)*"
_EXPLAIN = re.compile(
    rf"{_COMMENT}EXPLAIN\b(?:{_COMMENT}ANALYZE\b)?(?:{_COMMENT}\([^()]*\))?", re.IGNORECASE | re.DOTALL
)
_CATALOG_VIEWS = re.compile(r"\b(show|information_schema|duckdb_\w+|pg_\w+|sqlite_\w+)\b", re.IGNORECASE)
_READ_ONLY = "only queries are run here: SELECT, FROM, WITH, VALUES, PIVOT, DESCRIBE, SUMMARIZE, SHOW and EXPLAIN"


def split_statements(connection: "DuckDBPyConnection", text: str) -> list[str]:
    """The text's statements, each known to do nothing but read.

    Raises:
        SqlError: the text does not parse, or a statement would do more than read.
    """
    import duckdb

    try:
        statements = [
            (str(statement.query).strip().rstrip(";"), statement.type)
            for statement in connection.extract_statements(text)
        ]
    except duckdb.Error as error:
        raise SqlError(_first_line_plain(str(error))) from error
    for query, kind in statements:
        # MULTI is PIVOT: a SELECT, and the type of its columns.
        if kind == duckdb.StatementType.EXPLAIN:
            _check_explained(connection, query)
        elif kind not in (duckdb.StatementType.SELECT, duckdb.StatementType.MULTI):
            raise SqlError(f"{_READ_ONLY}. To write a result to a file, use --output.")
    return [query for query, _ in statements]


def tables_named(query: str) -> list[LakeTable]:
    """The tables whose names occur in a query, and all where it reads the catalog. Too many are no harm."""
    if _CATALOG_VIEWS.search(query):
        return list(CATALOGUE.values())
    return [CATALOGUE[word] for word in dict.fromkeys(re.findall(r"\w+", query.lower())) if word in CATALOGUE]


def _check_explained(connection: "DuckDBPyConnection", query: str) -> None:
    """EXPLAIN ANALYZE runs its statement, so that one must be a query too."""
    rest = query[found.end() :] if (found := _EXPLAIN.match(query)) else query
    if found is None or len(split_statements(connection, rest)) != 1:
        raise SqlError(f"{_READ_ONLY}.")


def _first_line_plain(message: str) -> str:
    return message.removeprefix("Parser Error: ")
