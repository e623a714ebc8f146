"""`clickstream build`: compute silver and gold for what has arrived, without a server."""

import gc
import logging
import sys
from datetime import date, timedelta

import click

from clickstream_platform.commands.day_range import DayRange


@click.command()
@click.option("--days", type=DayRange(), help="Compute these days (UTC), whether or not anything arrived for them.")
@click.option("--all", "everything", is_flag=True, help="Compute every day that bronze has.")
def build(days: tuple[date, date] | None, everything: bool) -> None:
    """Compute silver and gold tables, and run their asset checks.

    Without options: the days that `clickstream ingest` brought something for since the last build, and the days around
    them that they change. The runs, their checks and metadata are kept in DAGSTER_HOME (default ./.dagster) and show in
    the UI that `clickstream dev` starts. Where that UI is running already, its sensors do this by themselves.

    \b
    Exit code: 0 when every table was computed, 1 when an error-severity check failed,
    2 when a step failed or the lake cannot be used.

    \b
    Examples:
      clickstream build
      clickstream build --days 2024-03-01..2024-03-07
    """  # noqa: D301 - click wants the backspace itself
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    with console.status("loading definitions"):
        logging.getLogger("alembic").setLevel(logging.WARNING)
        import dagster as dg

        from clickstream_platform.config import get_settings
        from clickstream_platform.definitions import defs
        from clickstream_platform.lake import Lake
        from clickstream_platform.lib import build as building
        from clickstream_platform.lib.home import ensure_home

        # What is loaded stays: the collector need not walk it again and again.
        gc.freeze()
        gc.set_threshold(100_000)
        ensure_home()
        lake = Lake(get_settings().lake_uri)
        arrivals = building.pending(lake)
        known = building.bronze_days(lake)

    wanted: list[date] | None = known if everything else None
    if days is not None:
        # What has arrived for other days stays for the next build.
        arrivals = []
        wanted = [days[0] + timedelta(days=i) for i in range((days[1] - days[0]).days + 1)]
        if (start := get_settings().start_date) > days[0]:
            raise click.UsageError(
                f"--days begins before the first partition {start}; set CLICKSTREAM_START_DATE earlier"
            )
    if not wanted and not arrivals:
        hint = "" if known else f" Nothing has been ingested to {lake.uri} yet: see `clickstream ingest --help`."
        click.echo(f"Everything is up to date: nothing has arrived since the last build.{hint}", err=True)
        return

    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    with progress:
        task = progress.add_task("starting", total=None)

        def on_event(event: dg.DagsterEvent) -> None:
            if event.event_type == dg.DagsterEventType.PIPELINE_START:
                progress.update(task, completed=0)
            elif event.event_type == dg.DagsterEventType.STEP_START:
                progress.update(task, description=str(event.step_key))
            elif event.event_type in (dg.DagsterEventType.STEP_SUCCESS, dg.DagsterEventType.STEP_FAILURE):
                progress.advance(task)

        report = building.build(lake, wanted, arrivals, defs, on_event=on_event)
    _print(report, console)
    if not report.succeeded:
        sys.exit(2)
    if report.failed_checks:
        sys.exit(1)


def _print(report: object, console: object) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from clickstream_platform.lib.build import BuildReport

    assert isinstance(report, BuildReport) and isinstance(console, Console)
    computed = sorted(day for days in report.partitions.values() for day in days if day is not None)
    span = f"{computed[0]}..{computed[-1]}" if computed else "master data only"
    table = Table(title=f"Built {span}", title_justify="left")
    table.add_column("table")
    table.add_column("rows", justify="right")
    for name, rows in report.rows.items():
        table.add_row(name, f"{rows:,}")
    console.print(table)
    for step, message in report.failed_steps.items():
        console.print(f"[red]failed[/] {step}: {escape(message)}", highlight=False, soft_wrap=True)
    verdict = f"{len(report.failed_checks)} failed at error severity" if report.failed_checks else "none failed"
    console.print(f"{report.checks:,} check verdicts, {verdict}")
    for line in report.failed_checks[:20]:
        console.print(f"[red]✗[/] {escape(line)}", highlight=False)
