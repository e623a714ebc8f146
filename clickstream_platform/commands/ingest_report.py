"""What `clickstream ingest` shows: a bar of bytes while it reads, and a summary at the end."""

from pathlib import PurePath
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as RichProgress
from rich.table import Table

from clickstream_platform.ingest import IngestSummary, Source, SourceReport

_MOST_ROWS = 30


class Progress:
    """A progress bar over all bytes of all sources, on stderr."""

    def __init__(self, *, show: bool) -> None:
        self._bar = RichProgress(
            TextColumn("[bold]ingest"),
            BarColumn(),
            DownloadColumn(binary_units=True),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.description}"),
            console=Console(stderr=True),
            disable=not show,
            transient=True,
        )
        self._task = self._bar.add_task("", total=None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def begin(self, sources: list[Source]) -> None:
        """Set the whole: the bytes of all sources."""
        self._bar.update(self._task, total=sum(source.bytes for source in sources))

    def advance(self, name: str, count: int) -> None:
        """Bytes of a source were read."""
        self._bar.update(self._task, advance=count, description=PurePath(name).name)


def print_summary(summary: IngestSummary, lake_uri: str, threshold: float) -> None:
    """The summary on stdout; what could not be read on stderr."""
    console = Console(soft_wrap=True)
    if not console.is_terminal:
        console.width = 160  # a log wants one line a file
    for source in summary.failed:
        Console(stderr=True, soft_wrap=True).print(f"Error: {source.source}: {source.error}", markup=False)
    if not summary.sources:
        Console(stderr=True).print("Error: nothing to ingest: no file found", markup=False)
        return
    console.print(_sources_table(summary))
    for source in summary.sources:
        for note in source.notes:
            console.print(f"{source.source}: {note}", markup=False)
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in summary.rejected.most_common())
    rate = summary.rows_read / summary.seconds if summary.seconds else 0.0
    console.print(
        f"{summary.rows_read:,} records in {summary.seconds:.1f} s ({rate:,.0f}/s): "
        f"{summary.accepted:,} to bronze on {len(summary.days):,} days, {summary.rejected.total():,} rejected"
        + (f" ({reasons})" if reasons else ""),
        markup=False,
    )
    if summary.rejected:
        console.print(f"Refused records with reasons: {lake_uri}/rejected/", markup=False)
    if summary.rejected_share > threshold:
        console.print(f"{summary.rejected_share:.1%} rejected is more than the allowed {threshold:.1%}", markup=False)


def _sources_table(summary: IngestSummary) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("source", overflow="fold")
    table.add_column("dataset")
    table.add_column("status")
    for name in ("read", "accepted", "rejected", "days", "objects"):
        table.add_column(name, justify="right")
    # A thousand good files are one line; what went wrong is shown file by file.
    plain = [source for source in summary.sources if source.status in ("new", "already_ingested")]
    shown = summary.sources if len(summary.sources) <= _MOST_ROWS else _worth_a_line(summary)
    for source in shown:
        table.add_row(*_row(source))
    if len(shown) < len(summary.sources):
        table.add_row(f"... and {len(plain) - sum(source in plain for source in shown):,} more files", *[""] * 7)
    return table


def _worth_a_line(summary: IngestSummary) -> list[SourceReport]:
    special = [source for source in summary.sources if source.status in ("incomplete", "failed") or source.rejected]
    return (special or summary.sources)[:_MOST_ROWS]


def _row(source: SourceReport) -> list[str]:
    counts = (source.rows_read, source.accepted, source.rejected_rows, len(source.days), len(source.objects))
    status = source.status.replace("_", " ")
    return [source.source, source.dataset or "?", status, *(f"{count:,}" for count in counts)]
