"""`clickstream erase`: a person removed from every layer, and the proof of it."""

import logging
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console

    from clickstream_platform.lib.erasure.erase import Erasure
    from clickstream_platform.lib.erasure.recompute import Tables
    from clickstream_platform.lib.erasure.search import Holdings


@click.command()
@click.option("--entity", "entities", multiple=True, metavar="ID", help="A user, customer or anonymous id; repeatable.")
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
@click.option("--linked", is_flag=True, help="Take along anonymous ids that were seen with these users only.")
@click.option("--live/--no-live", default=None, help="DynamoDB tables, too; default: where the lake is on S3.")
@click.option("--thorough", is_flag=True, help="Also search every text of other people's rows, and tell of mentions.")
def erase(entities: tuple[str, ...], *, dry_run: bool, linked: bool, live: bool | None, thorough: bool) -> None:
    """Remove a person from raw, landing, bronze, rejected, silver, gold and the live tables, and prove it.

    Theirs are events with the id as user_id or anonymous_id, customers and orders with it as customer_id, and events
    with their e-mail address that nobody else is signed in for. Only objects that hold them are written; days that they
    were on are computed again. From then on no replay brings them back. Records without personal data stay below
    _audit/ in the lake.

    Where it breaks off, the same command ends it. Do not run two at once.

    \b
    Exit code: 0 nothing is left (or --dry-run), 1 something is left or cannot be searched,
    2 nothing is known of the id, or something could not be read or written.

    \b
    Examples:
      clickstream erase --entity C00000042 --linked --dry-run
      clickstream erase --entity C00000042 --linked
    """  # noqa: D301 - click wants the backspace itself
    from rich.console import Console

    from clickstream_platform.commands.phases import Phases
    from clickstream_platform.lib.erasure import erase as erasing
    from clickstream_platform.lib.erasure.live import live_tables
    from clickstream_platform.lib.erasure.search import Watch

    if not entities or not all(name.strip() for name in entities):
        raise click.UsageError("say who, e.g. --entity C00000042")
    console = Console(stderr=True)
    with Phases(console) as phases:
        lake_uri = _settings_lake()
        tables = live_tables(lake_uri, wanted=live)
        if tables is None and live is None and lake_uri.startswith("s3://"):
            click.echo("There are no live tables of this platform (CLICKSTREAM_TABLE_PREFIX)", err=True)
        place = erasing.open_place(lake_uri, tables, Watch(phases.begin, phases.step))
        erasure = erasing.find(place, entities, linked=linked)
        if not dry_run:
            erasing.erase(place, entities, erasure, _tables, thorough=thorough)
    _print_found(erasure, Console(), dry_run=dry_run)
    if dry_run:
        return
    _print_proof(erasure)
    sys.exit(0 if erasure.is_proven else 1)


def _settings_lake() -> str:
    from clickstream_platform.config import get_settings

    return get_settings().lake_uri


def _tables() -> "Tables":
    """Loaded when needed: who is known nowhere in the tables needs no Dagster."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    from clickstream_platform.definitions import defs
    from clickstream_platform.lib.erasure.recompute import Tables
    from clickstream_platform.lib.event_log import open_instance
    from clickstream_platform.lib.home import ensure_home

    ensure_home()
    return Tables(defs.resolve_implicit_global_asset_job_def(), open_instance())


def _print_found(erasure: "Erasure", console: "Console", *, dry_run: bool) -> None:
    from rich.table import Table

    table = Table(title="Would be removed" if dry_run else "Removed", title_justify="left")
    for name in ("layer", "table"):
        table.add_column(name)
    for name in ("records", "objects"):
        table.add_column(name, justify="right")
    for layer, name, records, objects in erasure.found.counts():
        table.add_row(layer, name, f"{records:,}", f"{objects:,}")
    console.print(table)
    linked = len(erasure.person.ids) - len(erasure.record.entities)
    if linked:
        click.echo(f"with {linked:,} anonymous id(s) that nobody else was seen with")
    if erasure.resumed:
        click.echo("an erasure of the same ids that had broken off was gone on with", err=True)


def _print_proof(erasure: "Erasure") -> None:
    left = erasure.left
    assert left is not None
    searched = ", ".join(f"{layer} {count:,}" for layer, count in left.searched.items())
    for check in erasure.failed_checks[:20]:
        click.echo(f"failed check: {check}", err=True)
    if erasure.is_proven:
        click.echo(f"nothing is left: searched {searched} (objects by layer; live: tables)")
    else:
        _print_left(left)
    click.echo(f"audit record: {erasure.record.path}")


def _print_left(left: "Holdings") -> None:
    for column, count in left.mentions.items():
        click.echo(f"mentioned: {count:,} value(s) of {column}, in rows of others, which stay", err=True)
    for layer, table, records, objects in left.counts():
        click.echo(f"left: {layer} {table}: {records:,} record(s) in {objects:,} object(s)", err=True)
    for path, why in sorted(left.unsearched.items()):
        click.echo(f"not searched: {path} {why}; look yourself, delete it if need be, and run again", err=True)
