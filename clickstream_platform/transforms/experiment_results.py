"""What gold `experiment_results` is computed from: sums over entities, so that no entity leaves the engine.

The statistics are made of them elsewhere (`models`): numbers of entities, sums, sums of squares and of products are all
that means, variances and covariances need.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import narwhals as nw

from clickstream_platform.transforms._frames import Frame
from clickstream_platform.transforms._time import epoch_days

EXPERIMENT_METRICS = ("conversion", "orders_per_visitor", "revenue_per_visitor")
"""Whether an entity purchased, how often, and its revenue in cents, after its first exposure."""

_ENTITY = ("experiment", "entity_id")
_CELL = ("experiment", "variant", "day")
_FOREVER = 36_500
"""Days; longer than any clickstream."""


@dataclass(frozen=True)
class ExperimentSpan:
    """Which days of an experiment count, in UTC, both ends included.

    Attributes:
        start: First day of exposures; None: the first there is.
        end: Last day of exposures; None: the last there is. Without a window also the last day of outcomes.
        window_days: Outcomes count on the day of the first exposure and so many days after it; None: until the end.
        pre_period_days: What an entity did on so many days before the day of its first exposure is the covariate.
    """

    start: date | None = None
    end: date | None = None
    window_days: int | None = None
    pre_period_days: int = 14


def experiment_sums(
    experiment_exposures: Frame, entity_activity: Frame, *, spans: Mapping[str, ExperimentSpan], default: ExperimentSpan
) -> Frame:
    """Sums of what entities did, by the day on which it changed them.

    Grain: one row an `experiment` x `variant` x `day` (UTC) with a new entity or an outcome. Up to any day, the sums of
    the rows until then are the sums over the entities exposed until then of what they had done until then: so they tell
    every day's state of the experiment. `entities` are new ones, with `first_exposed_at` and `last_exposed_at`;
    `<metric>_total` and `<metric>_squares` are sums of the metric and its square; `<metric>_before_total`,
    `_before_squares` and `_products` those of the covariate (the same metric on the full days before) and of its
    products with the metric's final value, all on the day of the first exposure. Revenue is in cents, refunds
    taken off.

    Outcomes are what happens strictly after the first exposure. Entities that saw more than one variant in the span
    count in none of the sums but in `mixed_entities`, at the alphabetically first of their variants.

    Args:
        experiment_exposures: Silver `experiment_exposures`, all days.
        entity_activity: Silver `entity_activity`, all days.
        spans: Of single experiments.
        default: Of all others.
    """
    planned = _Planned(spans, default)
    firsts = _first_exposures(experiment_exposures, planned)
    clean = firsts.filter(nw.col("variant") == nw.col("last_variant"))
    entries = clean.select(
        *_ENTITY,
        "variant",
        nw.col("exposure_date").alias("day"),
        "exposed_at",
        nw.lit(True).alias("is_entry"),
        nw.lit(False).alias("is_before"),
        nw.col("purchases_after").alias("purchases"),
        nw.col("cents_after").alias("cents"),
    )
    whole = nw.concat([entries, _other_days(clean, entity_activity, planned)], how="vertical")
    mixed = firsts.filter(nw.col("variant") != nw.col("last_variant")).group_by(
        "experiment", "variant", "exposure_date"
    )
    return (
        _steps(whole)
        .group_by(*_CELL)
        .agg(
            nw.col("is_entry").cast(nw.Int64).sum().cast(nw.Int64).alias("entities"),
            nw.col("exposed_at").min().alias("first_exposed_at"),
            nw.col("exposed_at").max().alias("last_exposed_at"),
            *(nw.col(name).sum().alias(name) for name in _SUMS),
        )
        .join(
            mixed.agg(nw.len().cast(nw.Int64).alias("mixed_entities")).rename({"exposure_date": "day"}),
            on=[*_CELL],
            how="full",
            suffix="_mixed",
        )
        .select(
            *(nw.coalesce(name, f"{name}_mixed").alias(name) for name in _CELL),
            nw.col("entities").fill_null(0),
            nw.col("mixed_entities").fill_null(0),
            "first_exposed_at",
            "last_exposed_at",
            *(nw.col(name).fill_null(0.0) for name in _SUMS),
        )
    )


_KINDS = ("total", "squares", "before_total", "before_squares", "products")
_SUMS = tuple(f"{metric}_{kind}" for metric in EXPERIMENT_METRICS for kind in _KINDS)


class _Planned:
    """Conditions that differ from experiment to experiment, as expressions."""

    def __init__(self, spans: Mapping[str, ExperimentSpan], default: ExperimentSpan) -> None:
        self._spans, self._default = spans, default

    def exposures(self) -> nw.Expr:
        """Whether an exposure lies in its experiment's span."""
        day = nw.col("exposure_date")
        return self._each(lambda span: _between(day, span.start, span.end))

    def outcomes(self) -> nw.Expr:
        """Whether a day of activity, `since` days after the first exposure's, counts as outcome."""

        def counts(span: ExperimentSpan) -> nw.Expr:
            if span.window_days is not None:
                return nw.col("since") <= span.window_days
            return _between(nw.col("activity_date"), None, span.end)

        return (nw.col("since") > 0) & self._each(counts)

    def before(self) -> nw.Expr:
        """Whether it belongs to the covariate."""
        return (nw.col("since") < 0) & self._each(lambda span: nw.col("since") >= -span.pre_period_days)

    def _each(self, condition: Any) -> nw.Expr:
        holds: nw.Expr = condition(self._default)
        for experiment, span in self._spans.items():
            holds = nw.when(nw.col("experiment") == experiment).then(condition(span)).otherwise(holds)
        return holds


def _between(day: nw.Expr, first: date | None, last: date | None) -> nw.Expr:
    holds = ~day.is_null()
    if first is not None:
        holds = holds & (day >= first)
    return holds if last is None else holds & (day <= last)


def _first_exposures(experiment_exposures: Frame, planned: _Planned) -> Frame:
    """One row an experiment and entity: its first exposure, and the lowest and highest of its variants."""
    return (
        experiment_exposures.filter(planned.exposures())
        .select(
            *_ENTITY,
            "exposure_date",
            "exposed_at",
            "purchases_after",
            (nw.col("revenue_after") * 100).cast(nw.Int64).alias("cents_after"),
            nw.col("variant").alias("seen"),
            nw.col("variant").min().over(*_ENTITY).alias("variant"),
            nw.col("variant").max().over(*_ENTITY).alias("last_variant"),
        )
        .unique([*_ENTITY], keep="first", order_by=["exposed_at", "seen"])
    )


def _other_days(firsts: Frame, entity_activity: Frame, planned: _Planned) -> Frame:
    """Days of purchases and refunds before and after that of the first exposure."""
    active = entity_activity.filter((nw.col("purchases") > 0) | (nw.col("refunds") > 0)).select(
        "entity_id", "activity_date", "purchases", (nw.col("revenue") * 100).cast(nw.Int64).alias("cents")
    )
    return (
        firsts.select(*_ENTITY, "variant", "exposure_date", "exposed_at")
        .join(active, on="entity_id")
        .with_columns((epoch_days(nw.col("activity_date")) - epoch_days(nw.col("exposure_date"))).alias("since"))
        .filter(planned.outcomes() | planned.before())
        .select(
            *_ENTITY,
            "variant",
            nw.col("activity_date").alias("day"),
            "exposed_at",
            nw.lit(False).alias("is_entry"),
            (nw.col("since") < 0).alias("is_before"),
            "purchases",
            "cents",
        )
    )


def _steps(rows: Frame) -> Frame:
    """By how much each day of an entity moves the sums. Rows of the pre-period have become columns of the entry."""
    before = nw.col("is_before")
    counts = {"orders_per_visitor": "purchases", "revenue_per_visitor": "cents"}
    known = rows.with_columns(
        *(nw.when(~before).then(nw.col(name)).otherwise(0).alias(metric) for metric, name in counts.items()),
        *(nw.when(before).then(nw.col(name)).otherwise(0).alias(f"{metric}_then") for metric, name in counts.items()),
    )
    summed = known.with_columns(
        *(nw.col(metric).cum_sum().over(*_ENTITY, order_by=["day"]).alias(f"{metric}_now") for metric in counts),
        *(nw.col(metric).sum().over(*_ENTITY).alias(f"{metric}_final") for metric in counts),
        *(nw.col(f"{metric}_then").sum().over(*_ENTITY).alias(f"{metric}_before") for metric in counts),
    )
    had = (nw.col("orders_per_visitor_now") - nw.col("orders_per_visitor")) > 0
    converted = {
        "conversion": _one((nw.col("orders_per_visitor") > 0) & ~had),
        "conversion_now": _one(nw.col("orders_per_visitor_now") > 0),
        "conversion_final": _one(nw.col("orders_per_visitor_final") > 0),
        "conversion_before": _one(nw.col("orders_per_visitor_before") > 0),
    }
    return (
        summed.with_columns(**converted)
        .filter(~before)
        .with_columns(
            nw.when(nw.col("is_entry")).then(nw.col("exposed_at")).alias("exposed_at"),
            *(expression for metric in EXPERIMENT_METRICS for expression in _moved(metric)),
        )
    )


def _moved(metric: str) -> list[nw.Expr]:
    """The columns of `_SUMS` for a metric, as floats: squares of cents would not fit into integers."""
    step, now, final, before = (
        nw.col(name).cast(nw.Float64) for name in (metric, f"{metric}_now", f"{metric}_final", f"{metric}_before")
    )
    entry = nw.col("is_entry").cast(nw.Int64).cast(nw.Float64)
    values = (step, (2 * now - step) * step, entry * before, entry * before * before, entry * before * final)
    return [value.alias(f"{metric}_{kind}") for kind, value in zip(_KINDS, values, strict=True)]


def _one(condition: nw.Expr) -> nw.Expr:
    return nw.when(condition).then(1).otherwise(0)
