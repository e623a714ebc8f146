"""`clickstream check`: the checks of given days, without the UI and without computing anything."""

import sys
from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, NoReturn

import click

from clickstream_platform.commands.day_range import DayRange

if TYPE_CHECKING:
    from clickstream_platform.lake import Lake
    from clickstream_platform.lib.checks import Verdict
    from clickstream_platform.schemas import Table

NEWEST = 30
"""Days that are checked unless the command line says otherwise."""


@click.command()
@click.argument("tables", nargs=-1, metavar="[TABLE]...")
@click.option("--days", type=DayRange(), help=f"Check these days (UTC). Default: the newest {NEWEST} that have rows.")
@click.option("--all", "everything", is_flag=True, help="Check every day that has rows.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "github"]),
    default="table",
    show_default=True,
    help="A table to read, one JSON document with every verdict, or GitHub's annotations of what failed.",
)
@click.option("--strict", is_flag=True, help="Exit with 1 on warnings too.")
@click.option("--lake", "lake_uri", help="Folder or s3://bucket/prefix of the lake (CLICKSTREAM_LAKE_URI).")
def check(
    tables: tuple[str, ...],
    *,
    days: tuple[date, date] | None,
    everything: bool,
    form: str,
    strict: bool,
    lake_uri: str | None,
) -> None:
    """Run the checks of silver and gold tables and print what they found, failures first.

    TABLE is a table's name (events_clean, or silver.events_clean); without any, all tables are checked. Nothing is
    computed, written, or kept in Dagster: the same checks run as asset checks in every build.

    \b
    What is checked, of each day by itself:
      shape                   columns, types, nulls, repeated keys, rows of another day
      one check a rule        of the table's schema: `status_allowed`, `counts_never_rise`, ...
      rows_accounted_for      bronze rows = silver rows + quarantined rows + duplicates
      daily_total_anomaly     the day's totals against the same weekday of the weeks before
      purchases_match_orders  purchase events against the order system's orders
    and of the table as a whole: schema_change, freshness.

    \b
    Exit code: 0 all passed or warnings only, 1 an error-severity check failed (with --strict: any),
    2 the lake, the tables or the days cannot be checked.

    \b
    Examples:
      clickstream check
      clickstream check --days 2024-03-01..2024-03-07 orders_validated daily_sales_summary
      clickstream check --all --strict --format github
    """  # noqa: D301
    if days is not None and everything:
        raise click.UsageError("--days and --all exclude each other")
    from clickstream_platform.commands.check_report import as_annotations, as_json, print_table
    from clickstream_platform.lib.checks import worst

    lake = _open(lake_uri)
    chosen = _tables(tables, lake)
    wanted = _days(lake, chosen, days, everything=everything)
    verdicts = _verdicts(lake, chosen, wanted)
    match form:
        case "json":
            click.echo(as_json(verdicts, lake.uri, wanted))
        case "github":
            click.echo(as_annotations(verdicts))
        case _:
            print_table(verdicts, lake.uri, wanted)
    if worst(verdicts) in (("error", "warn") if strict else ("error",)):
        sys.exit(1)


def _open(uri: str | None) -> "Lake":
    """The lake; unlike ingest, looking at one that is not there must not make it."""
    from pathlib import Path

    from clickstream_platform.config import get_settings
    from clickstream_platform.lake import Lake, LakeError

    address = uri or get_settings().lake_uri
    if "://" not in address and not Path(address).is_dir():
        _refuse(f"{address}: there is no lake. Set CLICKSTREAM_LAKE_URI, or fill one with `clickstream ingest`.")
    try:
        return Lake(address)
    except LakeError as error:
        _refuse(str(error))


def _tables(names: Sequence[str], lake: "Lake") -> list["Table"]:
    """The tables that the names mean, all that have checks without any."""
    from difflib import get_close_matches

    from obstore.exceptions import BaseError

    from clickstream_platform.lib.checks import checked_tables
    from clickstream_platform.schemas import TABLES

    checked = {table.name: table for table in checked_tables()}
    for name in names:
        plain = name.rpartition(".")[2]
        if plain in TABLES and plain not in checked:
            _refuse(f"{name}: bronze has no checks of its own; check the silver table that is made of it")
        if plain not in checked or name not in (plain, f"{checked[plain].layer}.{plain}"):
            close = get_close_matches(plain, checked, n=1)
            hint = f"did you mean {close[0]}?" if close else f"tables are {', '.join(checked)}"
            _refuse(f"{name}: no such table; {hint}")
    chosen = [checked[name] for name in dict.fromkeys(name.rpartition(".")[2] for name in names)]
    try:
        missing = [table for table in chosen or checked.values() if not lake.objects(table.name)]
    except (BaseError, OSError) as error:
        _refuse(f"{lake.uri} cannot be read: {error}\nSee whether CLICKSTREAM_LAKE_URI and the credentials are right.")
    if len(missing) == len(checked):
        _refuse(f"{lake.uri}: no table has been computed yet. Run `clickstream build`.")
    if chosen and missing:
        named = ", ".join(f"{table.layer}.{table.name}" for table in missing)
        _refuse(f"{named}: not computed in {lake.uri} yet. Run `clickstream build`.")
    return chosen or list(checked.values())


def _days(lake: "Lake", tables: Sequence["Table"], span: tuple[date, date] | None, *, everything: bool) -> list[date]:
    """The days to check: of a given range also those without rows, as long as the lake has days on both sides."""
    by_day = [table.name for table in tables if table.partition_column is not None]
    if not by_day:
        return []
    known = sorted({day for name in (*by_day, "events", "orders", "marketing_spend") for day in lake.days(name)})
    if span is None:
        return known if everything else known[-NEWEST:]
    first, last = max(span[0], known[0]), min(span[1], known[-1])
    wanted = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    if not wanted:
        _refuse(f"{lake.uri} has no rows of {span[0]}..{span[1]}: its days are {known[0]}..{known[-1]}")
    return wanted


def _verdicts(lake: "Lake", tables: Sequence["Table"], days: Sequence[date]) -> list["Verdict"]:
    """Every verdict, with a progress bar on a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    from clickstream_platform.lib.checks import evaluate

    found: list[Verdict] = []
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("", total=len(tables))
        for table in tables:
            progress.update(task, description=f"{table.layer}.{table.name}")
            found += evaluate(lake, table.name, days)
            progress.advance(task)
    return found


def _refuse(message: str) -> NoReturn:
    click.echo(f"Error: {message}", err=True)
    sys.exit(2)
