"""Which of a day's totals are out of line, and how that is said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from clickstream_platform.lib.checks.baseline import FEWEST_WEEKS, is_gone, reach
from clickstream_platform.lib.checks.measures import DailyTotals, Measure
from clickstream_platform.lib.checks.verdict import CheckOptions, Severity

Band = Mapping[str, Any]
"""A row of `baseline.bands`."""


@dataclass(frozen=True)
class Odd:
    """A total that is out of line.

    Attributes:
        measure: which it is of the table's.
        place: of the measure among them.
        split: what it is measured of.
        severity: by the threshold that it passes.
        said: its value, and what would have been in line.
    """

    measure: Measure
    place: int
    split: str
    severity: Severity
    said: str

    @property
    def name(self) -> str:
        """Which of the table's totals it is."""
        return total_name(self.split, self.measure)


def total_name(split: str, measure: Measure) -> str:
    """Which of a table's totals the measure of a split is."""
    return f"{split}: {measure.name}" if split else measure.name


def is_judged(band: Band) -> bool:
    """Whether the total has a value, and enough days to compare it with."""
    return band["value"] is not None and band["weeks"] >= FEWEST_WEEKS


def odd_totals(
    day: date, bands: Sequence[Band], totals: DailyTotals, options: CheckOptions, holiday: str | None
) -> list[Odd]:
    """What is out of line on a day, the severest first.

    Args:
        day: the day.
        bands: its totals.
        totals: of the table.
        options: the thresholds.
        holiday: the day's name if it is one: then only what lies beyond the error threshold counts, as a warning.
    """
    found = (_odd(day, band, totals.measures[band["measure"]], options, holiday) for band in bands if is_judged(band))
    return sorted((one for one in found if one is not None), key=lambda one: one.severity == "warn")


def _odd(day: date, band: Band, measure: Measure, options: CheckOptions, holiday: str | None) -> Odd | None:
    off = abs(band["value"] - band["expected"])
    worst = reach(band, options.anomaly_error_deviations, options.anomaly_error_change)
    bound = worst if holiday else min(worst, reach(band, options.anomaly_deviations, options.anomaly_least_change))
    gone = is_gone(band, options.anomaly_error_deviations)
    if off <= bound and not gone:
        return None
    severity: Severity = "error" if (off > worst or gone) and not holiday else "warn"
    weekday = f"{day:%A}" + (f" that is a holiday ({holiday})" if holiday else "")
    usual = _within(band, measure, bound) if off > bound else f"never less than {measure.shown(band['lowest'])} was"
    said = (
        f"{total_name(band['split'], measure)} {measure.shown(band['value'])} on a {weekday}, "
        f"where {measure.shown(band['expected'])} is usual and {usual}"
    )
    return Odd(measure, band["measure"], band["split"], severity, said)


def _within(band: Band, measure: Measure, bound: float) -> str:
    """What would have been in line. Only where refunds are usually more than sales is that below zero."""
    low, high = band["expected"] - bound, band["expected"] + bound
    return f"{measure.shown(low if band['expected'] < 0 else max(low, 0))} to {measure.shown(high)} within bounds"
