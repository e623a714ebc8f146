"""Did the split into variants go as planned? If not, something else than chance chose who saw what."""

from collections.abc import Sequence

import numpy as np
from scipy import stats


def sample_ratio_p_value(sizes: Sequence[int], weights: Sequence[float]) -> float:
    """Pearson's chi-square test of the planned split (Fabijan and others: Diagnosing Sample Ratio Mismatch, KDD 2019).

    Args:
        sizes: Entities in each variant.
        weights: The planned shares, in any unit; 0 for a variant that was not planned.

    Returns:
        The p-value; 0 where somebody saw a variant that was not planned. NaN for fewer than two variants, or nobody.
    """
    seen, planned = np.asarray(sizes, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    if len(seen) < 2 or seen.sum() == 0 or planned.sum() <= 0:
        return float("nan")
    if (seen[planned <= 0] > 0).any():
        return 0.0
    seen, planned = seen[planned > 0], planned[planned > 0]
    if len(seen) < 2:
        return float("nan")
    expected = seen.sum() * planned / planned.sum()
    return float(stats.chi2.sf(((seen - expected) ** 2 / expected).sum(), len(seen) - 1))
