"""The CDNOW sample that the papers publish figures on: 2,357 customers over 39 weeks, as `lifetimes` has it."""

from pathlib import Path

import lifetimes
import polars as pl

_FOLDER = Path(lifetimes.__file__).parent / "datasets"


def histories() -> pl.DataFrame:
    """x, t_x and T of each customer, in weeks."""
    found = pl.read_csv(_FOLDER / "cdnow_customers_summary.csv", schema_overrides={"frequency": pl.Float64})
    return found.select(x="frequency", t_x="recency", T="T")


def spending() -> pl.DataFrame:
    """Number and mean of the repeat purchases of the 946 customers who made any, in dollars."""
    found = pl.read_csv(_FOLDER / "cdnow_customers_summary_with_transactions.csv", schema_overrides={"x": pl.Float64})
    return found.filter(pl.col("x") > 0).select("x", mean="zbar")
