"""`clickstream rebuild-bronze`: bronze events from what the streams delivered."""

import sys
from datetime import UTC, date, datetime, timedelta

import click

_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command(name="rebuild-bronze")
@click.option("--from", "first", type=_DAY, metavar="DAY", help="First arrival day (UTC), e.g. 2024-03-01.")
@click.option("--to", "last", type=_DAY, metavar="DAY", help="Last arrival day; default: the first.")
@click.option("--lake", help="Folder or s3://bucket/prefix (CLICKSTREAM_LAKE_URI).")
@click.option("--processes", "-j", type=click.IntRange(1), help="Objects read at once; default: one a core.")
@click.option("--only-new", is_flag=True, help="Leave out objects that were read before.")
@click.option("--progress/--no-progress", default=None, help="Progress bar; default: on a terminal.")
def rebuild_bronze(
    *,
    first: datetime | None,
    last: datetime | None,
    lake: str | None,
    processes: int | None,
    only_new: bool,
    progress: bool | None,
) -> None:
    """Rebuild bronze events from raw/, where the delivery stream keeps all that was put on the streams.

    Use it when bronze was lost, when the rules of what is accepted have changed, or when the stream processor was down
    for longer than the stream keeps records. DAY is the day that records *arrived*, as in
    raw/year=YYYY/month=MM/day=DD/; their events may belong to other days. Originals are there for
    CLICKSTREAM_RAW_RETENTION_DAYS days.

    \b
      clickstream rebuild-bronze --from 2024-03-01                     one day
      clickstream rebuild-bronze --from 2024-03-01 --to 2024-03-07     a week
      clickstream build                                                then silver and gold, as after any ingest

    Nothing is counted twice: rows that an object gave before are replaced, and silver takes an event once that bronze
    has from the stream, too. Records are judged as on the day they arrived, and refused ones are kept below rejected/
    with their reasons.

    Exit code: 0 fine, 2 something could not be read or written, or nothing was delivered on these days.
    """  # noqa: D301 - click wants the backspace itself
    from clickstream_platform.commands.ingest_report import Progress, print_summary
    from clickstream_platform.config import get_settings
    from clickstream_platform.ingest import IngestOptions, ingest_raw

    if first is None:
        raise click.UsageError("say which days, e.g. --from 2024-03-01 --to 2024-03-07")
    days = _days(first.date(), (last or first).date())
    settings = get_settings()
    options = IngestOptions.from_settings(settings, lake_uri=lake)
    with Progress(show=sys.stderr.isatty() if progress is None else progress) as bar:
        summary = ingest_raw(
            days,
            options,
            again=not only_new,
            processes=processes,
            on_progress=bar.advance,
            on_sources=bar.begin,
        )
    if not summary.sources:
        click.echo(f"Error: nothing was delivered below {options.lake_uri}/raw/ from {days[0]} to {days[-1]}", err=True)
        sys.exit(2)
    print_summary(summary, options.lake_uri, settings.reject_threshold)
    sys.exit(2 if summary.failed else 0)


def _days(first: date, last: date) -> list[date]:
    if last < first:
        raise click.UsageError(f"--to {last} is before --from {first}")
    if first > datetime.now(UTC).date():
        raise click.UsageError(f"--from {first} has not come yet")
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
