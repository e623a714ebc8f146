"""`clickstream replay`: bring events of the past again."""

import contextlib
import io
import sys
import time
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import click

from clickstream_platform.commands.day_range import DayRange

if TYPE_CHECKING:
    from clickstream_platform.lambdas.replay.service import ReplayService

_ENDED = ("done", "failed", "cancelled")
_PAUSE_SECONDS = 1.0
_TARGETS = ("domain", "stream", "bronze", "queue")


class Moment(click.ParamType[datetime]):
    """A moment with its UTC offset, or a day, which is its first moment (UTC)."""

    name = "moment"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The moment that a text names."""
        if isinstance(value, datetime):
            return value
        value = str(value)
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time such as 2024-03-01T10:00:00Z, and no day such as 2024-03-01", param, ctx)
        if moment.tzinfo is None:
            if len(value) > len("2024-03-01"):
                self.fail(f"{value!r} has no UTC offset: write {value}Z for UTC", param, ctx)
            moment = moment.replace(tzinfo=UTC)
        return moment


@click.group()
def replay() -> None:
    """Bring events of the past again: into aggregates, the stream, a lake or a queue.

    Needs the deployed platform (or `clickstream aws-local`): the AWS variables, CLICKSTREAM_LAKE_URI,
    CLICKSTREAM_TABLE_PREFIX, CLICKSTREAM_REPLAY_QUEUE_URL and CLICKSTREAM_REPLAY_STEPS_QUEUE_URL. Its functions do the
    work; this command asks them, as POST /replay does.

    \b
      clickstream replay start --entity u-17 --from 2024-03-01 --to 2024-03-08 --dry-run
      clickstream replay start --days 2024-03-01..2024-03-07 --event purchase --target queue
      clickstream replay status 20240308T101500-1a2b3c4d
    """  # noqa: D301 - click wants the backspace itself


@replay.command()
@click.option("--entity", help="User id, or the anonymous id of somebody without one; with --from and --to.")
@click.option("--from", "start", type=Moment(), help="Event times from here on ...")
@click.option("--to", "end", type=Moment(), help="... and before this.")
@click.option("--days", type=DayRange(), help="Event days (UTC), both included: 2024-03-01..2024-03-07.")
@click.option("--object", "objects", multiple=True, help="A bronze object, as its path in the lake; repeatable.")
@click.option("--event", "events", multiple=True, help="Only events of this name; repeatable.")
@click.option("--target", type=click.Choice(_TARGETS), default="domain", show_default=True, help="Where they go.")
@click.option("--include-duplicates", is_flag=True, help="Every copy that bronze has, instead of each event once.")
@click.option("--limit", type=click.IntRange(1, 10_000_000), help="At most so many events.")
@click.option("--rate", type=click.IntRange(1, 10_000), default=1000, show_default=True, help="Events a second.")
@click.option("--dry-run", is_flag=True, help="Count the events and estimate the cost only.")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Stay until it has ended.")
def start(
    *,
    entity: str | None,
    start: datetime | None,
    end: datetime | None,
    days: tuple[date, date] | None,
    objects: tuple[str, ...],
    events: tuple[str, ...],
    target: str,
    include_duplicates: bool,
    limit: int | None,
    rate: int,
    dry_run: bool,
    wait: bool,
) -> None:
    """Begin a replay.

    Which events: one of --entity (with --from and --to), --from and --to, --days, --object; --event narrows any.

    \b
    Where they go:
      domain   what each entity did, added up, in the table replayed-entities
      stream   the events stream again: silver drops what it has, an empty platform fills
      bronze   the rows themselves, into another lake, CLICKSTREAM_REPLAY_LAKE_URI
      queue    JSON events, one a message, to CLICKSTREAM_REPLAY_TARGET_QUEUE_URL

    Exit code: 0 done, 1 some events failed, 2 it cannot be asked for, 130 interrupted (the replay goes on).
    """  # noqa: D301 - click wants the backspace itself
    import msgspec

    from clickstream_platform.realtime.replay_request import read_replay

    asked = {
        "entity_id": entity,
        "from": start,
        "to": end,
        "days": {"from": days[0], "to": days[1]} if days else None,
        "objects": list(objects) or None,
        "event_names": list(events) or None,
        "target": target,
        "include_duplicates": include_duplicates,
        "limit": limit,
        "events_per_second": rate,
        "dry_run": dry_run,
    }
    request = read_replay(msgspec.json.encode({name: value for name, value in asked.items() if value is not None}))
    service = _service()
    with contextlib.redirect_stdout(io.StringIO()):  # log lines and metrics are for functions
        told = service.start(request)
    if wait and told["state"] not in _ENDED:
        told = _waited(service, told)
    _show(told)


@replay.command()
@click.argument("replay_id")
@click.option("--wait", is_flag=True, help="Stay until it has ended.")
def status(replay_id: str, *, wait: bool) -> None:
    """State and counts of a replay."""
    service = _service()
    told = service.get(replay_id)
    _show(_waited(service, told) if wait and told["state"] not in _ENDED else told)


@replay.command()
@click.argument("replay_id")
def cancel(replay_id: str) -> None:
    """Bring no more events of a replay."""
    _show(_service().cancel(replay_id))


@replay.command()
@click.argument("replay_id")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Stay until it has ended.")
def redrive(replay_id: str, *, wait: bool) -> None:
    """Send again what failed, once the cause is mended."""
    service = _service()
    told = service.redrive(replay_id)
    click.echo(f"{told['messages_sent_again']} messages sent again", err=True)
    _show(_waited(service, told) if wait else told)


def _service() -> "ReplayService":
    import os

    from dotenv import dotenv_values

    from clickstream_platform.lambdas.environment import read_settings
    from clickstream_platform.lambdas.replay.service import ReplayService

    kept = {name: value for name, value in dotenv_values(".env").items() if value is not None}
    try:
        return ReplayService(read_settings({**kept, **os.environ}))
    except (ValueError, RuntimeError) as error:
        raise click.UsageError(str(error)) from error


def _waited(service: "ReplayService", told: dict[str, Any]) -> dict[str, Any]:
    """The replay when it has ended, with a progress bar on a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    replay_id, console = told["replay_id"], Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as bar:
            task = bar.add_task(f"replay {replay_id}", total=None)
            while told["state"] not in _ENDED:
                time.sleep(_PAUSE_SECONDS)
                told = service.get(replay_id)
                counts = told["counts"]
                over = sum(counts[name] for name in ("processed", "missing", "refused", "failed"))
                bar.update(task, completed=over, total=counts["selected"] or None)
    except KeyboardInterrupt:
        click.echo(
            f"The replay goes on: clickstream replay status {replay_id}, or cancel {replay_id} to end it.", err=True
        )
        raise
    return told


def _show(told: Mapping[str, Any]) -> None:
    """A table of what is told; exits with 1 where something failed."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"Replay {told['replay_id']}: {told['state']}", show_header=False)
    table.add_row("target", told["target"])
    table.add_row("begun", told["created_at"])
    for name, number in told["counts"].items():
        table.add_row(name, f"{number:,}")
    estimate = told.get("estimate")
    if estimate:
        table.add_row("messages", f"{estimate['messages']:,}")
        table.add_row("takes at least", f"{estimate['seconds']:,} s")
        table.add_row("costs about", f"{estimate['usd']:.6f} US dollars")
    if told.get("error"):
        table.add_row("error", told["error"])
    for failure in told.get("failures", ()):
        table.add_row("failed", failure)
    Console().print(table)
    if told["state"] == "failed":
        click.echo(f"Mend the cause, then: clickstream replay redrive {told['replay_id']}", err=True)
        sys.exit(1)
