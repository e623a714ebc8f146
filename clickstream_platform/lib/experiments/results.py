"""Rows of `experiment_results`: each variant of each experiment against its control, by each metric."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl

from clickstream_platform.lib.experiments.course import Course, courses
from clickstream_platform.lib.experiments.plans import Plans
from clickstream_platform.models.allocation import sample_ratio_p_value
from clickstream_platform.models.comparison import Array, Comparison, Sample
from clickstream_platform.models.cuped import Adjusted, compare_adjusted
from clickstream_platform.models.means import compare_means
from clickstream_platform.models.multiplicity import holm
from clickstream_platform.models.proportions import compare_proportions
from clickstream_platform.models.sequential import sequential_test
from clickstream_platform.schemas import TABLES
from clickstream_platform.transforms import EXPERIMENT_METRICS

SMALLEST_SAMPLE_RATIO_P_VALUE = 0.001
"""Below it a split is no accident: looked at daily, a higher bound would cry wolf."""

FEWEST_ENTITIES = 2
"""Of each side: one has no variance."""


def results(sums: pl.DataFrame, plans: Plans) -> pl.DataFrame:
    """The table from the sums that `experiment_sums` gives; figures that cannot be known are null, with the reason."""
    schema = TABLES["experiment_results"].polars_schema()
    parts = []
    for course in courses(sums, plans):
        shared = {name: pl.lit(value, schema[name]) for name, value in _of_experiment(course).items()}
        for metric in EXPERIMENT_METRICS:
            columns = _columns(course, metric)
            rows = pl.DataFrame(columns, {name: schema[name] for name in columns}, strict=False, nan_to_null=True)
            parts.append(rows.with_columns(pl.lit(metric).alias("metric"), **shared).select(schema.names()))
    return pl.concat(parts) if parts else pl.DataFrame(schema=schema)


def _of_experiment(course: Course) -> dict[str, Any]:
    """What all rows of an experiment say."""
    tested = sample_ratio_p_value(course.entities[-1].tolist(), course.weights.tolist())
    p_value = None if np.isnan(tested) else tested
    return {
        "experiment": course.experiment,
        "sample_ratio_p_value": p_value,
        "sample_ratio_ok": None if p_value is None else p_value >= SMALLEST_SAMPLE_RATIO_P_VALUE,
        "mixed_entities": course.mixed_entities,
        "days": course.days,
        "confidence_level": course.plan.confidence_level,
    }


def _columns(course: Course, metric: str) -> dict[str, Any]:
    """The columns of one metric, a value a variant."""
    place, confidence = course.control, course.plan.confidence_level
    last = course.paired(metric)
    comparison = _compared(metric, last.value, place, confidence)
    adjusted = compare_adjusted(last.at(place), last, confidence=confidence)
    over_time = course.values(metric)
    sequence = sequential_test(
        Sample(*(part[:, [place]] for part in (over_time.size, over_time.total, over_time.squares))),
        over_time,
        expected_effect=course.plan.expected_effect_sd,
        confidence=confidence,
    )
    sizes = course.entities[-1]
    against = ~course.is_control & (np.minimum(sizes, sizes[place]) >= FEWEST_ENTITIES)
    figures = {
        **_against(comparison, adjusted),
        "always_valid_p_value": sequence.p_value[-1],
        "sequence_low": sequence.low[-1],
        "sequence_high": sequence.high[-1],
        "mixing_variance": sequence.mixing_variance[-1],
    }
    known = {name: np.where(against, values, np.nan) for name, values in figures.items()}
    reasons = list(_reasons(course, known))
    return {
        "variant": course.variants,
        "is_control": course.is_control,
        "expected_share": course.weights / course.weights.sum(),
        "first_exposed_at": course.first_exposed_at,
        "last_exposed_at": course.last_exposed_at,
        "entities": last.value.size,
        "total": last.value.total,
        "mean": last.value.mean,
        "variance": last.value.variance,
        **known,
        "adjusted_p_value": holm(known["p_value"]),
        "reason": reasons,
        "cuped_reason": list(_cuped_reasons(reasons, known["cuped_uplift"], adjusted.slope)),
    }


def _compared(metric: str, values: Sample, place: int, confidence: float) -> Comparison:
    """Each variant against the one at a place."""
    if metric == "conversion":
        return compare_proportions(
            values.size[place], values.total[place], values.size, values.total, confidence=confidence
        )
    samples = values.size, values.mean, values.variance
    return compare_means((samples[0][place], samples[1][place], samples[2][place]), samples, confidence=confidence)


def _against(comparison: Comparison, adjusted: Adjusted) -> dict[str, Array]:
    return {
        "uplift": comparison.uplift,
        "uplift_low": comparison.low,
        "uplift_high": comparison.high,
        "relative_uplift": comparison.relative,
        "relative_low": comparison.relative_low,
        "relative_high": comparison.relative_high,
        "p_value": comparison.p_value,
        "cuped_uplift": adjusted.comparison.uplift,
        "cuped_low": adjusted.comparison.low,
        "cuped_high": adjusted.comparison.high,
        "cuped_p_value": adjusted.comparison.p_value,
        "variance_reduction": adjusted.variance_reduction,
    }


def _reasons(course: Course, known: Mapping[str, Array]) -> Iterator[str | None]:
    """Why a variant has no uplift, or no relative one; None where it has both."""
    sizes = course.entities[-1]
    one_variant = np.count_nonzero(sizes) < 2
    for place, size in enumerate(sizes):
        if place == course.control:
            yield "control"
        elif one_variant:
            yield "one_variant"
        elif sizes[course.control] == 0:
            yield "control_not_seen"
        elif min(size, sizes[course.control]) < FEWEST_ENTITIES:
            yield "too_few_entities"
        elif np.isnan(known["p_value"][place]):
            yield "no_variance"
        elif np.isnan(known["relative_low"][place]):
            yield "mean_not_positive"
        else:
            yield None


def _cuped_reasons(reasons: list[str | None], uplifts: Array, slopes: Array) -> Iterator[str | None]:
    """Why a variant has no adjusted uplift: its own reason, nothing to adjust by, or nothing left to test."""
    for reason, uplift, slope in zip(reasons, uplifts, slopes, strict=True):
        if not np.isnan(uplift):
            yield None
        elif reason not in (None, "mean_not_positive"):
            yield reason
        else:
            yield "no_pre_period" if np.isnan(slope) else "no_variance"
