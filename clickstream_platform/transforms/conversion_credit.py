"""Credit of conversions by the rule-based models, before it is told by day, channel, campaign and model."""

from datetime import date, timedelta

import narwhals as nw

from clickstream_platform.contract.channels import NOT_SET
from clickstream_platform.transforms._credit import PATH, RULE_MODELS, after, before, numbered, part, with_shares
from clickstream_platform.transforms._frames import Frame, within
from clickstream_platform.transforms._refunds import cents, matched_refunds
from clickstream_platform.transforms._treatment import treated
from clickstream_platform.transforms.conversion_paths import CONVERSION
from clickstream_platform.transforms.touchpoints import DIRECT

UNITS = 1_000_000_000
"""Parts that a conversion is shared in."""
AMOUNTS = ("conversions", "revenue", "refunds")
_CELL = ("date", "path_date", "channel", "campaign")
EVERY_MODEL = "every"
"""Stands for all models where they do not differ."""
UNKNOWN_ORDER = "(unknown)"
"""Channel of what is refunded of orders that are not known, or beyond what they were worth."""


def conversion_credit(
    conversion_paths: Frame,
    events_clean: Frame,
    *,
    first_day: date,
    last_day: date,
    refund_reach: timedelta,
    half_life: timedelta,
    treatment: str,
) -> Frame:
    """What channels and campaigns get of conversions by the rule-based models, in whole units.

    Grain: one row a `date` (UTC, of the conversion or refund) x `path_date` (of the conversion) x `channel` x
    `campaign` x `model`. `conversions` are in billionths, `revenue` and `refunds` in cents. Conversions without touches
    are Direct's, and what is refunded beyond an order or of an unknown one stands under "(unknown)"; both with model
    `every` and without `path_date`. Days before `first_day` are there as far as refunds look back.

    Args:
        conversion_paths: Gold `conversion_paths` of `first_day - refund_reach` to `last_day`; other days are ignored.
        events_clean: Silver `events_clean` of the same days.
        first_day: First day (UTC) wanted.
        last_day: Last day wanted.
        refund_reach: How long before a refund's day its order is looked for; whole days.
        half_life: Of the time-decay model.
        treatment: How touches that repeat each other (same channel and campaign) are treated; see `TREATMENTS`.
    """
    earliest = first_day - refund_reach
    conversions = (
        within(conversion_paths, earliest, last_day)
        .filter(nw.col("outcome") == CONVERSION)
        .rename({"date": "path_date"})
        .with_columns(cents(nw.col("revenue")).alias("revenue_cents"))
    )
    events = events_clean.filter(nw.col("event_date") >= earliest, nw.col("event_date") <= last_day)
    refunds = matched_refunds(events, conversions, reach=refund_reach)
    touches = numbered(_treated(conversions, treatment), half_life=half_life)
    return _by_model(_credited(_amounts(conversions, refunds).join(touches, on=[*PATH], how="left")))


def _treated(conversions: Frame, treatment: str) -> Frame:
    """The touches of conversions that have some, one row each."""
    fields = {name: nw.col("touches").struct.field(name) for name in ("position", "touched_at", "channel", "campaign")}
    touches = conversions.filter(nw.col("touch_count") > 0).select(*PATH, "touches").explode("touches")
    return treated(touches.select(*PATH, **fields), treatment, path=PATH, same=("channel", "campaign"))


def _amounts(conversions: Frame, refunds: Frame) -> Frame:
    """What there is to share of each path on each day: one conversion and its revenue, and what is taken back.

    Of what is taken back, `low` and `high` are how much was before and after. Without `path_id`: of no known order.
    """
    own = conversions.select(
        nw.col("path_date").alias("date"),
        *PATH,
        _whole(UNITS).alias("conversions"),
        nw.col("revenue_cents").alias("revenue"),
        _whole(0).alias("low"),
        _whole(0).alias("high"),
    )
    nothing = _whole(0).alias("conversions"), _whole(0).alias("revenue")
    back = refunds.filter(nw.col("high") > nw.col("low")).select("date", *PATH, *nothing, "low", "high")
    no_path = (nw.when(nw.col("excess") < 0).then(nw.col(name)).alias(name) for name in PATH)
    excess = refunds.filter(nw.col("excess") > 0).select(
        "date", *no_path, *nothing, _whole(0).alias("low"), nw.col("excess").alias("high")
    )
    return nw.concat([own, back, excess], how="vertical")


def _credited(rows: Frame) -> Frame:
    """Amounts added up, in a column a model; those that no touch shares in go whole to Direct, or to nobody known."""
    shared, ordered = ~nw.col("position").is_null(), ~nw.col("path_id").is_null()
    taker = nw.when(ordered).then(nw.lit(DIRECT)).otherwise(nw.lit(UNKNOWN_ORDER))
    parts = {}
    for model in RULE_MODELS:
        shares = before(model), after(model)
        parts[_of("conversions", model)] = part("conversions", *shares)
        parts[_of("revenue", model)] = part("revenue", *shares)
        parts[_of("refunds", model)] = part("high", *shares) - part("low", *shares)
    cells = with_shares(rows).select(
        "date",
        nw.when(shared).then(nw.col("path_date")).alias("path_date"),
        nw.coalesce(nw.col("channel"), taker).alias("channel"),
        nw.col("campaign").fill_null(NOT_SET),
        **parts,
    )
    return cells.group_by(*_CELL).agg(*(nw.col(name).sum().cast(nw.Int64) for name in parts))


def _by_model(cells: Frame) -> Frame:
    """A row a model; one alone for what no touch shares in, as the models do not differ there."""
    models = nw.when(nw.col("path_date").is_null()).then(nw.lit(EVERY_MODEL)).otherwise(nw.lit(",".join(RULE_MODELS)))
    rows = cells.with_columns(models.alias("model")).with_columns(nw.col("model").str.split(",")).explode("model")
    return rows.select(*_CELL, "model", *(_chosen(amount).alias(amount) for amount in AMOUNTS))


def _chosen(amount: str) -> nw.Expr:
    """The amount by the row's model."""
    chosen = nw.col(_of(amount, RULE_MODELS[0]))
    for model in RULE_MODELS[1:]:
        chosen = nw.when(nw.col("model") == model).then(nw.col(_of(amount, model))).otherwise(chosen)
    return chosen


def _of(amount: str, model: str) -> str:
    """The column of an amount by a model."""
    return f"{model}_{amount}"


def _whole(number: int) -> nw.Expr:
    return nw.lit(number).cast(nw.Int64)
