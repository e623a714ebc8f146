"""Gold `channel_attribution`."""

from datetime import date
from decimal import Decimal

import narwhals as nw

from clickstream_platform.transforms._credit import RULE_MODELS, each_model
from clickstream_platform.transforms._fitted_credit import FITTED_MODELS, fitted_credit
from clickstream_platform.transforms._frames import Frame, within
from clickstream_platform.transforms._money import MONEY, total, zero
from clickstream_platform.transforms._refunds import cents
from clickstream_platform.transforms.conversion_credit import AMOUNTS, EVERY_MODEL, UNITS

ATTRIBUTION_MODELS = (*RULE_MODELS, *FITTED_MODELS)

_DIGITS = 9
"""Decimal places of a conversion."""
_CENT = Decimal("0.01")
_CELL = ("date", "channel", "campaign")
_ROW = (*_CELL, "model")


def channel_attribution(
    conversion_credit: Frame,
    channel_effects: Frame,
    marketing_spend_clean: Frame,
    *,
    first_day: date,
    last_day: date,
) -> Frame:
    """What each channel and campaign contributed to a day's conversions, by eight models side by side.

    Grain: one row a `date` (UTC, of the conversion or refund) x `channel` x `campaign` x `model`; every channel and
    campaign that has anything on a day has a row for each model. The rules: `first` and `last` touch; `last_non_direct`
    (Direct only where nothing else is); `linear`; `position_based` (two touches half each; from three on 40 % to the
    first and to the last, 20 % shared by those between); `time_decay` (halved with every half-life before the end).
    `markov` and `shapley` share all conversions with touches of a day in proportion to the channels' positive effects
    in `channel_effects` of that day, and within a channel as `linear` does; where no channel has a positive effect,
    wholly as `linear` does. A conversion without touches is Direct's by every model.

    Each model's `conversions` and `revenue` of a day add up to the day's, the revenue to the cent. `refunds` are taken
    back on their own day where the purchase's revenue was credited; what is refunded beyond the order, or of an order
    that is not found, stands in a row of channel "(unknown)": so refunds add up, too. `cost` is what was spent on the
    channel and campaign that day, the same in each model's row, null where no spend is known; `roas` is revenue (before
    refunds) by cost. Amounts are in the shop's currency.

    Args:
        conversion_credit: What `conversion_credit` gives for these days. It is read several times: best collected.
        channel_effects: Gold `channel_effects` of these days, and as far before them as refunds look back.
        marketing_spend_clean: Silver `marketing_spend_clean` of these days.
        first_day: First day (UTC) wanted.
        last_day: Last day wanted.
    """
    shared = conversion_credit.filter(nw.col("model") != EVERY_MODEL)
    alike = conversion_credit.filter(nw.col("model") == EVERY_MODEL).select(*_CELL, *AMOUNTS)
    credit = nw.concat(
        [
            shared.select(*_ROW, *AMOUNTS),
            fitted_credit(shared.filter(nw.col("model") == "linear"), channel_effects).select(*_ROW, *AMOUNTS),
            each_model(alike, ATTRIBUTION_MODELS).select(*_ROW, *AMOUNTS),
        ],
        how="vertical",
    )
    spend = _spend(within(marketing_spend_clean.rename({"spend_date": "date"}), first_day, last_day))
    cells = nw.concat([conversion_credit.select(*_CELL), spend.select(*_CELL)], how="vertical").unique()
    nothing = (nw.lit(0).cast(nw.Int64).alias(name) for name in AMOUNTS)
    rows = nw.concat([credit, each_model(cells, ATTRIBUTION_MODELS).select(*_ROW, *nothing)], how="vertical")
    added_up = (
        within(rows, first_day, last_day).group_by(*_ROW).agg(*(nw.col(name).sum().cast(nw.Int64) for name in AMOUNTS))
    )
    return _described(added_up.join(spend, on=[*_CELL], how="left"))


def _spend(marketing_spend_clean: Frame) -> Frame:
    return marketing_spend_clean.group_by(*_CELL).agg(total(nw.col("cost")).alias("cost"))


def _described(credit: Frame) -> Frame:
    """Whole units as conversions and money."""
    return credit.select(
        *_ROW,
        (nw.col("conversions") / UNITS).round(_DIGITS).alias("conversions"),
        _money(nw.col("revenue")).alias("revenue"),
        _money(nw.col("refunds")).alias("refunds"),
        _money(nw.col("revenue") - nw.col("refunds")).alias("net_revenue"),
        "cost",
        nw.when(nw.col("cost") > zero()).then(nw.col("revenue") / cents(nw.col("cost"))).alias("roas"),
    )


def _money(whole_cents: nw.Expr) -> nw.Expr:
    return (whole_cents * nw.lit(_CENT)).cast(MONEY)
