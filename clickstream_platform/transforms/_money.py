"""Money: decimals with two places at rest, whole cents where it is divided."""

from decimal import Decimal

import narwhals as nw

MONEY = nw.Decimal(18, 2)
"""Type of every amount, in the shop's currency."""

_CENT = Decimal("0.01")


def zero() -> nw.Expr:
    """No money."""
    return nw.lit(0).cast(MONEY)


def total(amount: nw.Expr) -> nw.Expr:
    """The sum of amounts within a group; nothing where all are null."""
    return amount.sum().fill_null(0).cast(MONEY)


def average(amount: nw.Expr, count: nw.Expr) -> nw.Expr:
    """A positive total by a positive count, to the cent, halves upwards: in integers, so all engines agree."""
    cents, count = (amount * 100).cast(nw.Int64), count.cast(nw.Int64)
    return ((2 * cents + count) // (2 * count) * nw.lit(_CENT)).cast(MONEY)


def ratio(part: str, whole: str) -> nw.Expr:
    """One count by another, the float nearest to it; null where there is nothing to divide by.

    Polars divides by what it knows to be alike in all rows by way of its reciprocal, which may be off by the last bit:
    so the divisor is made to depend on the part.
    """
    divisor = nw.col(whole) + 0 * nw.col(part)
    return nw.when(nw.col(whole) > 0).then(nw.col(part) / divisor)
