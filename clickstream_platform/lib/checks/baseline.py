"""What is usual on a day: the median of the same weekday in the weeks before, and how far days lie off it.

The distance is the median absolute deviation (MAD), which a few odd weeks do not move, as an estimate of the standard
deviation of normally distributed values. Eight values or less make it come out too small on average; the factors of
Croux and Rousseeuw (1992), "Time-efficient algorithms for two highly robust estimators of scale", put that right.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from datetime import date

import polars as pl

from clickstream_platform.lib.checks.measures import DailyTotals, Measure

WEEKS, FEWEST_WEEKS = 8, 4
MAD_TO_DEVIATION = 1.4826
"""Standard deviations in a median absolute deviation, for normally distributed values."""
SMALL_SAMPLE = {2: 1.196, 3: 1.495, 4: 1.363, 5: 1.206, 6: 1.200, 7: 1.140, 8: 1.129, 9: 1.107}
"""By how much a MAD of so few values comes out too small."""
FEWEST_PER = 30
"""A rate or average over fewer things is not judged."""
FEWEST_THINGS = 10
"""An amount that is usually the sum of fewer things is not judged: it hangs on the price of each of them."""

KEY = ("day", "split", "measure")


def pairs(days: Sequence[date], holidays: Collection[date]) -> pl.DataFrame:
    """Days (`day`) with the same weekdays before them that they are compared with (`before`)."""
    lags = pl.DataFrame({"lag": range(1, WEEKS + 1)}, schema={"lag": pl.Int64})
    found = pl.DataFrame({"day": list(days)}, schema={"day": pl.Date}).join(lags, how="cross")
    before = (pl.col("day") - pl.duration(weeks=pl.col("lag"))).cast(pl.Date)
    return found.select("day", before=before).filter(~pl.col("before").is_in(list(holidays)))


def values(totals: pl.DataFrame, measures: Sequence[Measure]) -> pl.DataFrame:
    """Totals with a row a day and split as one with a row a measure too: `value`, and what it is `per`."""
    columns = []
    for place, measure in enumerate(measures):
        value, per = pl.col(f"value_{place}"), pl.col(f"per_{place}")
        ratio = pl.when(per >= FEWEST_PER).then(value / per)
        columns.append(
            totals.select("day", "split", measure=pl.lit(place), value=ratio if measure.is_ratio else value, per=per)
        )
    return pl.concat(columns)


def aggregations(totals: DailyTotals) -> list[pl.Expr]:
    """What `values` is made of: `value_<n>` and `per_<n>` of every measure."""
    nothing = pl.lit(None, pl.Float64)
    return [
        one
        for place, measure in enumerate(totals.measures)
        for one in (
            measure.value.alias(f"value_{place}"),
            (nothing.first() if measure.per is None else measure.per).alias(f"per_{place}"),
        )
    ]


def bands(
    known: pl.DataFrame, compared: pl.DataFrame, measures: Sequence[Measure], measured: Collection[str] | None = None
) -> pl.DataFrame:
    """For each day, split and measure: the day's `value`, what is `expected`, and the `deviation` of single days.

    `chance` is the part of the deviation that cannot be less, `lowest` the lowest value of the days before, `weeks` how
    many they are: 0 where the day cannot be judged. A day without rows has the value 0, a rate then none; a split that
    is no longer measured has none of either, and `is_measured` says so.

    Args:
        known: `values` of the days and of those before them.
        compared: `pairs`.
        measures: of the table.
        measured: the splits of `DailyTotals.measured`; None: all.
    """
    history = compared.join(known, left_on="before", right_on="day").drop_nulls("value")
    middle = pl.col("value").median()
    usual = history.group_by(KEY).agg(
        weeks=pl.len(),
        expected=middle,
        lowest=pl.col("value").min(),
        mad=(pl.col("value") - middle).abs().median(),
        usual_per=pl.col("per").median(),
    )
    days = compared.select("day").unique()
    now = known.join(days, on="day").with_columns(there=pl.lit(True))
    ratios = [place for place, measure in enumerate(measures) if measure.is_ratio]
    amounts = [place for place, measure in enumerate(measures) if measure.kind == "amount"]
    too_few = pl.col("measure").is_in(amounts) & (pl.col("usual_per") < FEWEST_THINGS)
    absent = pl.col("there").is_null()
    measured_now = pl.lit(True) if measured is None else pl.col("split").is_in(list(measured))
    nothing = absent & pl.col("is_measured") & ~pl.col("measure").is_in(ratios)
    return (
        now.join(usual, on=KEY, how="full", coalesce=True)
        .with_columns(is_measured=~absent | measured_now)
        .with_columns(
            value=pl.when(nothing).then(0.0).otherwise("value"),
            weeks=pl.when(too_few | ~pl.col("is_measured")).then(0).otherwise(pl.col("weeks").fill_null(0)),
        )
        .with_columns(chance=_chance(measures))
        .with_columns(deviation=pl.max_horizontal(_seen(), "chance"))
        .select(*KEY, "is_measured", "value", "weeks", "expected", "lowest", "chance", "deviation")
        .sort(KEY)
    )


def _seen() -> pl.Expr:
    """The standard deviation of single days, from the days before."""
    factor = pl.col("weeks").replace_strict(SMALL_SAMPLE, default=1.0, return_dtype=pl.Float64)
    return pl.col("mad") * MAD_TO_DEVIATION * factor


def _chance(measures: Sequence[Measure]) -> pl.Expr:
    """The standard deviation that chance alone makes, which no few days that happen to be alike can undercut."""
    expected, per = pl.col("expected"), pl.col("per")
    share = expected.clip(0, 1)
    chance: Mapping[str, pl.Expr] = {
        "count": expected.clip(1).sqrt(),
        # Of a random number of things whose worths spread as far as they are high on average.
        "amount": expected.abs() * (2 / pl.col("usual_per")).sqrt(),
        "rate": (share * (1 - share) / per).sqrt(),
        "average": expected.abs() / per.sqrt(),
    }
    by_place = pl.lit(0.0)
    for place, measure in enumerate(measures):
        by_place = pl.when(pl.col("measure") == place).then(chance[measure.kind]).otherwise(by_place)
    return by_place.fill_null(0.0).fill_nan(0.0)


def is_gone(band: Mapping[str, float], deviations: float) -> bool:
    """Whether there is nothing where there always was something: no spread makes that usual, only chance could."""
    return band["value"] == 0 < band["lowest"] and band["expected"] > deviations * band["chance"]


def reach(band: Mapping[str, float], deviations: float, change: float) -> float:
    """How far a value may lie off what is expected."""
    return max(deviations * band["deviation"], change * abs(band["expected"]), math.ulp(1.0))
