"""Credit by the fitted attribution models: a day's conversions shared in proportion to the channels' effects."""

import narwhals as nw

from clickstream_platform.transforms._credit import part
from clickstream_platform.transforms._frames import Frame

FITTED_MODELS = ("markov", "shapley")

_SCALE = 10**12
"""Whole parts of a channel's share: whole numbers add up alike on all engines."""
_AMOUNTS = ("conversions", "revenue", "refunds")


def fitted_credit(linear: Frame, channel_effects: Frame) -> Frame:
    """Amounts by `date`, `channel`, `campaign` and fitted `model`.

    A channel gets its share among the channels that the day's conversions have touches of; within it, campaigns get
    what they get of it by the linear model. Where none of these channels has a share, all is as by the linear model.

    Args:
        linear: `conversions`, `revenue` and `refunds` by `date`, `path_date`, `channel` and `campaign` by the linear
            model, in whole units.
        channel_effects: Gold `channel_effects` of the days of the paths.
    """
    totals = linear.group_by("date", "path_date").agg(*(nw.col(name).sum().cast(nw.Int64) for name in _AMOUNTS))
    cells = linear.filter(nw.col("date") == nw.col("path_date")).select(
        "path_date", "channel", "campaign", nw.col("conversions").alias("units")
    )
    models = [_with_shares(cells, channel_effects, model) for model in FITTED_MODELS]
    return (
        nw.concat(models, how="vertical")
        .join(totals, on="path_date")
        .select(
            "date",
            "channel",
            "campaign",
            "model",
            *(part(name, "share_before", "share_after").alias(name) for name in _AMOUNTS),
        )
    )


def _with_shares(cells: Frame, channel_effects: Frame, model: str) -> Frame:
    """Cells with `share_before` and `share_after`, cumulative within the day of the paths."""
    shares = channel_effects.filter(nw.col("model") == model).select(
        nw.col("date").alias("path_date"), "channel", "share"
    )
    of_channel = nw.col("units").sum().over("path_date", "channel")
    share = nw.col("share").fill_null(0.0) * _SCALE
    weights = (
        cells.join(shares, on=["path_date", "channel"], how="left")
        .with_columns((share * nw.col("units") / of_channel + 0.5).floor().cast(nw.Int64).alias("fitted"))
        .with_columns(nw.col("fitted").sum().over("path_date").alias("fitted_in_all"))
        .with_columns(
            nw.when(nw.col("fitted_in_all") > 0).then(nw.col("fitted")).otherwise(nw.col("units")).alias("weight")
        )
        .with_columns(
            nw.col("weight").cum_sum().over("path_date", order_by=["channel", "campaign"]).alias("so_far"),
            nw.col("weight").sum().over("path_date").alias("in_all"),
        )
    )
    return weights.select(
        "path_date",
        "channel",
        "campaign",
        nw.lit(model).alias("model"),
        ((nw.col("so_far") - nw.col("weight")) / nw.col("in_all")).alias("share_before"),
        (nw.col("so_far") / nw.col("in_all")).alias("share_after"),
    )
