"""Credit: what share of a conversion each touch of its path has by the rule-based models, and how amounts are shared.

Shares are cumulative: of a touch and all before it, 1 at the last one. What is shared is whole cents or billionths of a
conversion. It is rounded at each cumulative share, and a touch gets what that goes up by: so the parts are whole, none
is off by more than one, and they add up to the whole exactly.
"""

from collections.abc import Sequence
from datetime import timedelta

import narwhals as nw

from clickstream_platform.transforms._frames import Frame
from clickstream_platform.transforms._time import microseconds_between
from clickstream_platform.transforms.touchpoints import DIRECT

RULE_MODELS = ("first", "last", "last_non_direct", "linear", "position_based", "time_decay")

PATH = ("path_date", "path_id")
_WEIGHT = 2**30
"""Weight of the latest touch in time decay; whole numbers add up alike on all engines."""


def numbered(touches: Frame, *, half_life: timedelta) -> Frame:
    """Touches of paths with what the models look at.

    Makes `position` count from 1 without gaps; adds `touches` (their number), `last_non_direct` (the position of the
    last touch that is not Direct; of the last one where all are), `weight` (2^(-age/half_life)) and its sums
    `weight_so_far` and `weight_of_all`. Age is counted from the path's last touch rather than from its end: that
    changes no share, and touches long before the end do not all weigh nothing.

    Args:
        touches: With `path_date`, `path_id`, `channel`, `touched_at`, and `position` in ascending whole numbers.
        half_life: After which a touch counts half.
    """
    order = ["position"]
    half_lives = microseconds_between(nw.col("touched_at"), nw.col("last_touch_at")) / (
        half_life // timedelta(microseconds=1)
    )
    last_other = nw.when(nw.col("channel") != DIRECT).then(nw.col("position"))
    return (
        touches.with_columns(
            nw.col("position").cum_count().over(*PATH, order_by=order).cast(nw.Int64).alias("place"),
            nw.col("touched_at").max().over(*PATH).alias("last_touch_at"),
        )
        .drop("position")
        .rename({"place": "position"})
        .with_columns(
            nw.col("position").max().over(*PATH).alias("touches"),
            last_other.max().over(*PATH).alias("last_other"),
            ((nw.lit(2.0) ** (half_lives * -1.0)) * _WEIGHT + 0.5).floor().cast(nw.Int64).alias("weight"),
        )
        .with_columns(
            nw.coalesce("last_other", "touches").alias("last_non_direct"),
            nw.col("weight").cum_sum().over(*PATH, order_by=order).alias("weight_so_far"),
            nw.col("weight").sum().over(*PATH).alias("weight_of_all"),
        )
        .drop("last_other", "last_touch_at")
    )


def with_shares(touches: Frame) -> Frame:
    """Numbered touches once for each rule-based `model`, with `share_before` and `share_after`, both cumulative."""
    each = each_model(touches, RULE_MODELS)
    position, weight = nw.col("position"), nw.col("weight_so_far")
    return each.with_columns(
        _share(position - 1, weight - nw.col("weight")).alias("share_before"),
        _share(position, weight).alias("share_after"),
    )


def each_model(rows: Frame, models: Sequence[str]) -> Frame:
    """Each row once a `model`."""
    return (
        rows.with_columns(nw.lit(",".join(models)).alias("model"))
        .with_columns(nw.col("model").str.split(","))
        .explode("model")
    )


def part(amount: str) -> nw.Expr:
    """What a row gets of an amount in whole units: what lies between its two cumulative shares."""
    return _rounded(amount, "share_after") - _rounded(amount, "share_before")


def _rounded(amount: str, share: str) -> nw.Expr:
    """An amount at a cumulative share, halves upwards; at the end the amount itself, however large."""
    at = (nw.col(amount) * nw.col(share) + 0.5).floor().cast(nw.Int64)
    return nw.when(nw.col(share) >= 1.0).then(nw.col(amount)).otherwise(at)


def _share(position: nw.Expr, weight: nw.Expr) -> nw.Expr:
    """The cumulative share of a path's touches up to a position, which have this weight together."""
    model, count = nw.col("model"), nw.col("touches")
    return (
        nw.when(model == "first")
        .then(_step(position >= 1))
        .when(model == "last")
        .then(_step(position >= count))
        .when(model == "last_non_direct")
        .then(_step(position >= nw.col("last_non_direct")))
        .when(model == "linear")
        .then(position / count)
        .when(model == "time_decay")
        .then(weight / nw.col("weight_of_all"))
        .when((position >= count) | (position < 1))
        .then(_step(position >= count))
        .when(count == 2)
        .then(nw.lit(0.5))
        # Two fifths, and a fifth divided among those between the ends: one division, so that it is rounded once.
        .otherwise((2 * (count - 2) + position - 1) / (5 * (count - 2)))
    )


def _step(reached: nw.Expr) -> nw.Expr:
    return nw.when(reached).then(nw.lit(1.0)).otherwise(nw.lit(0.0))
