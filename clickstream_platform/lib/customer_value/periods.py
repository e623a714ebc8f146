"""Which days a model is fitted on, and which it is held against."""

from datetime import date, timedelta
from typing import NamedTuple

from clickstream_platform.lib.table_frames import Frame
from clickstream_platform.transforms import first_purchase_date, last_order_date

MONTHLY_AFTER = timedelta(days=90)
"""A shop with this much history by the end of a month is fitted once a month; a younger one up to its last day."""
FEWEST_HOLDOUT_DAYS = 7


class Period(NamedTuple):
    """Days from first to last."""

    first: date
    last: date


def training_period(orders_validated: Frame) -> Period | None:
    """From the first sale to the end of the month before the newest order's; None without a sale.

    Where fewer than 90 days lie between them, to the newest order's day: a young shop's model follows its customers.
    """
    as_of, first = last_order_date(orders_validated), first_purchase_date(orders_validated)
    if first is None:
        return None
    month_end = as_of.replace(day=1) - timedelta(days=1)
    return Period(first, month_end if month_end - first >= MONTHLY_AFTER else as_of)


def calibration_of(training: Period, horizon_days: int) -> Period | None:
    """The part of a training period whose model is tried on the rest; None where a week would not be left to try.

    The rest is a third of the training, and no more than the horizon of the forecasts.
    """
    days = (training.last - training.first).days + 1
    holdout = min(horizon_days, days // 3)
    return Period(training.first, training.last - timedelta(days=holdout)) if holdout >= FEWEST_HOLDOUT_DAYS else None
