"""Are a day's totals out of line with the same weekday of the weeks before, and which segments moved?

Beyond the warning threshold a total is worth a look; beyond the error threshold, or where there is nothing at all,
something is broken. Holidays are left
out of what other days are compared with. There are too few of them to compare a holiday with, so on one only what lies
beyond the error threshold is told, as a warning.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from clickstream_platform.lake import Lake
from clickstream_platform.lib.checks.baseline import (
    FEWEST_WEEKS,
    WEEKS,
    aggregations,
    bands,
    is_gone,
    pairs,
    reach,
    values,
)
from clickstream_platform.lib.checks.explanation import Moved, in_full, in_words, moved
from clickstream_platform.lib.checks.holiday_calendar import holidays_of
from clickstream_platform.lib.checks.measures import TODAY, TOTALS, DailyTotals, Measure
from clickstream_platform.lib.checks.verdict import CheckInfo, CheckOptions, Severity, Verdict
from clickstream_platform.schemas import TABLES

DAILY_TOTAL_ANOMALY = "daily_total_anomaly"
MOST_SAID = 4
"""Odd totals told in the sentence; all are in the figures."""


@dataclass(frozen=True)
class Odd:
    """A total that is out of line."""

    measure: Measure
    place: int
    split: str
    severity: Severity
    said: str

    @property
    def name(self) -> str:
        """Which of the table's totals it is."""
        return _name(self.split, self.measure)


def anomaly_info(table_name: str) -> CheckInfo:
    """The check of a gold table's daily totals."""
    names = [measure.name for measure in TOTALS[table_name].measures]
    return CheckInfo(
        table_name,
        DAILY_TOTAL_ANOMALY,
        "warn",
        f"the day's {', '.join(names[:-1])} and {names[-1]} are in line with the same weekday of the "
        f"{WEEKS} weeks before",
        remedy="see whether a source is missing, doubled, or the shop had a special day",
    )


def check_daily_totals(
    lake: Lake, table_name: str, days: Sequence[date], options: CheckOptions, today: date | None = None
) -> Iterator[Verdict]:
    """A verdict a day, from the totals of that day and of the same weekdays before. Days not over yet pass.

    The table is read once for all days and totals; segments are read only of the days on which something is odd.

    Raises:
        HolidayError: The settings' holidays are not right.
    """
    info, totals, present = anomaly_info(table_name), TOTALS[table_name], today or datetime.now(UTC).date()
    over = sorted({day for day in days if day < present})
    years = {day.year + back for day in over for back in (-1, 0)}
    holidays = holidays_of(years, options.holiday_country, options.holidays_file) if over else {}
    compared = pairs(over, holidays)
    known = _known(lake, table_name, {*over, *compared["before"]}, present)
    rows: dict[date, list[dict[str, Any]]] = {day: [] for day in over}
    for band in bands(values(known, totals.measures), compared, totals.measures).iter_rows(named=True):
        rows.setdefault(band["day"], []).append(band)
    odd = {day: _odd(day, rows[day], totals, options, holidays.get(day)) for day in over}
    parts = _explained(lake, table_name, odd, rows, compared, present) if any(odd.values()) else {}
    for day in days:
        if day >= present:
            yield Verdict(info, True, day, detail="the day is not over")
        else:
            yield _verdict(info, totals, day, rows[day], odd[day], parts, holidays.get(day))


def _known(lake: Lake, table_name: str, days: set[date], present: date) -> pl.DataFrame:
    """The totals of some days, a row a day and split."""
    totals = TOTALS[table_name]
    rows = _scan(lake, table_name, days, present).filter(totals.rows)
    return rows.group_by("day", totals.split.alias("split")).agg(aggregations(totals)).collect(engine="streaming")


def _scan(lake: Lake, table_name: str, days: set[date], present: date) -> pl.LazyFrame:
    column = TABLES[table_name].partition_column
    assert column is not None
    return lake.scan(table_name, sorted(days)).with_columns(pl.col(column).alias("day"), pl.lit(present).alias(TODAY))


def _judged(band: Mapping[str, Any]) -> bool:
    return band["value"] is not None and band["weeks"] >= FEWEST_WEEKS


def _odd(
    day: date, rows: Sequence[Mapping[str, Any]], totals: DailyTotals, options: CheckOptions, holiday: str | None
) -> list[Odd]:
    """What is out of line on a day, the severest first."""
    found: list[Odd] = []
    for band in filter(_judged, rows):
        measure = totals.measures[band["measure"]]
        off = abs(band["value"] - band["expected"])
        worst = reach(band, options.anomaly_error_deviations, options.anomaly_error_change)
        bound = worst if holiday else reach(band, options.anomaly_deviations, options.anomaly_least_change)
        gone = is_gone(band, options.anomaly_error_deviations)
        if off <= min(bound, worst) and not gone:
            continue
        severity: Severity = "error" if (off > worst or gone) and not holiday else "warn"
        weekday = f"{day:%A}" + (f" that is a holiday ({holiday})" if holiday else "")
        usual, low, high = (
            measure.shown(value)
            for value in (band["expected"], max(band["expected"] - bound, 0), band["expected"] + bound)
        )
        said = (
            f"{_name(band['split'], measure)} {measure.shown(band['value'])} on a {weekday}, "
            f"where {usual} is usual and {low} to {high} within bounds"
        )
        found.append(Odd(measure, band["measure"], band["split"], severity, said))
    return sorted(found, key=lambda one: one.severity == "warn")


Parts = Mapping[tuple[date, str, int], Sequence[Moved]]
"""What moved, by day, split and place of the measure."""


def _explained(
    lake: Lake,
    table_name: str,
    odd: Mapping[date, Sequence[Odd]],
    rows: Mapping[date, Sequence[Mapping[str, Any]]],
    compared: pl.DataFrame,
    present: date,
) -> Parts:
    """The segments that moved, for everything that is odd."""
    totals = TOTALS[table_name]
    wanted = {(day, one.split, one.place) for day, found in odd.items() for one in found}
    bad = pl.DataFrame(
        [band for day in odd for band in rows[day] if (day, band["split"], band["measure"]) in wanted],
        schema={"day": pl.Date, "split": pl.String, "measure": pl.Int32, "value": pl.Float64, "expected": pl.Float64},
        orient="row",
    )
    compared = compared.join(bad, on="day", how="semi")
    days = {*bad["day"], *compared["before"]}
    found: dict[tuple[date, str, int], list[Moved]] = {}
    for dimension, segments in _segments(lake, table_name, days, present):
        for place in sorted({place for _, _, place in wanted}):
            of_measure = bad.filter(pl.col("measure") == place)
            parts = moved(segments, of_measure, compared, place, totals.measures[place], dimension)
            for (day, split), ones in parts.items():
                assert isinstance(day, date)
                found.setdefault((day, split, place), []).extend(ones)
    return found


def _segments(lake: Lake, table_name: str, days: set[date], present: date) -> Iterator[tuple[str, pl.DataFrame]]:
    """For each dimension its name, and the totals with a row a segment too."""
    totals = TOTALS[table_name]
    scanned, split = _scan(lake, table_name, days, present), totals.split.alias("split")
    if totals.segment_rows is not None:
        found = scanned.filter(totals.segment_rows).group_by("day", split, "dimension", "segment")
        whole = found.agg(aggregations(totals)).collect(engine="streaming")
        for name in whole["dimension"].unique().sort():
            yield name, whole.filter(pl.col("dimension") == name)
        return
    for name in totals.dimensions:
        segment = pl.col(name).fill_null("(not set)").alias("segment")
        grouped = scanned.filter(totals.rows).group_by("day", split, segment)
        yield name, grouped.agg(aggregations(totals)).collect(engine="streaming")


def _verdict(
    info: CheckInfo,
    totals: DailyTotals,
    day: date,
    rows: Sequence[Mapping[str, Any]],
    odd: Sequence[Odd],
    parts: Parts,
    holiday: str | None,
) -> Verdict:
    """What is said of a day."""
    counts: dict[str, int | float | str] = {"holiday": holiday} if holiday else {}
    judged = 0
    for band in rows:
        name = _name(band["split"], totals.measures[band["measure"]])
        digits = 6 if totals.measures[band["measure"]].is_ratio else 2
        if band["value"] is not None:
            counts[name] = round(band["value"], digits)
        if _judged(band):
            judged += 1
            counts[f"{name} expected"] = round(band["expected"], digits)
    said = []
    for one in odd:
        moves = parts.get((day, one.split, one.place), ())
        counts[f"{one.name} moved"] = in_full(one.measure, moves)
        said.append(f"{one.said} ({in_words(one.measure, moves)})")
    if len(said) > MOST_SAID:
        others = [one.name for one in odd[MOST_SAID:]]
        said = [*said[:MOST_SAID], f"out of line too: {', '.join(others)}"]
    if not judged:
        said = [f"fewer than {FEWEST_WEEKS} of the {WEEKS} weeks before are known: nothing to compare with"]
    elif holiday and not odd:
        said = [f"a holiday ({holiday}): within the wide bounds of one"]
    severity = odd[0].severity if odd else None
    return Verdict(info, not odd, day, judged, len(odd), "; ".join(said), counts=counts, found_severity=severity)


def _name(split: str, measure: Measure) -> str:
    return f"{split}: {measure.name}" if split else measure.name
