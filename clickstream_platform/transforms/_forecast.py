"""What customers are expected to buy and spend: looked up, by formula, or as before where there is no model."""

from decimal import Decimal
from typing import NamedTuple

import narwhals as nw

from clickstream_platform.transforms._frames import Frame
from clickstream_platform.transforms._money import MONEY, average
from clickstream_platform.transforms.purchase_histories import HISTORY

_CENT = Decimal("0.01")


class SpendingModel(NamedTuple):
    """Parameters of Gamma-Gamma (Fader, Hardie 2013); `v` in the shop's currency."""

    p: float
    q: float
    v: float


def with_forecast(customers: Frame, purchase_forecasts: Frame, spending: SpendingModel | None) -> Frame:
    """Adds `value_method`, `probability_alive`, `expected_purchases`, `expected_purchase_value` and `clv`.

    A customer whose history has a forecast gets it; one without gets their own past: as many purchases, and as much
    spending, as in the recent days. Expected spending a purchase is Gamma-Gamma's conditional mean, a mean of the
    customer's own repeat purchases and of everybody's; without that model, the customer's own average.

    Args:
        customers: Columns of `purchase_histories`, and `total_spent`.
        purchase_forecasts: One row a history at most: `probability_alive`, `expected_purchases` and
            `discounted_purchases`; without rows where there is no model of purchases.
        spending: The model of spending; None where there is none.
    """
    forecast = nw.col("discounted_purchases")
    known = ~forecast.is_null()
    return (
        customers.join(purchase_forecasts, on=list(HISTORY), how="left")
        .with_columns(_purchase_cents(spending).alias("purchase_cents"))
        .with_columns(
            nw.when(known)
            .then(nw.lit("bg_nbd" if spending is None else "bg_nbd_gamma_gamma"))
            .otherwise(nw.lit("historic"))
            .alias("value_method"),
            nw.when(known)
            .then(nw.col("expected_purchases"))
            .otherwise(nw.col("recent_purchases").cast(nw.Float64))
            .alias("expected_purchases"),
            _money(nw.when(known).then(nw.col("purchase_cents")).otherwise(_own_cents())).alias(
                "expected_purchase_value"
            ),
            nw.when(known)
            .then(_money(forecast * nw.col("purchase_cents")))
            .otherwise(nw.col("recent_spent"))
            .cast(MONEY)
            .alias("clv"),
        )
    )


def _purchase_cents(spending: SpendingModel | None) -> nw.Expr:
    if spending is None:
        return _own_cents()
    p, q, v = spending
    spent = (nw.col("repeat_spent") * 100).cast(nw.Int64).cast(nw.Float64)
    purchases = nw.col("repeat_purchases").cast(nw.Float64)
    return (spent + 100 * v) * p / (purchases * p + (q - 1))


def _own_cents() -> nw.Expr:
    """The customer's own average, to the cent."""
    own = average(nw.col("total_spent"), nw.col("repeat_purchases") + 1)
    return (own * 100).cast(nw.Int64).cast(nw.Float64)


def _money(cents: nw.Expr) -> nw.Expr:
    """Money from cents with a fraction, halves upwards."""
    return ((cents + 0.5).floor().cast(nw.Int64) * nw.lit(_CENT)).cast(MONEY)
