"""Means of independent entities, compared: revenue or orders by visitor."""

import numpy as np
from scipy import stats

from clickstream_platform.models.comparison import Array, Comparison, divided, positive

_WIDEST = 350.0
"""Logarithm of the largest factor by which a relative uplift's interval reaches."""


def compare_means(
    control: tuple[Array, Array, Array], variant: tuple[Array, Array, Array], *, confidence: float = 0.95
) -> Comparison:
    """Two means whose variances may differ: Welch's t (Biometrika 34, 1947) with Satterthwaite's degrees of freedom.

    The interval of the relative uplift is the delta method's on the logarithm of the ratio (Deng, Knoblich, Lu, KDD
    2018, section 3), with Welch's degrees of freedom of the two coefficients of variation. It asks for both means to be
    positive: a ratio to a mean of nothing, or of loss, says nothing (NaN). So does everything where a side has fewer
    than two entities, or neither has any variance.

    Args:
        control: Size, mean and unbiased variance.
        variant: The same of the variant.
        confidence: Share of intervals that hold the truth.
    """
    (control_size, before, control_variance), (size, after, variance) = control, variant
    error, freedom = _welch(divided(control_variance, control_size), control_size, divided(variance, size), size)
    known = error * 0
    uplift = known + after - before
    reach = stats.t.isf((1 - confidence) / 2, freedom) * error
    base, ratio = positive(before), divided(positive(after), positive(before))
    log_error, log_freedom = _welch(
        divided(control_variance, control_size * base**2), control_size, divided(variance, size * after**2), size
    )
    # Two entities and a high confidence may ask for more than a float can hold: the interval then ends there.
    spread = np.exp(np.minimum(stats.t.isf((1 - confidence) / 2, log_freedom) * log_error, _WIDEST))
    return Comparison(
        uplift,
        uplift - reach,
        uplift + reach,
        2 * stats.t.sf(np.abs(uplift / error), freedom),
        uplift / base,
        known + ratio / spread - 1,
        known + ratio * spread - 1,
    )


def _welch(one: Array, one_size: Array, two: Array, two_size: Array) -> tuple[Array, Array]:
    """Standard error of a difference, and its degrees of freedom, from the variances of both means."""
    error = np.sqrt(positive(one + two))
    parts = divided(one**2, one_size - 1) + divided(two**2, two_size - 1)
    return error, divided(error**4, parts)
