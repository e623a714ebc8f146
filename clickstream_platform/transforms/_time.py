"""Time arithmetic from the parts of dates and times, in whole numbers: the same on Polars, DuckDB and Spark.

Durations and Unix timestamps do not exist on all three. All times are UTC: on DuckDB and Spark the session's time zone
has to be UTC.
"""

from datetime import UTC, date, datetime, time, timedelta

import narwhals as nw

_LEAP_DAYS_BEFORE_1970 = 477
_MICROSECONDS_PER_SECOND = 1_000_000
_MICROSECONDS_PER_DAY = 86_400 * _MICROSECONDS_PER_SECOND


def midnight(day: date) -> datetime:
    """The moment (UTC) at which a day begins."""
    return datetime.combine(day, time(), UTC)


def whole_seconds(duration: timedelta) -> int:
    """A duration in seconds, rounded down."""
    return duration // timedelta(seconds=1)


def epoch_days(when: nw.Expr) -> nw.Expr:
    """Days since 1970-01-01 of a date or time (Gregorian calendar, years 1 to 9999)."""
    year = when.dt.year().cast(nw.Int64)
    before = year - 1
    leap_days = before // 4 - before // 100 + before // 400 - _LEAP_DAYS_BEFORE_1970
    return (year - 1970) * 365 + leap_days + when.dt.ordinal_day().cast(nw.Int64) - 1


def second_of_day(when: nw.Expr) -> nw.Expr:
    """Whole seconds since midnight."""
    hours, minutes = when.dt.hour().cast(nw.Int32), when.dt.minute().cast(nw.Int32)
    return hours * 3600 + minutes * 60 + when.dt.second().cast(nw.Int32)


def microseconds_between(earlier: nw.Expr, later: nw.Expr) -> nw.Expr:
    """Microseconds from one moment to another, exactly."""
    days = epoch_days(later) - epoch_days(earlier)
    return days * _MICROSECONDS_PER_DAY + _microsecond_of_day(later) - _microsecond_of_day(earlier)


def seconds_between(earlier: nw.Expr, later: nw.Expr) -> nw.Expr:
    """Seconds from one moment to another, with their fraction."""
    return in_seconds(microseconds_between(earlier, later), digits=6)


def in_seconds(microseconds: nw.Expr, *, digits: int) -> nw.Expr:
    """Microseconds as seconds: the float nearest to the true value of so many digits.

    Polars divides by a constant by way of its reciprocal and may be off by the last bit; rounding puts that right.
    """
    return (microseconds / _MICROSECONDS_PER_SECOND).round(digits)


def sortable_microseconds(day: nw.Expr, when: nw.Expr) -> nw.Expr:
    """Microseconds since 1970 of a moment on a day that is known, as a text that sorts as time does (until 2286)."""
    return _digits(epoch_days(day) * _MICROSECONDS_PER_DAY + _microsecond_of_day(when), 16)


def iso_weekday(day: nw.Expr) -> nw.Expr:
    """1 for Monday to 7 for Sunday (ISO 8601)."""
    # Narwhals gives 0 for Sundays on Spark and 7 on the other engines.
    return (day.dt.weekday().cast(nw.Int32) + 6) % 7 + 1


def compact_timestamp(when: nw.Expr) -> nw.Expr:
    """`20240301T093000123456`: sorts as time does."""
    days = when.dt.year().cast(nw.Int64) * 10_000 + when.dt.month().cast(nw.Int64) * 100 + when.dt.day().cast(nw.Int64)
    clock = (
        when.dt.hour().cast(nw.Int64) * 10_000 + when.dt.minute().cast(nw.Int64) * 100 + when.dt.second().cast(nw.Int64)
    ) * _MICROSECONDS_PER_SECOND + when.dt.microsecond().cast(nw.Int64)
    return nw.concat_str(_digits(days, 8), nw.lit("T"), _digits(clock, 12))


def _digits(number: nw.Expr, width: int) -> nw.Expr:
    """A number with leading zeros; a 1 in front keeps them until it is cut off."""
    return (number + nw.lit(10**width)).cast(nw.String).str.slice(1)


def _microsecond_of_day(when: nw.Expr) -> nw.Expr:
    return second_of_day(when).cast(nw.Int64) * _MICROSECONDS_PER_SECOND + when.dt.microsecond().cast(nw.Int64)
