"""`clickstream sql`: the lake's tables in SQL."""

import sys
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

if TYPE_CHECKING:
    from clickstream_platform.sql import LakeSession

_FORMATS = ("table", "csv", "json", "jsonl", "parquet")


@click.command()
@click.argument("query", required=False)
@click.option("--file", "-f", "source", type=click.File(encoding="utf-8"), help="Read statements from a file.")
@click.option(
    "--format", "format_name", type=click.Choice(_FORMATS), help="Default: by the name of --output, else table."
)
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="Write the rows to a file.")
@click.option("--force", is_flag=True, help="Replace the file of --output.")
@click.option("--max-rows", type=click.IntRange(0), default=100, show_default=True, help="Rows of a table; 0 for all.")
@click.option("--lake", help="Folder or s3://bucket/prefix to read (CLICKSTREAM_LAKE_URI).")
def sql(
    query: str | None,
    *,
    source: IO[str] | None,
    format_name: str | None,
    output: Path | None,
    force: bool,
    max_rows: int,
    lake: str | None,
) -> None:
    """Query the lake's tables with SQL (DuckDB's dialect), reading only.

    QUERY is one or more statements, - for stdin; without it, a prompt is opened. Tables are bronze.events,
    silver.sessions, gold.daily_sales_summary and so on, or just their names. A condition on a table's day column (date,
    event_date, order_date, session_date) reads those days' files alone.

    \b
    Examples:
      clickstream sql "FROM daily_sales_summary WHERE date = '2024-03-05'"
      clickstream sql -o funnel.csv "FROM conversion_funnel WHERE date BETWEEN '2024-03-01' AND '2024-03-07'"
      clickstream sql "EXPLAIN ANALYZE SELECT count(*) FROM events_clean WHERE event_date = '2024-03-05'"
      echo "SHOW TABLES" | clickstream sql
    """  # noqa: D301
    from clickstream_platform.config import get_settings
    from clickstream_platform.sql import LakeSession

    if query is not None and source is not None:
        raise click.UsageError("give a query or --file, not both")
    session = LakeSession(lake or get_settings().lake_uri)
    text = _text(query, source)
    if text is None:
        _interactive(session, max_rows)
    elif output is not None:
        _to_file(session, text, output, format_name, force=force)
    elif format_name in (None, "table"):
        _to_terminal(session, text, max_rows)
    else:
        _to_stdout(session, text, str(format_name))


def _text(query: str | None, source: IO[str] | None) -> str | None:
    """The statements to run; None to ask for them."""
    if source is not None:
        return source.read()
    if query == "-" or (query is None and not sys.stdin.isatty()):
        return sys.stdin.read()
    return query


def _to_terminal(session: "LakeSession", text: str, max_rows: int) -> None:
    from rich.console import Console

    from clickstream_platform.sql.display import show

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 100_000  # a pipe has no width to fit into
    for statement in session.statements(text):
        began = time.perf_counter()
        below = show(session.run(statement), console, max_rows)
        if below:
            click.echo(f"{below} ({time.perf_counter() - began:.2f} s)", err=True)


def _to_stdout(session: "LakeSession", text: str, format_name: str) -> None:
    from clickstream_platform.sql.output import write

    if format_name == "parquet" and sys.stdout.isatty():
        raise click.UsageError("Parquet is not for a terminal: use --output FILE, or redirect")
    out = sys.stdout.buffer
    write(session.run(_only(session, text)), format_name, out)
    out.flush()


def _to_file(session: "LakeSession", text: str, output: Path, format_name: str | None, *, force: bool) -> None:
    from clickstream_platform.sql.output import SUFFIXES, replacing, write

    format_name = format_name or SUFFIXES.get(output.suffix.lower())
    if format_name in (None, "table"):
        raise click.UsageError(f"say what to write with --format, or name the file *{', *'.join(SUFFIXES)}")
    if output.resolve().is_relative_to(Path(session.uri).resolve()):
        raise click.UsageError(f"{output} lies in the lake, which this command only reads")
    statement = _only(session, text)
    with replacing(output, force=force) as file:
        rows = write(session.run(statement), str(format_name), file)
    click.echo(f"{rows:,} rows to {output}", err=True)


def _only(session: "LakeSession", text: str) -> str:
    statements = session.statements(text)
    if len(statements) != 1:
        raise click.UsageError(f"one statement can be written as a file, and these are {len(statements)}")
    return statements[0]


def _interactive(session: "LakeSession", max_rows: int) -> None:
    from clickstream_platform.sql.prompt import run_prompt

    click.echo("SQL over the lake; .help for help, .tables for the tables, Ctrl-D to leave.")
    run_prompt(session, lambda text: _to_terminal(session, text, max_rows), click.echo)
