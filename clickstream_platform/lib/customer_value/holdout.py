"""A model fitted on the first part of the training period, held against the second, by number of repeat purchases."""

import narwhals as nw
import numpy as np
import polars as pl

from clickstream_platform.lib.customer_value.fits import as_histories
from clickstream_platform.lib.customer_value.periods import Period, calibration_of, training_period
from clickstream_platform.lib.table_frames import Frame
from clickstream_platform.models.bg_nbd import fit_bg_nbd
from clickstream_platform.models.bg_nbd_forecast import BgNbd, expected_purchases, probability_of_count
from clickstream_platform.schemas import TABLES
from clickstream_platform.transforms import HISTORY, holdout_purchases

LAST_BIN = 7
"""So many repeat purchases or more are one row."""
_TABLE = "customer_value_holdout"


def holdout_by_frequency(orders_validated: Frame, *, horizon_days: int) -> Frame:
    """`customer_value_holdout`: a row for each number of repeat purchases; none for a shop of less than three weeks."""
    training = training_period(orders_validated)
    calibration = None if training is None else calibration_of(training, horizon_days)
    schema = TABLES[_TABLE].polars_schema()
    if training is None or calibration is None:
        return nw.from_native(pl.LazyFrame(schema=schema))
    found = _by_frequency(orders_validated, calibration, Period(calibration.last, training.last))
    rows = found.with_columns(
        (pl.col("repeat_purchases") == LAST_BIN).alias("or_more"),
        pl.lit(calibration.first).alias("calibration_start"),
        pl.lit(calibration.last).alias("calibration_end"),
        pl.lit(training.last).alias("holdout_end"),
    )
    return nw.from_native(rows.select(pl.col(name).cast(kind) for name, kind in schema.items()).lazy())


def _by_frequency(orders_validated: Frame, calibration: Period, holdout: Period) -> pl.DataFrame:
    histories = (
        holdout_purchases(orders_validated, calibration_end=calibration.last, holdout_end=holdout.last)
        .to_native()
        .collect(engine="streaming")
        .sort(HISTORY)
    )
    fit = fit_bg_nbd(as_histories(histories)) if histories.height else None
    model = BgNbd(**fit.parameters) if fit is not None and fit.converged else None
    days = (holdout.last - holdout.first).days
    expected = np.full(histories.height, np.nan)
    if model is not None:
        x, t_x, T = (histories[name].to_numpy() for name in HISTORY)
        expected = expected_purchases(model, x, t_x, T, float(days))
    again, customers = pl.col("repeat_purchases"), pl.col("customers")
    sums = (
        histories.with_columns(pl.Series("expected", expected), again.clip(upper_bound=LAST_BIN))
        .group_by(again)
        .agg(customers.sum(), pl.col("purchases", "squares").sum(), (pl.col("expected") * customers).sum())
    )
    return (
        pl.DataFrame({"repeat_purchases": range(LAST_BIN + 1)}, schema={"repeat_purchases": pl.Int64})
        .with_columns(expected_customers=_expected_customers(histories, model))
        .join(sums, on="repeat_purchases", how="left", maintain_order="left")
        .with_columns(customers.fill_null(0))
        .with_columns(
            actual_purchases=_per_customer("purchases"),
            expected_purchases=_per_customer("expected").fill_nan(None),
            actual_deviation=_deviation(),
            message=pl.lit(None if fit is None else fit.message or None, pl.String),
        )
    )


def _per_customer(sum_of: str) -> pl.Expr:
    return pl.when(pl.col("customers") > 0).then(pl.col(sum_of) / pl.col("customers"))


def _deviation() -> pl.Expr:
    """The sample's, from the sum and the sum of squares, both whole numbers."""
    customers, purchases = pl.col("customers"), pl.col("purchases")
    squared = (pl.col("squares") - purchases * purchases / customers) / (customers - 1)
    return pl.when(customers > 1).then(squared.clip(lower_bound=0).sqrt())


def _expected_customers(histories: pl.DataFrame, model: BgNbd | None) -> pl.Series:
    """How many customers the model expects with each number of repeat purchases by the end of the calibration."""
    if model is None:
        return pl.Series([None] * (LAST_BIN + 1), dtype=pl.Float64)
    since = histories.group_by("days_since_first_purchase").agg(pl.col("customers").sum())
    since = since.sort("days_since_first_purchase")
    T, customers = since["days_since_first_purchase"].to_numpy(), since["customers"].to_numpy()
    fewer = [float(customers @ probability_of_count(model, count, T)) for count in range(LAST_BIN)]
    return pl.Series([*fewer, max(float(customers.sum()) - sum(fewer), 0.0)], dtype=pl.Float64)
