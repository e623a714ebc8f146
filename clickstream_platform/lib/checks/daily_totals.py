"""Is a day's total out of line with the same weekday of the weeks before?"""

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import polars as pl

from clickstream_platform.lake import Lake
from clickstream_platform.lib.checks.verdict import CheckInfo, CheckOptions, Verdict
from clickstream_platform.schemas import TABLES

DAILY_TOTAL_ANOMALY = "daily_total_anomaly"
WEEKS, FEWEST_WEEKS = 8, 4
MAD_TO_DEVIATION = 1.4826
"""Standard deviations in a median absolute deviation, for normally distributed totals."""


@dataclass(frozen=True)
class Total:
    """A daily total: the sum of a column; a total that counts things varies at least as their square root."""

    name: str
    column: str
    counts: bool = True


TOTALS: Mapping[str, tuple[Total, ...]] = {
    "daily_sales_summary": (Total("revenue", "total_revenue", counts=False), Total("orders", "total_orders")),
    "conversion_funnel": (Total("sessions", "sessions"),),
    "traffic_summary": (Total("events", "events"),),
}


def anomaly_info(table_name: str) -> CheckInfo:
    """The check of a gold table's daily totals."""
    names = " and ".join(total.name for total in TOTALS[table_name])
    return CheckInfo(
        table_name,
        DAILY_TOTAL_ANOMALY,
        "warn",
        f"the day's {names} are in line with the same weekday of the {WEEKS} weeks before",
        remedy="see whether a source is missing, doubled, or the shop had a special day",
    )


def check_daily_totals(
    lake: Lake, table_name: str, days: Sequence[date], options: CheckOptions, today: date | None = None
) -> Iterator[Verdict]:
    """A verdict a day, from the totals of that day and of the same weekdays before. Days not over yet pass."""
    info, table = anomaly_info(table_name), TABLES[table_name]
    assert table.partition_column is not None
    present = today or datetime.now(UTC).date()
    history = {day: [day - timedelta(weeks=week) for week in range(1, WEEKS + 1)] for day in days}
    wanted = sorted({*days, *(earlier for before in history.values() for earlier in before)})
    totals = TOTALS[table_name]
    found = (
        lake.scan(table_name, wanted)
        .group_by(table.partition_column)
        .agg(pl.col(total.column).cast(pl.Float64).sum() for total in totals)
        .collect(engine="streaming")
    )
    known: dict[date, tuple[float, ...]] = {day: tuple(values) for day, *values in found.iter_rows()}
    for day in days:
        if day >= present:
            yield Verdict(info, True, day, detail="the day is not over")
            continue
        said, odd, judged, counts = [], 0, 0, {}
        for place, total in enumerate(totals):
            before = [known[earlier][place] for earlier in history[day] if earlier in known]
            value = known[day][place] if day in known else 0.0
            counts[total.name] = round(value, 2)
            if len(before) < FEWEST_WEEKS:
                continue
            judged += 1
            low, median, high = _band(before, total, options)
            counts |= {f"{total.name} expected": round(median, 2)}
            if not low <= value <= high:
                odd += 1
                said.append(
                    f"{total.name} {value:,.0f} on a {day:%A}, where {median:,.0f} is usual "
                    f"and {max(low, 0):,.0f} to {high:,.0f} within bounds"
                )
        if not judged:
            said.append(f"fewer than {FEWEST_WEEKS} of the {WEEKS} weeks before are known: nothing to compare with")
        yield Verdict(info, not odd, day, judged, odd, "; ".join(said), counts=counts)


def _band(before: Sequence[float], total: Total, options: CheckOptions) -> tuple[float, float, float]:
    """Lowest, middle and highest value that is in line with those before."""
    median = statistics.median(before)
    deviation = MAD_TO_DEVIATION * statistics.median(abs(value - median) for value in before)
    if total.counts:
        deviation = max(deviation, math.sqrt(max(median, 0)))
    reach = max(options.anomaly_deviations * deviation, options.anomaly_least_change * abs(median))
    return median - reach, median, median + reach
