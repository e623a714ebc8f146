"""`clickstream ingest`: files into bronze."""

import signal
import sys
from typing import NoReturn

import click


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--dataset",
    type=click.Choice(["events", "customers", "products", "orders", "marketing_spend"]),
    help="What the files hold. Otherwise told by the folder (landing/<dataset>/) or the beginning of the file's name.",
)
@click.option(
    "--format",
    "format_name",
    default="native",
    show_default=True,
    help="native (the contract) or mapping (see --mapping).",
)
@click.option("--mapping", type=click.Path(exists=True, dir_okay=False), help="Mapping file (TOML) of foreign columns.")
@click.option("--lake", help="Folder or s3://bucket/prefix to write to (CLICKSTREAM_LAKE_URI).")
@click.option("--processes", "-j", type=click.IntRange(1), help="Files read at once; default: one a core.")
@click.option(
    "--max-rejected",
    type=click.FloatRange(0, 1),
    help="Share of rejected records above which the exit code is 1 (CLICKSTREAM_REJECT_THRESHOLD).",
)
@click.option("--again", is_flag=True, help="Ingest files that were ingested before too, replacing their rows.")
@click.option("--progress/--no-progress", default=None, help="Progress bar; default: on a terminal.")
def ingest(
    paths: tuple[str, ...],
    *,
    dataset: str | None,
    format_name: str,
    mapping: str | None,
    lake: str | None,
    processes: int | None,
    max_rejected: float | None,
    again: bool,
    progress: bool | None,
) -> None:
    """Read events, customers, products, orders and marketing spend into bronze.

    PATH is a file, a folder, a glob or - for stdin: JSON lines, a JSON array or CSV with a header, plain, gzip or zstd.
    What a file is shows in its content; what it holds shows in its folder or name, or is said with --dataset.

    \b
      clickstream ingest landing                               everything below landing/<dataset>/
      clickstream ingest 'export/events-2024-*.jsonl.gz'       by name
      zcat old.gz | clickstream ingest - --dataset events      from another program
      clickstream ingest shop.csv --mapping shop.toml          another shop's columns (docs/examples)

    The same file twice adds nothing, and an interrupted run is finished by running it again. A refused record does not
    stop the others: it is kept below rejected/ in the lake, with its reason, field, file and line:

    \b
      clickstream sql "select reason, field, source, line, detail from 'lake/rejected/*/*.parquet'"

    Exit code: 0 fine, 1 more records rejected than --max-rejected allows, 2 something could not be read or written.
    """  # noqa: D301
    from clickstream_platform.commands.ingest_report import Progress, print_summary
    from clickstream_platform.ingest import IngestError, IngestOptions, ingest_sources

    from clickstream_platform.config import get_settings  # isort: skip

    settings = get_settings()
    threshold = settings.reject_threshold if max_rejected is None else max_rejected
    options = IngestOptions.from_settings(
        settings, lake_uri=lake, dataset=dataset, format=format_name, mapping=mapping, again=again
    )
    # `kill` and a closed terminal end like Ctrl-C: workers are stopped and drafts removed.
    signal.signal(signal.SIGTERM, _interrupt)
    show = sys.stderr.isatty() if progress is None else progress
    try:
        with Progress(show=show) as bar:
            summary = ingest_sources(paths, options, processes=processes, on_progress=bar.advance, on_sources=bar.begin)
    except IngestError as error:
        _fail(str(error), 2)
    except KeyboardInterrupt:
        _fail("interrupted; run the same command again to finish", 130)
    print_summary(summary, options.lake_uri, threshold)
    if summary.failed or not summary.sources:
        sys.exit(2)
    sys.exit(1 if summary.rejected_share > threshold else 0)


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _fail(message: str, code: int) -> NoReturn:
    click.echo(f"Error: {message}", err=True)
    sys.exit(code)
