"""What the models say of each customer."""

import math

import narwhals as nw
import polars as pl

from clickstream_platform import transforms
from clickstream_platform.lib.customer_value.fits import bg_nbd_of, counted_histories, spending_of
from clickstream_platform.lib.table_frames import Frame
from clickstream_platform.models.bg_nbd_forecast import (
    BgNbd,
    discounted_purchases_if_alive,
    probability_alive,
    purchases_if_alive,
)
from clickstream_platform.transforms import HISTORY

_YEAR = 365.0
_MONTH = _YEAR / 12
_NO_FORECASTS = pl.Schema(
    {
        **dict.fromkeys(HISTORY, pl.Int64),
        **dict.fromkeys(("probability_alive", "expected_purchases", "discounted_purchases"), pl.Float64),
    }
)


def valued_customers(
    orders_validated: Frame, customer_value_models: Frame, *, horizon_days: int, discount_rate: float
) -> Frame:
    """`customer_lifetime_value`, by the models that hold.

    Customers with the same history have the same forecast, so that it is worked out once for each history.

    Args:
        orders_validated: Silver `orders_validated`, all days.
        customer_value_models: Gold `customer_value_models`; without a row that converged, the past stands in.
        horizon_days: How far to look ahead.
        discount_rate: Yearly.
    """
    as_of = transforms.last_order_date(orders_validated)
    models: pl.DataFrame = customer_value_models.to_native().collect()
    purchases = bg_nbd_of(models)
    histories = transforms.purchase_histories(orders_validated, until=as_of, recent_days=horizon_days).to_native()
    # A few numbers a customer, kept: they are asked for twice.
    kept: pl.LazyFrame = histories.collect(engine="streaming").lazy()
    forecasts = pl.DataFrame(schema=_NO_FORECASTS)
    if purchases is not None:
        forecasts = forecasts_of(counted_histories(kept), purchases, horizon_days, discount_rate)
    return transforms.customer_lifetime_value(
        orders_validated,
        nw.from_native(kept),
        nw.from_native(forecasts.lazy()),
        as_of=as_of,
        horizon_days=horizon_days,
        discount_rate=discount_rate,
        spending=spending_of(models),
    )


def forecasts_of(histories: pl.DataFrame, model: BgNbd, horizon_days: int, discount_rate: float) -> pl.DataFrame:
    """What the model expects of each history, discounted month by month at the middle of the month.

    Who has bought as often for as long expects the same if alive, whenever they bought last: the dear part, the
    hypergeometric function for each month, is done for those pairs alone.
    """
    again, _, since = HISTORY
    pairs = histories.select(again, since).unique().sort(again, since)
    x, T = pairs[again].to_numpy(), pairs[since].to_numpy()
    if_alive = pairs.with_columns(
        pl.Series("if_alive", purchases_if_alive(model, x, T, float(horizon_days))),
        pl.Series(
            "discounted_if_alive",
            discounted_purchases_if_alive(
                model, x, T, float(horizon_days), period=_MONTH, rate=math.log1p(discount_rate) / _YEAR
            ),
        ),
    )
    alive = probability_alive(model, *(histories[name].to_numpy() for name in HISTORY))
    return (
        histories.with_columns(pl.Series("probability_alive", alive))
        .join(if_alive, on=[again, since], how="left")
        .select(
            *HISTORY,
            "probability_alive",
            (pl.col("probability_alive") * pl.col("if_alive")).alias("expected_purchases"),
            (pl.col("probability_alive") * pl.col("discounted_if_alive")).alias("discounted_purchases"),
        )
    )
