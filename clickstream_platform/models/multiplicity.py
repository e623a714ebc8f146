"""Several variants against one control: p-values that keep their promise for all of them together."""

import numpy as np

from clickstream_platform.models.comparison import Array


def holm(p_values: Array) -> Array:
    """Holm's step-down adjustment (Scandinavian Journal of Statistics 6, 1979); NaN stays, and counts as no test."""
    adjusted = np.full(p_values.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(p_values))
    order = tested[np.argsort(p_values[tested], kind="stable")]
    steps = p_values[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0) if len(order) else steps
    return adjusted
