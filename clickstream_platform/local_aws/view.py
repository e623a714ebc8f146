"""Shows snapshots: as a table that stays in place on a terminal, otherwise as lines."""

import sys
from collections.abc import Mapping
from typing import TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table

from clickstream_platform.local_aws.watching import Snapshot

LINE_EVERY = 5
"""Snapshots between two lines where there is no terminal."""


class View:
    """A view of snapshots; close it to get the terminal back.

    Args:
        addresses: What to show below them: URLs by name.
    """

    def __init__(self, addresses: Mapping[str, str], output: TextIO | None = None) -> None:
        self._output = output or sys.stdout
        self._addresses = addresses
        self._shown = 0
        self._live: Live | None = None
        if self._output.isatty():
            self._live = Live(console=Console(file=self._output), auto_refresh=False)
            self._live.start()
        else:
            for name, address in addresses.items():
                self._print(f"{name:<8} {address}")

    def show(self, snapshot: Snapshot) -> None:
        """Show the newest."""
        if self._live is not None:
            self._live.update(Group(table(snapshot), addresses_table(self._addresses)), refresh=True)
        elif self._shown % LINE_EVERY == 0:
            self._print(line(snapshot))
        self._shown += 1

    def close(self, last: Snapshot | None = None) -> None:
        """End the view, with the last snapshot as a line."""
        if self._live is not None:
            self._live.stop()
        if last is not None:
            self._print(line(last))

    def _print(self, text: str) -> None:
        print(text, file=self._output, flush=True)


def line(snapshot: Snapshot) -> str:
    """A snapshot in one line."""
    return (
        f"in {snapshot.sent} ({snapshot.sent_rate:.0f}/s)  "
        f"done {snapshot.processed} ({snapshot.processed_rate:.0f}/s)  "
        f"lag {snapshot.lag_records} records {snapshot.lag_milliseconds} ms  "
        f"batches {snapshot.batches_succeeded} ok {snapshot.batches_failed} failed  rejected {snapshot.rejected}  "
        f"discarded {snapshot.discarded}  files {snapshot.files}  arrivals {snapshot.arrivals}  "
        f"dead letters {snapshot.dead_letters}  live sessions {snapshot.live_sessions}"
    )


def table(snapshot: Snapshot) -> Table:
    """A snapshot as a table: the stream, what came of it, the live tables."""
    grid = Table.grid(padding=(0, 2))
    grid.add_row(_stream(snapshot), _outcome(snapshot), _live(snapshot))
    return grid


def addresses_table(addresses: Mapping[str, str]) -> Table:
    """Where to look."""
    grid = Table.grid(padding=(0, 2))
    for name, address in addresses.items():
        grid.add_row(f"[dim]{name}[/dim]", address)
    grid.add_row("", "[dim]Ctrl-C ends it[/dim]")
    return grid


def _rows(title: str, rows: Mapping[str, str]) -> Table:
    part = Table(title=title, title_justify="left", show_header=False, box=None)
    part.add_column(style="dim", no_wrap=True)
    part.add_column(justify="right", no_wrap=True)
    for name, value in rows.items():
        part.add_row(name, value)
    return part


def _stream(snapshot: Snapshot) -> Table:
    rows = {
        "events in": f"{snapshot.sent:,}",
        "a second": f"{snapshot.sent_rate:,.1f}",
        "processed": f"{snapshot.processed:,}",
        "a second ": f"{snapshot.processed_rate:,.1f}",
        "lag, records": f"{snapshot.lag_records:,}",
        "lag, ms": f"{snapshot.lag_milliseconds:,}",
    }
    return _rows("Stream", rows)


def _outcome(snapshot: Snapshot) -> Table:
    rows = {
        "batches": f"{snapshot.batches_succeeded:,}",
        "failed": f"{snapshot.batches_failed:,}",
        "rejected": f"{snapshot.rejected:,}",
        "discarded": f"{snapshot.discarded:,}",
        "files": f"{snapshot.files:,}",
        "arrivals queue": f"{snapshot.arrivals:,}",
        "dead letters": f"{snapshot.dead_letters:,}",
    }
    return _rows("Functions", rows)


def _live(snapshot: Snapshot) -> Table:
    rows = {"live sessions": f"{snapshot.live_sessions:,}"}
    rows |= {name: f"{events:,}" for name, (events, _) in snapshot.metrics.items()}
    rows["revenue"] = f"{sum(cents for _, cents in snapshot.metrics.values()) / 100:,.2f}"
    return _rows(f"Live, from {snapshot.window[11:16] or '-'}", rows)
