"""`clickstream funnel`: how far people come, from step to step."""

import sys
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from clickstream_platform.contract.funnels import Funnel
    from clickstream_platform.lake import Lake
    from clickstream_platform.lib.funnel_answer import FunnelAnswer

NEWEST = 30
"""Days that are counted unless the command line says otherwise."""


class Day(click.ParamType[date]):
    """A day as `2024-03-01`."""

    name = "DAY"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The date."""
        try:
            return datetime.strptime(str(value), "%Y-%m-%d").date()
        except ValueError:
            self.fail(f"{value!r} is not a day like 2024-03-01", param, ctx)


@click.command()
@click.argument("name", required=False)
@click.option("--steps", metavar="A,B,C", help="Count these events instead of a configured funnel.")
@click.option(
    "--within", metavar="7d|session", help="How long an attempt may take. Default: the funnel's; else session."
)
@click.option("--by", help="Break down by channel, source, medium, campaign, landing_page, device_type or country.")
@click.option("--from", "first", type=Day(), help=f"First day (UTC). Default: the newest {NEWEST} days.")
@click.option("--to", "last", type=Day(), help="Last day (UTC), included. Default: the newest day.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
    help="Bars to look at, or the rows of funnel_steps over all the days.",
)
@click.option("--list", "listing", is_flag=True, help="List the configured funnels and their steps.")
@click.option("--lake", "lake_uri", help="Folder or s3://bucket/prefix of the lake (CLICKSTREAM_LAKE_URI).")
def funnel(
    name: str | None,
    *,
    steps: str | None,
    within: str | None,
    by: str | None,
    first: date | None,
    last: date | None,
    form: str,
    listing: bool,
    lake_uri: str | None,
) -> None:
    """Print how many attempts reach each step of a funnel, and how many are lost on the way.

    NAME is a funnel of the file that CLICKSTREAM_FUNNELS_FILE names (docs/funnels.md); without any, the first of them
    is printed. Without a file there is one, ecommerce: view_item, add_to_cart, begin_checkout, purchase. Any other can
    be asked for with --steps.

    A funnel is closed: a step counts only after the step before. Within a session, each session that reaches the first
    step is an attempt. Within days, what a person does from the first such step of a day on is one, over as many
    sessions as it takes.

    \b
    Examples:
      clickstream funnel
      clickstream funnel --by channel --from 2024-03-01 --to 2024-03-07
      clickstream funnel --steps view_item,purchase --within 7d --by device_type
      clickstream funnel checkout --format csv > checkout.csv
      clickstream funnel --list

    \b
    Exit code: 0 printed, also when nobody began; 2 the funnel, the days or the lake are not there.
    """  # noqa: D301
    from clickstream_platform.commands.funnel_report import as_csv, as_json, print_answer, print_list
    from clickstream_platform.lib.funnel_answer import answer_funnel

    if listing:
        from clickstream_platform.lib.funnel_file import configured_funnels

        print_list(configured_funnels())
        return
    wanted = _wanted(name, steps, within, by)
    lake = _open(lake_uri)
    begins, ends, known_until = _days(lake, first, last)
    answer = answer_funnel(lake, wanted, begins, ends, known_until=known_until)
    match form:
        case "json":
            click.echo(as_json(answer, lake.uri))
        case "csv":
            click.echo(as_csv(answer), nl=False)
        case _:
            print_answer(answer)
    _warn(answer)


def _wanted(name: str | None, steps: str | None, within: str | None, by: str | None) -> "Funnel":
    """The funnel that the arguments mean."""
    from dataclasses import replace
    from difflib import get_close_matches

    from clickstream_platform.contract.funnels import Funnel
    from clickstream_platform.lib.funnel_file import configured_funnels, parse_breakdowns, parse_steps, parse_within

    if name is not None and steps is not None:
        raise click.UsageError("give a NAME or --steps, not both")
    if steps is not None:
        found = Funnel("--steps", parse_steps("--steps", [part.strip() for part in steps.split(",")]))
    else:
        funnels = {one.name: one for one in configured_funnels()}
        if name is not None and name not in funnels:
            close = get_close_matches(name, funnels, n=1)
            hint = f"Did you mean {close[0]}?" if close else f"There is {', '.join(funnels)}."
            _refuse(f"{name}: no such funnel. {hint} Or give its events: --steps view_item,purchase")
        found = funnels[name] if name is not None else next(iter(funnels.values()))
    if within is not None:
        found = replace(found, days=parse_within("--within", within))
    return replace(found, breakdowns=parse_breakdowns("--by", [by] if by is not None else []))


def _open(uri: str | None) -> "Lake":
    """The lake; looking at one that is not there must not make it."""
    from pathlib import Path

    from clickstream_platform.config import get_settings
    from clickstream_platform.lake import Lake

    address = uri or get_settings().lake_uri
    if "://" not in address and not Path(address).is_dir():
        _refuse(f"{address}: there is no lake. Set CLICKSTREAM_LAKE_URI, or fill one with `clickstream ingest`.")
    return Lake(address)


def _days(lake: "Lake", first: date | None, last: date | None) -> tuple[date, date, date]:
    """First and last day to count, and the newest that has events."""
    from obstore.exceptions import BaseError

    try:
        known = lake.days("sessions") and lake.days("events_clean")
    except (BaseError, OSError) as error:
        _refuse(f"{lake.uri} cannot be read: {error}\nSee whether CLICKSTREAM_LAKE_URI and the credentials are right.")
    if not known:
        _refuse(f"{lake.uri}: no events and sessions have been computed yet. Run `clickstream build`.")
    ends = last or max(known[-1], first or known[-1])
    begins = first or (ends - timedelta(days=NEWEST - 1))
    if ends < begins:
        _refuse(f"--from {begins} is after --to {ends}. Exchange them.")
    if ends < known[0] or begins > known[-1]:
        _refuse(f"{lake.uri} has no events of {begins}..{ends}: its days are {known[0]}..{known[-1]}")
    return max(begins, known[0]), min(ends, known[-1]), known[-1]


def _warn(answer: "FunnelAnswer") -> None:
    """What to know of the figures, on stderr."""
    if answer.rows.is_empty():
        click.echo(f"Nobody began this funnel from {answer.first} to {answer.last}.", err=True)
    elif answer.open_from is not None:
        click.echo(
            f"Attempts begun from {answer.open_from} on may still go on: events are known until {answer.known_until}.",
            err=True,
        )


def _refuse(message: str) -> NoReturn:
    click.echo(f"Error: {message}", err=True)
    sys.exit(2)
