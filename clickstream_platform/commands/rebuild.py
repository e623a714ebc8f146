"""`clickstream rebuild`: days computed again, and the proof of what that changed."""

import json
import logging
import sys
from datetime import datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console

    from clickstream_platform.lib.differences import Difference
    from clickstream_platform.lib.rebuild import Rebuild, Watch

_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command()
@click.option("--from", "first", type=_DAY, required=True, metavar="DAY", help="First day (UTC), e.g. 2024-03-01.")
@click.option("--to", "last", type=_DAY, metavar="DAY", help="Last day; default: the first.")
@click.option("--raw", is_flag=True, help="First read again what arrived below raw/ on these days.")
@click.option("--json", "as_json", is_flag=True, help="Print the difference as JSON.")
def rebuild(first: datetime, last: datetime | None, *, raw: bool, as_json: bool) -> None:
    """Compute silver and gold of these days again, in place, and tell what differs from before.

    With unchanged code and data nothing does, and one line says so. Compared are these days of every table, and the
    unpartitioned tables: rows, distinct keys, the sum of each number (exact; floats as whole millionths), and a digest
    of the content that knows no order of rows but sees every value, so that swapped values are told, too.

    The state before is measured first and kept in the lake: where a rebuild breaks off, the same command ends it, and
    compares with the state before the first attempt. With --raw, bronze events are compared as well.

    \b
    Exit code: 0 no difference, 1 differences, 2 the days could not be rebuilt.

    \b
    Examples:
      clickstream rebuild --from 2024-03-01
      clickstream rebuild --from 2024-03-01 --to 2024-03-07 --raw
    """  # noqa: D301 - click wants the backspace itself
    from rich.console import Console

    from clickstream_platform.commands.phases import Phases

    console = Console(stderr=True)
    with console.status("loading definitions"):
        logging.getLogger("alembic").setLevel(logging.WARNING)
        from clickstream_platform.config import get_settings
        from clickstream_platform.definitions import defs
        from clickstream_platform.lake import Lake
        from clickstream_platform.lib import rebuild as rebuilding
        from clickstream_platform.lib.event_log import open_instance
        from clickstream_platform.lib.home import ensure_home

        plan = rebuilding.Plan(first.date(), (last or first).date(), raw=raw)
        lake = Lake(get_settings().lake_uri)
        rebuilding.check_plan(lake, plan)
        ensure_home()
        job = defs.resolve_implicit_global_asset_job_def()
    outcome = rebuilding.Rebuild(plan)
    try:
        with Phases(console) as phases:
            rebuilding.rebuild(
                lake, plan, job, open_instance(), outcome=outcome, watch=_watch(phases), tags=_TAGS, processes=None
            )
    except BaseException:
        _tell_unfinished(outcome)
        raise
    if outcome.differences is None:
        for step, why in outcome.built.failed_steps.items():
            click.echo(f"failed {step}: {why}", err=True)
        _tell_unfinished(outcome)
        sys.exit(2)
    _tell_besides(outcome)
    if as_json:
        click.echo(_as_json(outcome, outcome.differences))
    else:
        _print(outcome, outcome.differences, Console())
    sys.exit(1 if outcome.differences else 0)


_TAGS = {"clickstream/rebuild": "command line"}


def _watch(phases: object) -> "Watch":
    import dagster as dg

    from clickstream_platform.commands.phases import Phases
    from clickstream_platform.lib.rebuild import Watch

    assert isinstance(phases, Phases)
    bar = phases

    def on_event(event: dg.DagsterEvent) -> None:
        if event.event_type in (dg.DagsterEventType.STEP_SUCCESS, dg.DagsterEventType.STEP_FAILURE):
            bar.step(str(event.step_key))

    return Watch(bar.begin, bar.step, on_event)


def _print(outcome: "Rebuild", found: "list[Difference]", console: "Console") -> None:
    from rich.table import Table

    from clickstream_platform.lib.differences import shown

    plan = outcome.plan
    what = f"{len(plan.tables)} tables, {plan.first}..{plan.last}"
    if not found:
        click.echo(f"no difference: {what}, {sum(outcome.built.rows.values()):,} rows computed again")
        return
    table = Table(title=f"{len(found)} measures differ: {what}", title_justify="left")
    for name, side in (
        ("table", "left"),
        ("measure", "left"),
        ("before", "right"),
        ("after", "right"),
        ("days", "left"),
    ):
        table.add_column(name, justify=side, overflow="fold")  # type: ignore[arg-type]
    for one in found:
        table.add_row(*shown(one))
    console.print(table)


def _tell_besides(outcome: "Rebuild") -> None:
    if outcome.resumed and outcome.before is not None:
        began = outcome.before.began.isoformat(timespec="seconds")
        click.echo(f"compared with the state of {began}, when a rebuild of these days began that broke off", err=True)
    for check in outcome.built.failed_checks[:20]:
        click.echo(f"failed check: {check}", err=True)
    if outcome.other_days:
        days = ", ".join(map(str, outcome.other_days[:5]))
        click.echo(
            f"raw/ also brought events of {len(outcome.other_days)} other day(s) ({days}): `clickstream build` follows",
            err=True,
        )


def _tell_unfinished(outcome: "Rebuild") -> None:
    from clickstream_platform.lib.rebuild import not_rebuilt

    if outcome.before is None:
        click.echo("Nothing was written.", err=True)
        return
    unfinished = not_rebuilt(outcome)
    rebuilt = [
        table
        for table in outcome.built.partitions
        if not any(one.startswith(f"{table.replace('/', '.')}:") for one in unfinished)
    ]
    click.echo(f"Rebuilt: {', '.join(table.replace('/', '.') for table in rebuilt) or 'nothing'}", err=True)
    click.echo("Not rebuilt; the same command finishes:", err=True)
    for line in unfinished:
        click.echo(f"  {line}", err=True)


def _as_json(outcome: "Rebuild", found: "list[Difference]") -> str:
    assert outcome.before is not None
    return json.dumps(
        {
            "from": str(outcome.plan.first),
            "to": str(outcome.plan.last),
            "raw": outcome.plan.raw,
            "compared_with": outcome.before.began.isoformat(timespec="seconds"),
            "tables": len(outcome.plan.tables),
            "rows_computed": sum(outcome.built.rows.values()),
            "failed_checks": outcome.built.failed_checks,
            "other_days": [str(day) for day in outcome.other_days],
            "differences": [
                {
                    "table": one.table,
                    "measure": one.measure,
                    "before": str(one.before),
                    "after": str(one.after),
                    "days": [str(day) for day in one.days],
                }
                for one in found
            ],
        },
        indent=1,
    )
