"""A DuckDB connection that sees the lake's tables and nothing else."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeVar

import duckdb

from clickstream_platform.sql.catalogue import CATALOGUE, SCHEMAS, LakeTable
from clickstream_platform.sql.errors import SqlError
from clickstream_platform.sql.objects import LakeObjects
from clickstream_platform.sql.statements import split_statements, tables_named
from clickstream_platform.sql.views import create_empty, create_view, quoted, quoted_name

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")
_MISSING_TABLE = re.compile(r"Table with name (\S+) does not exist")
_CANDIDATES = re.compile(r"\n\tCandidate functions:.*?\n(?=\n|$)", re.DOTALL)
_BATCH_ROWS = 65_536
_STEP_SECONDS = 0.1


@dataclass
class Result:
    """The rows of one query, read once.

    Attributes:
        schema: columns and their Arrow types.
        batches: the rows, as they are computed.
        is_plan: whether it is what EXPLAIN says: text, not rows.
    """

    schema: "pa.Schema"
    batches: "Iterator[pa.RecordBatch]"
    is_plan: bool = False


class LakeSession:
    """Queries over one lake. Views are made when a query first names their table.

    Args:
        uri: the lake's root.

    Raises:
        SqlError: it cannot be a lake.
    """

    def __init__(self, uri: str) -> None:
        self._objects = LakeObjects(uri)
        self.uri = self._objects.uri
        self._made: set[str] = set()
        # One worker: the main thread stays free to hear Ctrl-C and interrupt the query.
        self._worker = ThreadPoolExecutor(1)
        self._connection = duckdb.connect(config={"python_enable_replacements": "false"})
        self._objects.serve(self._connection)
        self._confine()

    def statements(self, text: str) -> list[str]:
        """The text's statements.

        Raises:
            SqlError: it does not parse, or a statement would do more than read.
        """
        return split_statements(self._connection, text)

    def run(self, query: str) -> Result:
        """The result of one statement as `statements` gives it.

        Raises:
            SqlError: it cannot be answered. Reading the result's batches may raise it too.
        """
        self.make_views(tables_named(query))
        reader = self._ask(lambda: self._reader(query))
        is_plan = list(reader.schema.names) == ["explain_key", "explain_value"]
        return Result(reader.schema, self._read(reader), is_plan)

    def columns(self, table: LakeTable) -> list[tuple[str, str]]:
        """Name and type of a table's columns."""
        self.make_views([table])
        described = self._ask(lambda: self._connection.execute(f"DESCRIBE {table.view}").fetchall())
        return [(name, kind) for name, kind, *_ in described]

    def make_views(self, tables: list[LakeTable]) -> None:
        """Make the views of these tables that are not there yet.

        Raises:
            SqlError: the lake has no data at all, or cannot be read.
        """
        self._ask(lambda: self._make_missing(tables))

    def refresh(self) -> None:
        """Forget the views, so that the next query sees days that have come since."""
        self._ask(self._forget)

    def _make_missing(self, tables: list[LakeTable]) -> None:
        for table in tables:
            if table.name not in self._made:
                self._make(table)

    def _make(self, table: LakeTable) -> None:
        objects = self._objects.parquet(table.folder)
        if objects:
            create_view(self._connection, table, objects)
        elif any(map(self._objects.any_below, SCHEMAS)):
            create_empty(self._connection, table)
        else:
            raise SqlError(
                f"the lake {self.uri} is empty. Bring data in with `clickstream ingest PATH`, then "
                "`clickstream build`; or name another lake in CLICKSTREAM_LAKE_URI."
            )
        self._made.add(table.name)

    def _forget(self) -> None:
        run = self._connection.execute
        for schema, name, kind in run(
            "SELECT table_schema, table_name, table_type FROM information_schema.tables"
        ).fetchall():
            run(f"DROP {'VIEW' if kind == 'VIEW' else 'TABLE'} {schema}.{name}")
        self._made.clear()

    def _confine(self) -> None:
        """Let queries read the tables' folders and no other file, and let none of them lift that."""
        run = self._connection.execute
        for schema in SCHEMAS:
            run(f"CREATE SCHEMA {schema}")
        run(f"SET search_path = '{','.join(SCHEMAS)}'")
        run("SET TimeZone = 'UTC'")
        folders = sorted({table.folder.partition("/")[0] for table in CATALOGUE.values()})
        readable = ", ".join(quoted(f"{self.uri}/{folder}/") for folder in folders)
        run(f"SET allowed_directories = [{readable}]")
        run("SET enable_external_access = false")
        run("SET lock_configuration = true")

    def _reader(self, query: str) -> "pa.RecordBatchReader":
        try:
            return _readable(self._connection.sql(query)).to_arrow_reader(_BATCH_ROWS)
        except duckdb.ProgrammingError as error:
            if "LINE " in str(error):
                raise
            self._connection.execute(query).close()  # fails the same way, and says where
            raise

    def _read(self, reader: "pa.RecordBatchReader") -> "Iterator[pa.RecordBatch]":
        while (batch := self._ask(lambda: next(reader, None))) is not None:
            if batch.num_rows:
                yield batch

    def _ask(self, work: Callable[[], T]) -> T:
        future = self._worker.submit(work)
        try:
            # In steps: where Polars is loaded, its signal handler keeps Ctrl-C from ending a wait without a timeout.
            while not wait([future], timeout=_STEP_SECONDS).done:
                pass
            return future.result()
        except KeyboardInterrupt:
            self._connection.interrupt()
            future.exception()
            raise
        except (duckdb.Error, OSError) as error:
            raise SqlError(_explained(str(error))) from error


def _readable(relation: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """The relation with intervals as text (`1 day 02:00:00`), which no output has a type for."""
    if not any(str(kind) == "INTERVAL" for kind in relation.types):
        return relation
    columns = zip(relation.columns, relation.types, strict=True)
    return relation.project(
        ", ".join(
            f"#{place}{'::VARCHAR' if str(kind) == 'INTERVAL' else ''} AS {quoted_name(name)}"
            for place, (name, kind) in enumerate(columns, start=1)
        )
    )


def _explained(message: str) -> str:
    """DuckDB's message; for a table that is not there, with the tables that are."""
    if not (found := _MISSING_TABLE.search(message)):
        return _CANDIDATES.sub("", message)
    wanted = found[1].strip('"').lower().rpartition(".")[2]
    close = get_close_matches(wanted, CATALOGUE, n=3, cutoff=0.6)
    hint = f"Did you mean {' or '.join(close)}?" if close else f"There are {', '.join(CATALOGUE)}."
    place = message.partition("\n\n")[2]
    return f"no table {found[1]}. {hint}" + (f"\n\n{place}" if place else "")
