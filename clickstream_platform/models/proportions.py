"""Shares of entities that did something, compared: who converted among those who saw a variant."""

import numpy as np
from scipy import stats

from clickstream_platform.models.comparison import Array, Comparison, divided, positive


def compare_proportions(
    control_size: Array, control_hits: Array, size: Array, hits: Array, *, confidence: float = 0.95
) -> Comparison:
    """Two independent proportions.

    The p-value is the two-proportion z test's, with the pooled share. The interval of the difference is Newcombe's
    hybrid score interval (Statistics in Medicine 17, 1998, method 10): it keeps its promise for few conversions, and
    never leaves -1 to 1. The interval of the relative uplift is the delta method's on the logarithm of the ratio (Katz
    and others, Biometrics 34, 1978): it never falls below -100 %, and is unknown (NaN) where a side has no conversion.
    Nobody or everybody having converted on both sides leaves nothing to test: NaN.

    Args:
        control_size: Entities of the control.
        control_hits: Those of them that converted.
        size: Entities of the variant.
        hits: Those of them that converted.
        confidence: Share of intervals that hold the truth.
    """
    normal = float(stats.norm.isf((1 - confidence) / 2))
    before, after = divided(control_hits, control_size), divided(hits, size)
    pooled = divided(control_hits + hits, control_size + size)
    error = np.sqrt(positive(pooled * (1 - pooled) * (divided(1.0, control_size) + divided(1.0, size))))
    uplift = np.where(np.isnan(error), np.nan, after - before)
    (low_before, high_before), (low_after, high_after) = (
        _score_interval(share, of, normal) for share, of in ((before, control_size), (after, size))
    )
    ratio = positive(divided(positive(after), positive(before)))
    spread = np.exp(normal * np.sqrt(divided(1 - before, control_hits) + divided(1 - after, hits)))
    known = uplift * 0
    return Comparison(
        uplift,
        known + (after - before) - np.hypot(after - low_after, high_before - before),
        known + (after - before) + np.hypot(high_after - after, before - low_before),
        2 * stats.norm.sf(np.abs(uplift / error)),
        known + ratio - 1,
        known + ratio / spread - 1,
        known + ratio * spread - 1,
    )


def _score_interval(share: Array, size: Array, normal: float) -> tuple[Array, Array]:
    """Wilson's interval of a single proportion."""
    square = normal**2
    middle = share + divided(square, 2 * size)
    reach = normal * np.sqrt(divided(share * (1 - share), size) + divided(square, 4 * size**2))
    scale = 1 + divided(square, size)
    return (middle - reach) / scale, (middle + reach) / scale
