"""What a variant does against its control: an uplift with its intervals and its p-value, and how samples are told."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.float64]
"""One number a comparison; NaN where there is none."""


@dataclass(frozen=True)
class Sample:
    """Independent values of entities, by their sums. Scalars and arrays alike.

    Attributes:
        size: How many.
        total: Their sum.
        squares: The sum of their squares.
    """

    size: Array
    total: Array
    squares: Array

    @property
    def mean(self) -> Array:
        """The mean; NaN of none."""
        return divided(self.total, self.size)

    @property
    def variance(self) -> Array:
        """The unbiased variance; NaN of fewer than two values. Never below zero, whatever the rounding."""
        around = self.squares - self.total * self.mean
        # What is left of two nearly equal sums is rounding, not spread.
        around = np.where(around <= 1e-12 * np.abs(self.squares), 0.0, around)
        return divided(around, np.where(self.size >= 2, self.size - 1, np.nan))

    def __add__(self, other: "Sample") -> "Sample":
        return Sample(self.size + other.size, self.total + other.total, self.squares + other.squares)


@dataclass(frozen=True)
class Comparison:
    """A variant against its control.

    Attributes:
        uplift: Difference of the means, variant minus control.
        low: Lower end of its confidence interval.
        high: Upper end.
        p_value: Of no difference, two-sided.
        relative: The uplift by the control's mean.
        relative_low: Lower end of its confidence interval.
        relative_high: Upper end.
    """

    uplift: Array
    low: Array
    high: Array
    p_value: Array
    relative: Array
    relative_low: Array
    relative_high: Array


def divided(part: Array | float, whole: Array | float) -> Array:
    """A quotient; NaN where the divisor is zero or unknown."""
    whole = np.asarray(whole, dtype=np.float64)
    return np.asarray(np.asarray(part, dtype=np.float64) / np.where(whole == 0, np.nan, whole))


def positive(values: Array) -> Array:
    """The values above zero; NaN in place of the others."""
    values = np.asarray(values, dtype=np.float64)
    return np.where(values > 0, values, np.nan)
