"""Are a day's totals out of line with the same weekday of the weeks before, and which segments moved?

Beyond the warning threshold a total is worth a look; beyond the error threshold, or where there is nothing at all,
something is broken. Holidays are left out of what other days are compared with. There are too few of them to compare a
holiday with, so on one only what lies beyond the error threshold is told, as a warning.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime

import polars as pl

from clickstream_platform.lake import Lake
from clickstream_platform.lib.checks.baseline import FEWEST_WEEKS, WEEKS, bands, pairs, values
from clickstream_platform.lib.checks.day_totals import totals_of_days, totals_of_segments
from clickstream_platform.lib.checks.explanation import Moved, in_full, in_words, moved
from clickstream_platform.lib.checks.holiday_calendar import holidays_of
from clickstream_platform.lib.checks.measures import DailyTotals
from clickstream_platform.lib.checks.odd_totals import Band, Odd, is_judged, odd_totals, total_name
from clickstream_platform.lib.checks.table_measures import TOTALS
from clickstream_platform.lib.checks.verdict import CheckInfo, CheckOptions, Verdict

DAILY_TOTAL_ANOMALY = "daily_total_anomaly"
MOST_SAID = 4
"""Odd totals told in the sentence; all are in the figures."""

Counts = dict[str, int | float | str]
Parts = Mapping[tuple[date, str, int], Sequence[Moved]]
"""What moved, by day, split and place of the measure; nothing is known of what has no segments."""


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
        FunnelError: The settings' funnels are not, of `funnel_steps`.
    """
    info, totals, present = anomaly_info(table_name), TOTALS[table_name], today or datetime.now(UTC).date()
    over = sorted({day for day in days if day < present})
    years = {day.year + back for day in over for back in (-1, 0)}
    holidays = holidays_of(years, options.holiday_country, options.holidays_file) if over else {}
    compared = pairs(over, holidays)
    known = totals_of_days(lake, table_name, {*over, *compared["before"]}, present)
    measured = totals.measured() if totals.measured else None
    rows: dict[date, list[Band]] = {day: [] for day in over}
    for band in bands(values(known, totals.measures), compared, totals.measures, measured).iter_rows(named=True):
        rows[band["day"]].append(band)
    odd = {day: odd_totals(day, rows[day], totals, options, holidays.get(day)) for day in over}
    parts = _explained(lake, table_name, odd, rows, compared, present) if any(odd.values()) else {}
    for day in days:
        if day >= present:
            yield Verdict(info, True, day, detail="the day is not over")
        else:
            yield _verdict(info, totals, day, rows[day], odd[day], parts, holidays.get(day))


def _explained(
    lake: Lake,
    table_name: str,
    odd: Mapping[date, Sequence[Odd]],
    rows: Mapping[date, Sequence[Band]],
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
    for dimension, segments in totals_of_segments(lake, table_name, days, present):
        divided = set(segments["split"])
        found |= {key: found.get(key, []) for key in wanted if key[1] in divided}
        for place in sorted({place for _, _, place in wanted}):
            of_measure = bad.filter(pl.col("measure") == place)
            parts = moved(segments, of_measure, compared, place, totals.measures[place], dimension)
            for (day, split), ones in parts.items():
                found[day, split, place].extend(ones)
    return found


def _verdict(
    info: CheckInfo,
    totals: DailyTotals,
    day: date,
    rows: Sequence[Band],
    odd: Sequence[Odd],
    parts: Parts,
    holiday: str | None,
) -> Verdict:
    """What is said of a day."""
    judged = sum(map(is_judged, rows))
    moves = [parts.get((day, one.split, one.place)) for one in odd]
    counts: Counts = {"holiday": holiday} if holiday else {}
    counts |= _figures(totals, rows)
    counts |= {
        f"{one.name} moved": in_full(one.measure, moved)
        for one, moved in zip(odd, moves, strict=True)
        if moved is not None
    }
    if not judged:
        said = f"fewer than {FEWEST_WEEKS} of the {WEEKS} weeks before are known: nothing to compare with"
    elif holiday and not odd:
        said = f"a holiday ({holiday}): within the wide bounds of one"
    else:
        said = _sentence(odd, moves)
    severity = odd[0].severity if odd else None
    return Verdict(info, not odd, day, judged, len(odd), said, counts=counts, found_severity=severity)


def _figures(totals: DailyTotals, rows: Sequence[Band]) -> Counts:
    """The day's totals, what is expected of those that are judged, and what is measured no longer."""
    found: Counts = {}
    for band in rows:
        measure = totals.measures[band["measure"]]
        name, digits = total_name(band["split"], measure), 6 if measure.is_ratio else 2
        if band["value"] is not None:
            found[name] = round(band["value"], digits)
        if is_judged(band):
            found[f"{name} expected"] = round(band["expected"], digits)
    if past := sorted({band["split"] for band in rows if not band["is_measured"]}):
        found["measured no longer"] = ", ".join(past)
    return found


def _sentence(odd: Sequence[Odd], moves: Sequence[Sequence[Moved] | None]) -> str:
    """What is odd and what explains it: the severest in full, the rest by name."""
    told = [
        one.said if moved is None else f"{one.said} ({in_words(one.measure, moved)})"
        for one, moved in zip(odd, moves, strict=True)
    ]
    rest = [one.name for one in odd[MOST_SAID:]]
    return "; ".join([*told[:MOST_SAID], *([f"out of line too: {', '.join(rest)}"] if rest else [])])
