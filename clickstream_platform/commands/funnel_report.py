"""Funnels for people and programs."""

import io
import json
from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from clickstream_platform.contract.funnels import Funnel
from clickstream_platform.lib.funnel_answer import FunnelAnswer

PLAIN_WIDTH = 120
"""Columns where there is no terminal."""
BAR, SMALL_BAR = 30, 12
"""Characters of a bar of everybody."""
MOST_SEGMENTS = 20
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def print_answer(answer: FunnelAnswer) -> None:
    """A bar a step, and with a breakdown a line a segment below."""
    console = _console()
    funnel = answer.funnel
    within = "within a session" if funnel.days is None else f"within {_days(funnel.days)}"
    title = "Funnel" if funnel.name == "--steps" else f"Funnel {_printable(funnel.name)}"
    console.print(Text(f"{title}, {within}, {answer.first}..{answer.last}", "bold"), soft_wrap=True)
    if answer.rows.is_empty():
        return
    console.print(_steps(answer.steps_of()))
    if funnel.breakdowns:
        console.print(_segments(answer))
        hidden = len(answer.segments()) - MOST_SEGMENTS
        if hidden > 0:
            console.print(f"{hidden:,} smaller segments more; --format csv has all")


def print_list(funnels: Sequence[Funnel]) -> None:
    """A line a funnel."""
    table = _table("funnel", "within", "steps", "breakdowns")
    for funnel in funnels:
        steps = " → ".join(step.label for step in funnel.steps)
        table.add_row(funnel.name, funnel.within, Text(_printable(steps)), ", ".join(funnel.breakdowns))
    _console().print(table)


def as_json(answer: FunnelAnswer, lake: str) -> str:
    """What was asked and every row, in one document."""
    document = {
        "lake": lake,
        "funnel": answer.funnel.name,
        "within": answer.funnel.within,
        "from": answer.first.isoformat(),
        "to": answer.last.isoformat(),
        "open_from": answer.open_from.isoformat() if answer.open_from else None,
        "rows": answer.rows.drop("date", "funnel", "within", "closes_on").to_dicts(),
    }
    return json.dumps(document, indent=1, ensure_ascii=False)


def as_csv(answer: FunnelAnswer) -> str:
    """Every row, with a heading."""
    out = io.BytesIO()
    answer.rows.drop("date", "closes_on").write_csv(out)
    return out.getvalue().decode()


def _steps(steps: Sequence[dict[str, Any]]) -> Table:
    table = _table("step", "", "reached", "of first", "of previous", "lost", "median wait", left=2)
    for row in steps:
        rate = row["conversion_from_previous"]
        table.add_row(
            Text(f"{row['step']} {_printable(row['label'])}"),
            Text(bar(row["conversion_from_first"], BAR), "cyan"),
            f"{row['reached']:,}",
            f"{row['conversion_from_first']:.1%}",
            "" if row["step"] == 1 or rate is None else f"{rate:.1%}",
            "" if row["step"] == 1 else f"{row['dropped']:,}",
            _wait(row["median_seconds_from_previous"]),
        )
    return table


def _segments(answer: FunnelAnswer) -> Table:
    labels = [_printable(step.label) for step in answer.funnel.steps]
    table = _table(answer.funnel.breakdowns[0], "", *labels, left=2)
    shown = [(segment, answer.steps_of(segment)) for segment in answer.segments()[:MOST_SEGMENTS]]
    best = max(steps[-1]["conversion_from_first"] for _, steps in shown) or 1.0
    for segment, steps in shown:
        shares = [f"{row['reached']:,} ({row['conversion_from_first']:.1%})" for row in steps[1:]]
        table.add_row(
            Text(_printable(segment)),
            Text(bar(steps[-1]["conversion_from_first"] / best, SMALL_BAR), "cyan"),
            f"{steps[0]['reached']:,}",
            *shares,
        )
    return table


def bar(share: float, width: int) -> str:
    """A bar of so many characters for all, to an eighth of one; what is there at all has at least an eighth."""
    eighths = max(round(share * width * 8), 1 if share > 0 else 0)
    return _EIGHTHS[8] * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _wait(seconds: float | None) -> str:
    """Seconds as people say them."""
    if seconds is None:
        return ""
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"


def _days(days: int) -> str:
    return "a day" if days == 1 else f"{days} days"


def _table(*headings: str, left: int = 4) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for place, heading in enumerate(headings):
        number = place >= left
        table.add_column(Text(heading), justify="right" if number else "left", overflow="fold", no_wrap=number)
    return table


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PLAIN_WIDTH)


def _printable(text: str) -> str:
    """Without control characters: what shops send must not steer the terminal."""
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
