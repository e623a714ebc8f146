"""What gold `experiment_results` is computed from: sums over entities, so that no entity leaves the engine.

The statistics are made of them elsewhere (`models`): numbers of entities, sums, sums of squares and of products are all
that means, variances and covariances need.
"""

from collections.abc import Mapping

import narwhals as nw

from clickstream_platform.transforms._experiment_people import ENTITY, active_days, first_exposures
from clickstream_platform.transforms._experiment_spans import ExperimentSpan, Planned
from clickstream_platform.transforms._frames import Frame

EXPERIMENT_METRICS = ("conversion", "orders_per_visitor", "revenue_per_visitor")
"""Whether an entity purchased, how often, and its revenue in cents, after its first exposure."""

_CELL = ("experiment", "variant", "day")
_COUNTED = {"conversion": "purchases", "orders_per_visitor": "purchases", "revenue_per_visitor": "cents"}
"""What each metric is made of."""
_FIGURES = ("purchases", "cents")
_MOMENT = nw.Datetime("us", "UTC")
_KINDS = ("total", "squares", "before_total", "before_squares", "products")
_SUMS = tuple(f"{metric}_{kind}" for metric in EXPERIMENT_METRICS for kind in _KINDS)


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
    planned = Planned(spans, default)
    firsts, mixed = first_exposures(experiment_exposures, planned)
    active = active_days(firsts, entity_activity, planned)
    contributions = [_entries(firsts), _mixed(mixed), _covariates(active), _outcomes(active)]
    return (
        nw.concat([_with_all_columns(part, columns) for part, columns in contributions], how="vertical")
        .group_by(*_CELL)
        .agg(
            nw.col("entities").sum().cast(nw.Int64),
            nw.col("mixed_entities").sum().cast(nw.Int64),
            nw.col("first_exposed_at").min(),
            nw.col("last_exposed_at").max(),
            *(nw.col(name).sum() for name in _SUMS),
        )
    )


def _entries(firsts: Frame) -> tuple[Frame, dict[str, nw.Expr]]:
    """New entities by variant and day."""
    cells = firsts.group_by("experiment", "variant", "exposure_date").agg(
        nw.len().cast(nw.Int64).alias("entities"),
        nw.col("exposed_at").min().alias("first_exposed_at"),
        nw.col("exposed_at").max().alias("last_exposed_at"),
    )
    columns = {name: nw.col(name) for name in ("entities", "first_exposed_at", "last_exposed_at")}
    return cells, {"day": nw.col("exposure_date"), **columns}


def _mixed(mixed: Frame) -> tuple[Frame, dict[str, nw.Expr]]:
    """Entities of several variants."""
    cells = mixed.group_by("experiment", "variant", "exposure_date").agg(
        nw.len().cast(nw.Int64).alias("mixed_entities")
    )
    return cells, {"day": nw.col("exposure_date"), "mixed_entities": nw.col("mixed_entities")}


def _covariates(active: Frame) -> tuple[Frame, dict[str, nw.Expr]]:
    """What each entity did before, with the products of it and of what it did in the end."""
    before = nw.col("is_before")
    people = active.group_by(*ENTITY, "variant", "exposure_date").agg(
        *(_if(before, name).sum().alias(f"{name}_before") for name in _FIGURES),
        *(_if(~before, name).sum().alias(f"{name}_final") for name in _FIGURES),
    )
    columns = {"day": nw.col("exposure_date")}
    for metric, name in _COUNTED.items():
        x, y = (_value(metric, nw.col(f"{name}_{when}")) for when in ("before", "final"))
        columns |= {
            f"{metric}_before_total": x,
            f"{metric}_before_squares": x * x,
            f"{metric}_products": x * y,
        }
    return people, columns


def _outcomes(active: Frame) -> tuple[Frame, dict[str, nw.Expr]]:
    """By how much each day of an entity moves the sums: a square by the new one less the old one."""
    days = active.filter(~nw.col("is_before")).with_columns(
        nw.col(name).cum_sum().over(*ENTITY, order_by=["day"]).alias(f"{name}_now") for name in _FIGURES
    )
    columns = {"day": nw.col("day")}
    for metric, name in _COUNTED.items():
        now = _value(metric, nw.col(f"{name}_now"))
        then = _value(metric, nw.col(f"{name}_now") - nw.col(name))
        columns |= {f"{metric}_total": now - then, f"{metric}_squares": now * now - then * then}
    return days, columns


def _value(metric: str, counted: nw.Expr) -> nw.Expr:
    """A metric's value, as a float: squares of cents would not fit into integers."""
    if metric == "conversion":
        counted = nw.when(counted > 0).then(1).otherwise(0)
    return counted.cast(nw.Float64)


def _if(condition: nw.Expr, name: str) -> nw.Expr:
    return nw.when(condition).then(nw.col(name)).otherwise(0)


def _with_all_columns(part: Frame, columns: dict[str, nw.Expr]) -> Frame:
    """A contribution to the sums with all of their columns; those that it has nothing to say of are 0, or null."""
    nothing: dict[str, nw.Expr] = {
        **dict.fromkeys(("entities", "mixed_entities"), nw.lit(0).cast(nw.Int64)),
        **dict.fromkeys(("first_exposed_at", "last_exposed_at"), nw.lit(None, dtype=_MOMENT)),
        **dict.fromkeys(_SUMS, nw.lit(0.0)),
    }
    values = {**nothing, **columns}
    return part.select("experiment", "variant", *(values[name].alias(name) for name in ("day", *nothing)))
