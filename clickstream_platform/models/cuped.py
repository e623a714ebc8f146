"""CUPED: what entities did before an experiment takes the luck of the draw out of its result.

Deng, Xu, Kohavi, Walker: Improving the Sensitivity of Online Controlled Experiments by Utilizing Pre-Experiment Data,
WSDM 2013.
"""

from dataclasses import dataclass

import numpy as np

from clickstream_platform.models.comparison import Array, Comparison, Sample, divided, positive
from clickstream_platform.models.means import compare_means


@dataclass(frozen=True)
class PairedSample:
    """Values of entities, each with what the same entity did before.

    Attributes:
        value: The metric.
        before: The covariate of the same entities.
        products: The sum of value times covariate.
    """

    value: Sample
    before: Sample
    products: Array

    @property
    def covariance(self) -> Array:
        """The unbiased covariance; NaN of fewer than two entities."""
        size = self.value.size
        around = self.products - self.value.total * self.before.mean
        return divided(around, np.where(size >= 2, size - 1, np.nan))

    def __add__(self, other: "PairedSample") -> "PairedSample":
        return PairedSample(self.value + other.value, self.before + other.before, self.products + other.products)


@dataclass(frozen=True)
class Adjusted:
    """A comparison of adjusted means.

    Attributes:
        comparison: Uplift, intervals and p-value.
        variance_reduction: Share of the uplift's variance that the adjustment takes away.
        slope: The coefficient of the covariate.
    """

    comparison: Comparison
    variance_reduction: Array
    slope: Array


def compare_adjusted(control: PairedSample, variant: PairedSample, *, confidence: float = 0.95) -> Adjusted:
    """Welch's test on `value - slope * (before - mean of before)`.

    The slope is the pooled covariance over the covariate's variance, over both variants together: one slope for both,
    so that nothing but the covariate's chance imbalance moves the uplift. NaN where nobody did anything before, or
    everybody the same.
    """
    both = control + variant
    slope = divided(both.covariance, positive(both.before.variance))
    (size_0, mean_0, variance_0), (size_1, mean_1, variance_1) = (
        _adjusted(side, slope, both.before.mean) for side in (control, variant)
    )
    raw = divided(control.value.variance, size_0) + divided(variant.value.variance, size_1)
    left = divided(variance_0, size_0) + divided(variance_1, size_1)
    comparison = compare_means((size_0, mean_0, variance_0), (size_1, mean_1, variance_1), confidence=confidence)
    return Adjusted(comparison, 1 - divided(left, positive(raw)), slope)


def _adjusted(side: PairedSample, slope: Array, middle: Array) -> tuple[Array, Array, Array]:
    """Size, mean and variance of the adjusted values."""
    mean = side.value.mean - slope * (side.before.mean - middle)
    both = side.value.variance + slope**2 * side.before.variance
    left = both - 2 * slope * side.covariance
    # A covariate that tells everything leaves nothing but rounding.
    return side.value.size, mean, np.where(left <= 1e-12 * both, 0.0, left)
