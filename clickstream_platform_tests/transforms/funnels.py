"""Funnels over a few events: what they answer, and how many reached each step."""

from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, settings

from clickstream_platform.contract.funnels import Funnel, FunnelStep
from clickstream_platform.transforms import funnel_steps, sessions
from clickstream_platform_tests.transforms.rows import DAY, HALF_HOUR, clean_events, found

FIRST, LAST = DAY, DAY + timedelta(days=2)
few = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))


def funnel_of(*events: str, days: int | None = None, breakdowns: tuple[str, ...] = ()) -> Funnel:
    return Funnel("f", tuple(FunnelStep(name, name) for name in events), days, breakdowns)


def steps_of(
    funnel: Funnel, *rows: dict[str, Any], first: date = FIRST, last: date = LAST, daily: bool = True
) -> list[dict[str, Any]]:
    events = clean_events(*rows)
    spans = sessions(events, first_day=first - timedelta(days=1), last_day=last, timeout=HALF_HOUR)
    answer = funnel_steps(events, spans, funnels=[funnel], first_day=first, last_day=last, daily=daily)
    return found(answer, "date", "dimension", "segment", "step")


def reached(funnel: Funnel, *rows: dict[str, Any]) -> dict[date, list[int]]:
    """Totals by day."""
    counts: dict[date, list[int]] = {}
    for row in steps_of(funnel, *rows):
        if row["dimension"] == "all":
            counts.setdefault(row["date"], []).append(row["reached"])
    return counts
