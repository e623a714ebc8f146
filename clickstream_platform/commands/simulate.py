"""`clickstream simulate`: a shop's files, and the truth about them."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from clickstream_platform.config import get_settings


def _checked_start(start: date, days: int) -> None:
    """Refuse ranges whose events the contract would refuse, rather than writing files of no use."""
    from clickstream_platform.simulate.config import MAX_DAYS

    if not 1 <= days <= MAX_DAYS:
        return  # the shop itself says what is wrong
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    if start.toordinal() + days > tomorrow.toordinal():
        latest = tomorrow - timedelta(days=days)
        raise click.BadParameter(
            f"{days} days from {start} reach into the future, and such events are rejected; start by {latest}",
            param_hint="--start",
        )
    earliest = get_settings().earliest_event_time.date()
    if start < earliest:
        raise click.BadParameter(f"events before {earliest} are rejected", param_hint="--start")


@click.command(short_help="Write the files of an invented shop, with the truth to check results against.")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--days", default=30, show_default=True, help="Days to simulate, each a whole UTC day.")
@click.option("--shoppers", type=int, help="People who may visit; one in ten comes on a day.  [default: 2000]")
@click.option("--events", type=int, help="Aim at about this many events in all, instead of --shoppers.")
@click.option("--seed", default=1, show_default=True, help="Another seed makes another shop.")
@click.option(
    "--dirty-rate",
    default=0.01,
    show_default=True,
    help="Share (0 to below 1) of event, order and customer records that are malformed. Duplicates come at half of it, "
    "events for quarantine at a fifth. 0 gives clean files; late events come all the same.",
)
@click.option(
    "--start",
    type=click.DateTime(["%Y-%m-%d"]),
    default="2024-03-01",
    show_default=True,
    help="First day.",
)
@click.option(
    "--compress",
    type=click.Choice(["mixed", "none", "gzip", "zstd"]),
    default="mixed",
    show_default=True,
    help="Compression of the event files; mixed: a day so and a day so.",
)
@click.option("--force", is_flag=True, help="Replace OUT/landing and OUT/truth of an earlier simulation.")
@click.option("--quiet", "-q", is_flag=True, help="No progress bar and no summary.")
def simulate(
    out: Path,
    days: int,
    shoppers: int | None,
    events: int | None,
    seed: int,
    dirty_rate: float,
    start: datetime,
    compress: str,
    *,
    force: bool,
    quiet: bool,
) -> None:
    """Write the files that a shop would send into OUT/landing, and what every gold table must say into OUT/truth.

    \b
    OUT/landing/events/2024-03-01.jsonl     events, a file a day (or .gz, .zst), late and repeated ones in later files
    OUT/landing/{customers,orders}/*.csv    customers and orders with their updates
    OUT/landing/products/*.jsonl            products
    OUT/truth/<table>.parquet               gold tables and sessions, from the simulator's own knowledge
    OUT/truth/customer_traits.parquet       how often customers buy, how much they spend, when they left
    OUT/truth/counts.json                   records written, rejected, repeated, quarantined; by file and day

    The same arguments always write the same bytes. A lake that is given as OUT gets its inbox filled:

    \b
      clickstream simulate demo --days 7 --shoppers 500
      clickstream simulate lake --events 1000000 --dirty-rate 0.02 --seed 7
      clickstream ingest demo/landing
    """  # noqa: D301
    from clickstream_platform.simulate import SimulationError
    from clickstream_platform.simulate import simulate as run

    if shoppers is not None and events is not None:
        raise click.UsageError("give --shoppers or --events, not both")
    _checked_start(start.date(), days)
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("Simulating"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total} days, {task.fields[records]:,} events"),
        TimeRemainingColumn(),
        console=console,
        disable=quiet or not console.is_terminal,
    )
    try:
        with bar:
            task = bar.add_task("days", total=max(days, 0), records=0)
            summary = run(
                out,
                days=days,
                shoppers=2_000 if shoppers is None else shoppers,
                seed=seed,
                dirty_rate=dirty_rate,
                start=start.date(),
                events=events,
                compress=compress,
                force=force,
                on_progress=lambda done, _, records: bar.update(task, completed=done, records=records),
            )
    except SimulationError as error:
        raise click.UsageError(str(error)) from error
    except KeyboardInterrupt:
        click.echo(f"Stopped; {out} is as it was before.", err=True)
        raise SystemExit(130) from None
    except OSError as error:
        raise click.ClickException(f"cannot write to {out}: {error.strerror or error}") from error
    if not quiet:
        click.echo(
            f"{summary.event_records:,} event records of {summary.shoppers:,} shoppers over {days} days "
            f"({summary.bytes / 1e6:,.1f} MB in {summary.files} files) in {summary.seconds:.1f} s\n"
            f"landing: {out / 'landing'}\ntruth:   {out / 'truth'}\n"
            f"next:    clickstream ingest {out / 'landing'}"
        )
