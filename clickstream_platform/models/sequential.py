"""Results that may be looked at every day: the mixture sequential probability ratio test.

A fixed-horizon p-value promises its error rate for one look at a moment that was chosen beforehand. Looking daily and
stopping at the first good day breaks the promise. The p-value here holds at every look (Johari, Pekelis, Walsh: Peeking
at A/B Tests, KDD 2017; Always Valid Inference, Operations Research 70, 2022): the likelihood ratio of "some difference,
drawn from a normal distribution around zero" against "none" is a martingale under no difference, and by Ville's
inequality it exceeds 1/alpha at any time with probability alpha at most.
"""

from dataclasses import dataclass

import numpy as np

from clickstream_platform.models.comparison import Array, Sample, divided, positive

FEWEST = 30
"""Entities of each side before the first look: the test rests on means being normal."""


@dataclass(frozen=True)
class Sequence:
    """A test over time; the first axis is time.

    Attributes:
        p_value: Always valid: the lowest so far, so that it never rises.
        low: Lower end of the confidence sequence of the difference, as of that time alone.
        high: Its upper end.
        mixing_variance: Variance of the differences that the mixture expects (tau squared).
    """

    p_value: Array
    low: Array
    high: Array
    mixing_variance: Array


def sequential_test(control: Sample, variant: Sample, *, expected_effect: float, confidence: float = 0.95) -> Sequence:
    """The test at each time from sums of all that was known by then (axis 0), in one pass.

    The variance of the difference is the larger one of Welch's and of the one under no difference at all (both sides as
    one sample): in the first days few values make the one or the other too small. tau squared is `expected_effect`
    squared times the variance of one entity; so the ratio tau squared by the variance of the difference, which decides
    when the test is at its sharpest, depends on numbers of entities alone, and is known before any outcome is.

    Args:
        control: Cumulative sums of the control's values.
        variant: The same of the variant.
        expected_effect: Standard deviation of the differences expected, in standard deviations of one entity's value.
        confidence: Share of confidence sequences that hold the truth at all times.
    """
    weights = divided(1.0, control.size) + divided(1.0, variant.size)
    welch = divided(control.variance, control.size) + divided(variant.variance, variant.size)
    error_squared = positive(np.maximum(welch, (control + variant).variance * weights))
    enough = (control.size >= FEWEST) & (variant.size >= FEWEST)
    error_squared = np.where(enough, error_squared, np.nan)
    difference = variant.mean - control.mean
    mixing_variance = expected_effect**2 * error_squared / weights
    log_ratio = log_mixture_ratio(difference, error_squared, mixing_variance)
    # Before the first look nothing has been claimed.
    p_value = np.exp(-np.maximum(np.where(np.isnan(log_ratio), 0.0, log_ratio), 0.0))
    reach = _reach(error_squared, mixing_variance, 1 - confidence)
    return Sequence(
        np.where(_seen(log_ratio), np.minimum.accumulate(p_value, axis=0), np.nan),
        difference - reach,
        difference + reach,
        mixing_variance,
    )


def log_mixture_ratio(difference: Array, error_squared: Array, mixing_variance: Array) -> Array:
    """Logarithm of the likelihood of a difference if its mean is normal around 0, over its likelihood if it is 0."""
    whole = error_squared + mixing_variance
    return 0.5 * np.log(error_squared / whole) + mixing_variance * difference**2 / (2 * error_squared * whole)


def _reach(error_squared: Array, mixing_variance: Array, alpha: float) -> Array:
    """Half the width of the confidence sequence: the differences from it that the test would not reject."""
    whole = error_squared + mixing_variance
    bound = np.log(whole / error_squared) - 2 * np.log(alpha)
    return np.asarray(np.sqrt(error_squared * whole / mixing_variance * bound))


def _seen(log_ratio: Array) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Whether there has been a look by then."""
    return np.logical_or.accumulate(~np.isnan(log_ratio), axis=0)
