"""`clickstream purge`: originals past their retention."""

from datetime import UTC, datetime, timedelta

import click


@click.command()
@click.option("--days", type=click.IntRange(1), help="Keep this many days (CLICKSTREAM_RAW_RETENTION_DAYS).")
@click.option("--dry-run", is_flag=True, help="Say what would be deleted, and delete nothing.")
@click.option("--lake", help="Folder or s3://bucket/prefix (CLICKSTREAM_LAKE_URI).")
def purge(days: int | None, *, dry_run: bool, lake: str | None) -> None:
    """Delete originals that are older than the retention.

    Originals of ingested files lie under raw/ in a folder of the day they were ingested, and are the only place where
    events have personal data. Tables are not touched.
    """
    from clickstream_platform.config import get_settings
    from clickstream_platform.lib.retention import purge_raw

    settings = get_settings()
    before = datetime.now(UTC).date() - timedelta(days=days or settings.raw_retention_days)
    paths = purge_raw(lake or settings.lake_uri, before, dry_run=dry_run)
    if dry_run:
        for path in paths:
            click.echo(path)
    count = f"{len(paths):,} original{'' if len(paths) == 1 else 's'} from before {before}"
    click.echo(f"{count} would be deleted" if dry_run else f"deleted {count}", err=dry_run)
