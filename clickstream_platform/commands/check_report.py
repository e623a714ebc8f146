"""Verdicts for people, programs and GitHub."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from rich.console import Console
from rich.table import Table
from rich.text import Text

from clickstream_platform.lib.checks import CheckInfo, Verdict, worst
from clickstream_platform.schemas import TABLES

MARKS = {"error": ("✗ error", "bold red"), "warn": ("! warn", "yellow"), "": ("✓", "green")}
PLAIN_WIDTH = 160
"""Columns of a table that goes to a file or a CI log."""
SPANS = 3
"""Stretches of failed days that are named; the rest is counted."""


@dataclass(frozen=True)
class Summary:
    """One check over all its days."""

    info: CheckInfo
    verdicts: Sequence[Verdict]

    @property
    def failures(self) -> list[Verdict]:
        """The verdicts that did not pass."""
        return [verdict for verdict in self.verdicts if not verdict.passed]

    @property
    def state(self) -> str:
        """`error` or `warn` when a day failed; empty when all passed."""
        return worst(self.verdicts)


def summaries(verdicts: Iterable[Verdict]) -> list[Summary]:
    """One for each check: errors first, then warnings, then what passed; otherwise as they came."""
    by_check: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in verdicts:
        by_check.setdefault((verdict.info.table, verdict.info.name), []).append(verdict)
    found = [Summary(judged[0].info, judged) for judged in by_check.values()]
    return sorted(found, key=lambda summary: list(MARKS).index(summary.state))


def print_table(verdicts: Sequence[Verdict], lake: str, days: Sequence[date]) -> None:
    """A row a check, failures first; below them what was found, and what to do.

    What was found stands outside of the table, where no column is too narrow for it.
    """
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=PLAIN_WIDTH)
    span = f" on {days[0]}..{days[-1]}" if days else ""
    table = Table(title=f"Checks of {lake}{span}", title_justify="left", title_style="bold")
    table.add_column("", no_wrap=True)
    for heading in ("table", "check"):
        table.add_column(heading, overflow="fold")
    for heading in ("days failed", "rows failed"):
        table.add_column(heading, justify="right", no_wrap=True)
    found = summaries(verdicts)
    for summary in found:
        mark, style = MARKS[summary.state]
        name = f"{TABLES[summary.info.table].layer}.{summary.info.table}"
        table.add_row(
            Text(mark, style),
            name,
            summary.info.name,
            _days_failed(summary),
            _rows_failed(summary),
        )
    console.print(table)
    for summary in found:
        if summary.state:
            mark, style = MARKS[summary.state]
            lines = (
                Text(f"{mark} {summary.info.table} {summary.info.name}: {summary.info.rule}", style),
                Text(f"  Found: {_found(summary)}"),
                Text(f"  To do: {summary.info.remedy}."),
            )
            for line in lines:
                console.print(line, soft_wrap=True)
    console.print(conclusion(verdicts))


def as_json(verdicts: Sequence[Verdict], lake: str, days: Sequence[date]) -> str:
    """Every verdict in one document."""
    failed = [verdict.severity for verdict in verdicts if not verdict.passed]
    document = {
        "lake": lake,
        "days": [day.isoformat() for day in days],
        "errors": failed.count("error"),
        "warnings": failed.count("warn"),
        "verdicts": [
            {
                "table": f"{TABLES[verdict.info.table].layer}.{verdict.info.table}",
                "check": verdict.info.name,
                "day": verdict.day.isoformat() if verdict.day else None,
                "passed": verdict.passed,
                "severity": verdict.severity,
                "rule": verdict.info.rule,
                "checked": verdict.checked,
                "failed": verdict.failed,
                "rate": verdict.rate,
                "said": verdict.said,
                "counts": dict(verdict.counts),
                "sample": [dict(row) for row in verdict.sample],
            }
            for verdict in verdicts
        ],
    }
    return json.dumps(document, indent=1, ensure_ascii=False)


def as_annotations(verdicts: Sequence[Verdict]) -> str:
    """A workflow command for each check that failed (GitHub shows ten of a kind), and the conclusion."""
    lines = []
    for summary in summaries(verdicts):
        if summary.state:
            command = "error" if summary.state == "error" else "warning"
            title = _escaped(f"{summary.info.table}: {summary.info.name}").replace(":", "%3A").replace(",", "%2C")
            said = _escaped(f"{_found(summary)}. To do: {summary.info.remedy}.")
            lines.append(f"::{command} title={title}::{said}")
    return "\n".join([*lines, conclusion(verdicts)])


def conclusion(verdicts: Sequence[Verdict]) -> str:
    """How many checks there were and how many failed, in a line."""
    states = [summary.state for summary in summaries(verdicts)]
    errors, warnings = states.count("error"), states.count("warn")
    failed = f"{errors} failed, {warnings} warned" if errors or warnings else "all passed"
    return f"{len(states):,} checks, {len(verdicts):,} verdicts: {failed}"


def _days_failed(summary: Summary) -> str:
    if not any(verdict.day for verdict in summary.verdicts):
        return ""
    return f"{sum(verdict.day is not None for verdict in summary.failures)} of {len(summary.verdicts)}"


def _rows_failed(summary: Summary) -> str:
    failed = sum(verdict.failed for verdict in summary.verdicts)
    checked = sum(verdict.checked for verdict in summary.verdicts)
    return f"{failed:,} of {checked:,} ({failed / checked:.2%})" if failed and checked else f"{failed:,} of {checked:,}"


def _found(summary: Summary) -> str:
    """The first failure with an offending row, and on which days there are more."""
    if not summary.failures:
        return ""
    first = summary.failures[0]
    said = f"{first.day}: {first.said}" if first.day else first.said
    if first.sample:
        said += "; such as " + ", ".join(f"{name} {value}" for name, value in first.sample[0].items())
    others = [verdict.day for verdict in summary.failures[1:] if verdict.day]
    return f"{said} (also {_stretches(others)})" if others else said


def _stretches(days: Sequence[date]) -> str:
    """Days as stretches: 2024-03-02..2024-03-05, 2024-03-09."""
    runs = [[day for _, day in run] for _, run in groupby(enumerate(days), lambda at: at[1] - timedelta(days=at[0]))]
    named = [f"{run[0]}..{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs[:SPANS]]
    rest = sum(len(run) for run in runs[SPANS:])
    return ", ".join([*named, *([f"{rest} more days"] if rest else [])])


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
