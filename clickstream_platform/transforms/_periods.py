"""Calendar months and ISO weeks as whole numbers: the same on Polars, DuckDB and Spark.

Months count from January of year 0, weeks from the one that holds 1970-01-01; both run on without a gap.
"""

import narwhals as nw

from clickstream_platform.transforms._frames import Frame
from clickstream_platform.transforms._time import epoch_days

MONTH, WEEK = "month", "week"

_MONDAY_BEFORE_1970 = -3
_DAYS_PER_ERA = 146_097
"""Days of 400 years: the Gregorian calendar repeats after them."""
_MARCH_YEAR_0_TO_1970 = 719_468
"""Days from 0000-03-01 to 1970-01-01."""
MOST_PERIODS = 3_000
"""More weeks than clickstreams are old: 57 years."""
_NUMBERS = ",".join(map(str, range(MOST_PERIODS)))


def period_number(day: nw.Expr, period: str) -> nw.Expr:
    """The number of the month or ISO week (Monday to Sunday) that a date lies in."""
    if period == MONTH:
        return day.dt.year().cast(nw.Int64) * 12 + day.dt.month().cast(nw.Int64) - 1
    return (epoch_days(day) - _MONDAY_BEFORE_1970) // 7


def with_period_start(frame: Frame, name: str, number: nw.Expr, period: str) -> Frame:
    """Adds the first day of a month or week, as a date, of its number."""
    if period == MONTH:
        known = frame.with_columns(number.alias("_number"))
        parts = (nw.col("_number") // 12, nw.col("_number") % 12 + 1, nw.lit(1))
        return known.with_columns(_date(*parts).alias(name)).drop("_number")
    return _with_date(frame, name, number * 7 + _MONDAY_BEFORE_1970)


def numbers(one_row: Frame, name: str) -> Frame:
    """0 to 2,999 in a column: engines share no way to count, but all can take a text apart.

    Args:
        one_row: Any frame of a single row: it says which engine counts.
        name: Of the column.
    """
    return one_row.select(nw.lit(_NUMBERS).str.split(",").alias(name)).explode(name).select(nw.col(name).cast(nw.Int64))


def _with_date(frame: Frame, name: str, days: nw.Expr) -> Frame:
    """Adds the date of a number of days since 1970-01-01.

    Years that begin in March have their leap day at the end, so months before it have fixed lengths: 153 days for every
    five of them. Each step is a column of its own: engines that write expressions out would repeat each many times.
    """
    era, year, day, month = (nw.col(f"_{part}") for part in ("day_of_era", "year", "day", "month"))
    steps: dict[str, nw.Expr] = {
        "_shifted": days + _MARCH_YEAR_0_TO_1970,
        "_day_of_era": nw.col("_shifted") % _DAYS_PER_ERA,
        "_year": (era - era // 1_460 + era // 36_524 - era // 146_096) // 365,
        "_day": era - (365 * year + year // 4 - year // 100),
        "_month": (5 * day + 2) // 153,
        name: _date(
            year + nw.col("_shifted") // _DAYS_PER_ERA * 400 + (month + 2) // 12,
            (month + 2) % 12 + 1,
            day - (153 * month + 2) // 5 + 1,
        ),
    }
    for column, expression in steps.items():
        frame = frame.with_columns(expression.alias(column))
    return frame.drop("_shifted", "_day_of_era", "_year", "_day", "_month")


def _date(year: nw.Expr, month: nw.Expr, day: nw.Expr) -> nw.Expr:
    """A date of its parts, by way of a text: engines share no other way."""
    number = year * 10_000 + month * 100 + day + nw.lit(100_000_000)
    return number.cast(nw.String).str.slice(1).str.to_date("%Y%m%d")
