"""Do customers buy as often as the model of purchases expected, when held against days that it has not seen?"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import polars as pl

from clickstream_platform.lake import Lake
from clickstream_platform.lib.checks.verdict import CheckInfo, CheckOptions, Verdict

TABLE = "customer_value_holdout"
HOLDOUT_AS_EXPECTED = "holdout_as_expected"


def holdout_info() -> CheckInfo:
    """The check on `customer_value_holdout`."""
    return CheckInfo(
        TABLE,
        HOLDOUT_AS_EXPECTED,
        "warn",
        "customers bought as often in the holdout as the model expected of their number of repeat purchases, "
        "within the tolerance and chance",
        remedy="read `clv` as an order of customers rather than as amounts; look for a season or a campaign in the "
        "holdout, or a gap in the orders",
    )


def check_holdout(lake: Lake, options: CheckOptions) -> Iterator[Verdict]:
    """One verdict: over all customers, and for each number of repeat purchases.

    A mean is off where it differs by more than the tolerance, and by more than chance explains: so many standard
    errors, from the spread of the customers' purchases or, if that is more, of Poisson counts.
    """
    info, rows = holdout_info(), lake.scan(TABLE).sort("repeat_purchases").collect()
    known = rows.drop_nulls(["actual_purchases", "expected_purchases"]).filter(pl.col("customers") > 0)
    if known.is_empty():
        why = rows["message"].drop_nulls().head(1).to_list() if rows.height else ["less than three weeks of orders"]
        yield Verdict(info, True, None, detail=f"nothing to compare: {''.join(why) or 'no customers'}")
        return
    means = _means(known)
    off = [str(mean) for mean in means if mean.is_off(options)]
    bounds = f"tolerance {options.holdout_tolerance:.0%} and {options.holdout_deviations:g} standard errors"
    counts = {
        "customers": means[0].customers,
        "purchases a customer": round(means[0].actual, 4),
        "expected": round(means[0].expected, 4),
        "tolerance": options.holdout_tolerance,
    }
    detail = f"{'; '.join(off) or means[0]} ({bounds})"
    yield Verdict(info, not off, None, len(means), len(off), detail, counts=counts)


class _Mean(NamedTuple):
    """Purchases a customer in the holdout, and their variance."""

    who: str
    customers: int
    actual: float
    expected: float
    variance: float

    def is_off(self, options: CheckOptions) -> bool:
        apart = abs(self.actual - self.expected)
        by_chance = options.holdout_deviations * math.sqrt(self.variance / self.customers)
        return apart > options.holdout_tolerance * max(self.actual, self.expected) and apart > by_chance

    def __str__(self) -> str:
        return (
            f"{self.who}: {self.actual:.3f} purchases each, {self.expected:.3f} expected ({self.customers:,} customers)"
        )


def _means(known: pl.DataFrame) -> list[_Mean]:
    """Of all customers, then of each row."""
    customers, actual, expected = (pl.col(name) for name in ("customers", "actual_purchases", "expected_purchases"))
    variance = pl.max_horizontal(pl.col("actual_deviation").fill_null(0) ** 2, expected)
    who = pl.format(
        "{}{} repeat purchases", "repeat_purchases", pl.when("or_more").then(pl.lit(" or more")).otherwise(pl.lit(""))
    )
    each = known.select(who.alias("who"), customers, actual, expected, variance.alias("variance"))
    weighted = [(pl.col(name) * customers).sum() / customers.sum() for name in each.columns[2:]]
    whole = each.select(pl.lit("all customers").alias("who"), customers.sum(), *weighted)
    return [_Mean(*row) for row in pl.concat([whole, each]).iter_rows()]
