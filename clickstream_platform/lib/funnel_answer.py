"""How far people came through a funnel in some days, counted from silver."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import narwhals as nw
import polars as pl

from clickstream_platform.contract.funnels import ANYTHING, Funnel
from clickstream_platform.lake import Lake
from clickstream_platform.lib.table_frames import around
from clickstream_platform.transforms import funnel_steps


@dataclass(frozen=True)
class FunnelAnswer:
    """A funnel over some days.

    Attributes:
        funnel: what was asked for.
        first: the first day (UTC) of attempts counted.
        last: the last one.
        known_until: the newest day that has events: attempts that may go on after it are not over.
        rows: of `funnel_steps`, over all the days together; none where nobody began.
    """

    funnel: Funnel
    first: date
    last: date
    known_until: date
    rows: pl.DataFrame

    @property
    def open_from(self) -> date | None:
        """The first of the days whose attempts may still go on; None where all are over."""
        first = self.known_until - timedelta(days=self.funnel.reach - 1)
        return max(first, self.first) if first <= self.last else None

    def steps_of(self, segment: str | None = None) -> list[dict[str, Any]]:
        """The steps of a segment of the breakdown, in order; of the total without."""
        dimension = pl.col("dimension") == ANYTHING if segment is None else pl.col("dimension") != ANYTHING
        named = pl.lit(True) if segment is None else pl.col("segment") == segment
        return self.rows.filter(dimension, named).sort("step").to_dicts()

    def segments(self) -> list[str]:
        """Segments of the breakdown, those with most attempts first."""
        first = self.rows.filter(pl.col("dimension") != ANYTHING, pl.col("step") == 1)
        return first.sort("entered", "segment", descending=[True, False])["segment"].to_list()


def answer_funnel(lake: Lake, funnel: Funnel, first: date, last: date, *, known_until: date) -> FunnelAnswer:
    """Count a funnel's attempts that begin on the days from first to last, both included."""
    days = around([first, last], None)
    events = nw.from_native(lake.scan("events_clean", around(days, (0, funnel.reach))))
    sessions = nw.from_native(lake.scan("sessions", around(days, (-1, 0))))
    found = funnel_steps(events, sessions, funnels=[funnel], first_day=first, last_day=last, daily=False)
    rows: pl.DataFrame = found.to_native().collect(engine="streaming").sort("dimension", "segment", "step")
    return FunnelAnswer(funnel, first, last, known_until, rows)
