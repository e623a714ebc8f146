"""BG/NBD and Gamma-Gamma fitted to orders, and their parameters as rows of `customer_value_models`."""

import math
from datetime import date

import narwhals as nw
import numpy as np
import polars as pl

from clickstream_platform.lib.customer_value.periods import Period, training_period
from clickstream_platform.lib.table_frames import Frame
from clickstream_platform.models.bg_nbd import NAMES as BG_NBD
from clickstream_platform.models.bg_nbd import Histories, fit_bg_nbd
from clickstream_platform.models.bg_nbd_forecast import BgNbd
from clickstream_platform.models.gamma_gamma import NAMES as GAMMA_GAMMA
from clickstream_platform.models.gamma_gamma import Spending, fit_gamma_gamma
from clickstream_platform.models.maximum_likelihood import Fit
from clickstream_platform.schemas import TABLES
from clickstream_platform.transforms import HISTORY, SpendingModel, purchase_histories

_MODELS = "customer_value_models"


def fitted_models(orders_validated: Frame) -> Frame:
    """`customer_value_models`: a row for each model; none where nobody has bought."""
    period = training_period(orders_validated)
    rows = [] if period is None else _rows(orders_validated, period)
    return nw.from_native(pl.LazyFrame(rows, schema=TABLES[_MODELS].polars_schema()))


def counted_histories(histories: pl.LazyFrame) -> pl.DataFrame:
    """Distinct histories with their customers, always in the same order: sums in another one differ in the last bit."""
    counted = histories.group_by(HISTORY).agg(pl.len().alias("customers"))
    return counted.collect(engine="streaming").sort(HISTORY)


def as_histories(counted: pl.DataFrame) -> Histories:
    """The model's arrays."""
    return Histories.of(*(counted[name].to_numpy() for name in (*HISTORY, "customers")))


def bg_nbd_of(models: pl.DataFrame) -> BgNbd | None:
    """The model of purchases, where the table has one that is to be used."""
    found = _parameters(models, "bg_nbd", BG_NBD)
    return None if found is None else BgNbd(*found)


def spending_of(models: pl.DataFrame) -> SpendingModel | None:
    """The model of spending, where the table has one that is to be used."""
    found = _parameters(models, "gamma_gamma", GAMMA_GAMMA)
    return None if found is None else SpendingModel(*found)


def _rows(orders_validated: Frame, period: Period) -> list[dict[str, object]]:
    histories = purchase_histories(orders_validated, until=period.last, recent_days=0).to_native()
    customers = histories.select(*HISTORY, "repeat_spent").collect(engine="streaming")
    counted = counted_histories(customers.lazy())
    spending = _spending(customers)
    repeaters = int(spending["customers"].sum())
    shared = {"customers": customers.height, "repeat_customers": repeaters}
    return [
        _row("bg_nbd", period, fit_bg_nbd(as_histories(counted))) | shared,
        _row("gamma_gamma", period, _fit_spending(spending))
        | {**shared, "frequency_value_correlation": _correlation(spending)},
    ]


def _spending(customers: pl.DataFrame) -> pl.DataFrame:
    """Distinct pairs of repeat purchases and their mean value, with their customers, in order."""
    again, spent = pl.col("repeat_purchases"), pl.col("repeat_spent")
    return (
        customers.filter(again > 0)
        .group_by(again, spent)
        .agg(pl.len().alias("customers"))
        .sort("repeat_purchases", "repeat_spent")
        .with_columns((spent.cast(pl.Float64) / again).alias("mean"))
    )


def _fit_spending(spending: pl.DataFrame) -> Fit:
    return fit_gamma_gamma(
        Spending.of(*(spending[name].to_numpy() for name in ("repeat_purchases", "mean", "customers")))
    )


def _correlation(spending: pl.DataFrame) -> float | None:
    """Pearson's, over customers; None where either does not vary."""
    if spending.height < 2:
        return None
    x, mean = spending["repeat_purchases"].to_numpy(), spending["mean"].to_numpy()
    covariance = np.cov(x, mean, fweights=spending["customers"].to_numpy())
    spread = math.sqrt(covariance[0, 0] * covariance[1, 1])
    return float(covariance[0, 1] / spread) if spread > 0 else None


def _row(model: str, period: Period, fit: Fit) -> dict[str, object]:
    span: dict[str, date] = {"training_start": period.first, "training_end": period.last}
    return {
        "model": model,
        **span,
        **fit.parameters,
        "log_likelihood": fit.log_likelihood if math.isfinite(fit.log_likelihood) else None,
        "converged": fit.converged,
        "iterations": fit.iterations,
        "restarts": fit.restarts,
        "restarts_agreeing": fit.agreeing,
        "message": fit.message or None,
    }


def _parameters(models: pl.DataFrame, model: str, names: tuple[str, ...]) -> tuple[float, ...] | None:
    row = models.filter(pl.col("model") == model, pl.col("converged"))
    return row.select(names).row(0) if row.height else None
