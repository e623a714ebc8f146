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
    """Numbered touches with their cumulative shares by each rule-based model, before them and after them.

    Columns are named by `before` and `after`. Rows without a `position`, which stand for no touch, have the whole.
    """
    position, weight = nw.col("position"), nw.col("weight_so_far")
    shares = {}
    for model in RULE_MODELS:
        shares[before(model)] = _share(model, position - 1, weight - nw.col("weight")).fill_null(0.0)
        shares[after(model)] = _share(model, position, weight).fill_null(1.0)
    return touches.with_columns(**shares)


def before(model: str) -> str:
    """The column of cumulative shares up to a touch, without it."""
    return f"{model}_before"


def after(model: str) -> str:
    """The column of cumulative shares up to a touch and with it."""
    return f"{model}_after"


def each_model(rows: Frame, models: Sequence[str]) -> Frame:
    """Each row once a `model`."""
    return (
        rows.with_columns(nw.lit(",".join(models)).alias("model"))
        .with_columns(nw.col("model").str.split(","))
        .explode("model")
    )


def part(amount: str, share_before: str, share_after: str) -> nw.Expr:
    """What a row gets of an amount in whole units: what lies between its two cumulative shares."""
    return _rounded(amount, share_after) - _rounded(amount, share_before)


def _rounded(amount: str, share: str) -> nw.Expr:
    """An amount at a cumulative share, halves upwards; at the end the amount itself, however large."""
    at = (nw.col(amount) * nw.col(share) + 0.5).floor().cast(nw.Int64)
    return nw.when(nw.col(share) >= 1.0).then(nw.col(amount)).otherwise(at)


def _share(model: str, position: nw.Expr, weight: nw.Expr) -> nw.Expr:
    """The cumulative share of a path's touches up to a position, which have this weight together; null for no touch."""
    count = nw.col("touches")
    match model:
        case "first":
            return _step(position >= 1)
        case "last":
            return _step(position >= count)
        case "last_non_direct":
            return _step(position >= nw.col("last_non_direct"))
        case "linear":
            return position / count
        case "time_decay":
            return weight / nw.col("weight_of_all")
        case "position_based":
            return (
                nw.when(position < 1)
                .then(nw.lit(0.0))
                .when(position >= count)
                .then(nw.lit(1.0))
                .when(count == 2)
                .then(nw.lit(0.5))
                # Two fifths, and a fifth divided among those between the ends: one division, rounded once.
                .otherwise((2 * (count - 2) + position - 1) / (5 * (count - 2)))
            )
    raise ValueError(f"no rule-based model is called {model!r}")


def _step(reached: nw.Expr) -> nw.Expr:
    return nw.when(reached).then(nw.lit(1.0)).when(~reached).then(nw.lit(0.0))
