"""BG/NBD: how often customers buy, and when they stop, fitted by maximum likelihood.

P. S. Fader, B. G. S. Hardie, K. L. Lee: "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD
Model, Marketing Science 24 (2005). While a customer is alive, purchases come at a rate that is gamma distributed over
customers (shape `r`, rate `alpha`); after each repeat purchase a customer leaves with a probability that is beta
distributed over customers (`a`, `b`). What a customer has done is three numbers: repeat purchases `x`, the time `t_x`
from the first to the last purchase, and the time `T` from the first purchase to the end of the observation.
"""

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import digamma, gammaln

from clickstream_platform.models.maximum_likelihood import FEWEST_CUSTOMERS, Fit, Floats, maximize

NAMES = ("r", "alpha", "a", "b")
_STARTS = ((0.5, 0.3, 0.8, 2.5), (1.0, 1.0, 0.1, 1.0), (0.1, 0.05, 2.0, 8.0), (5.0, 2.0, 0.3, 5.0))
"""With times in units of the mean observation."""
_HARDLY = 2e-3
"""Odds to leave after a purchase, on average, that are as good as none."""
_STEPS = 24
_NOBODY_LEAVES = "nobody is seen to leave"
_LEAVE_ALIKE = "customers do not differ in how likely a purchase is their last"
_LIMITS = {
    ("a", "lower"): _NOBODY_LEAVES,
    ("a", "upper"): _LEAVE_ALIKE,
    ("b", "upper"): _LEAVE_ALIKE,
    ("r", "upper"): "customers do not differ in how often they buy",
    ("alpha", "upper"): "customers do not differ in how often they buy",
}
"""Bounds at which the model becomes a simpler one that forecasts as well: without leaving it is the NBD."""


class Histories(NamedTuple):
    """Distinct histories, and how many customers have each.

    Attributes:
        x: Repeat purchases, whole numbers.
        t_x: Time from the first to the last purchase; 0 without repeat purchases.
        T: Time from the first purchase to the end of the observation.
        customers: How many have this history.
    """

    x: Floats
    t_x: Floats
    T: Floats
    customers: Floats

    @classmethod
    def of(
        cls, x: npt.ArrayLike, t_x: npt.ArrayLike, T: npt.ArrayLike, customers: npt.ArrayLike | None = None
    ) -> "Histories":
        """From anything like arrays; one customer each unless said otherwise.

        Raises:
            ValueError: Something that cannot be a history; the message says what.
        """
        again, last, since = (np.atleast_1d(np.asarray(part, dtype=np.float64)) for part in (x, t_x, T))
        counts = np.ones_like(again) if customers is None else np.asarray(customers, dtype=np.float64)
        histories = cls(again, last, since, counts)
        for wrong, said in (
            (~np.isfinite(np.concatenate(histories)), "a number is missing or infinite"),
            ((histories.x < 0) | (histories.x != np.floor(histories.x)), "x must be whole and not negative"),
            ((histories.t_x < 0) | (histories.t_x > histories.T), "t_x must lie between 0 and T"),
            ((histories.x == 0) != (histories.t_x == 0), "t_x must be 0 without repeat purchases, and only then"),
            (histories.customers <= 0, "each history needs customers"),
        ):
            if wrong.any():
                raise ValueError(f"{said} ({int(wrong.sum())} of {len(histories.x)} histories)")
        return histories


def fit_bg_nbd(histories: Histories) -> Fit:
    """Maximum likelihood estimates; `alpha` is in the unit of time of the histories.

    Degenerate data (nobody came back, everything on one day) give a fit that has not converged, and says why.
    """
    customers = int(histories.customers.sum())
    repeaters = int(histories.customers[histories.x > 0].sum())
    if repeaters < FEWEST_CUSTOMERS:
        said = f"{repeaters:,} of {customers:,} customers bought on a second day, and {FEWEST_CUSTOMERS} are needed"
        return Fit(customers=customers, message=said)
    scale = float(np.average(histories.T, weights=histories.customers))
    scaled = histories._replace(t_x=histories.t_x / scale, T=histories.T / scale)
    fit = maximize(_Likelihood(scaled), _Likelihood(_rounded(scaled)), NAMES, _STARTS, _LIMITS, customers)
    if fit.converged and fit.parameters["a"] < _HARDLY * fit.parameters["b"]:
        others = [said for said in fit.message.split("; ") if said not in ("", _NOBODY_LEAVES, _LEAVE_ALIKE)]
        fit = replace(fit, message="; ".join([_NOBODY_LEAVES, *others]))
    # A density in time changes with its unit, once for each repeat purchase.
    purchases = float((histories.customers * histories.x).sum())
    return replace(
        fit,
        parameters={**fit.parameters, "alpha": fit.parameters["alpha"] * scale},
        log_likelihood=fit.log_likelihood - purchases * float(np.log(scale)),
    )


def log_likelihood(histories: Histories, parameters: npt.ArrayLike) -> tuple[float, Floats]:
    """Log-likelihood of all customers at (r, alpha, a, b), and its derivatives."""
    value, derivative = _Likelihood(histories)(np.asarray(parameters, dtype=np.float64))
    customers = float(histories.customers.sum())
    return value * customers, derivative * customers


def _rounded(histories: Histories) -> Histories:
    """As many customers with times in a few steps: fewer distinct histories."""
    step = histories.T.max() / _STEPS
    base = _STEPS + 1
    times = np.round(histories.t_x / step) * base + np.round(histories.T / step)
    distinct, places = np.unique((histories.x * base**2 + times).astype(np.int64), return_inverse=True)
    x, t_x, T = distinct // base**2, distinct // base % base, distinct % base
    customers = np.bincount(places, weights=histories.customers)
    return Histories(x.astype(np.float64), t_x * step, T * step, customers.astype(np.float64))


class _Likelihood:
    """Mean log-likelihood of a customer and its derivatives.

    What depends on `x`, `t_x` or `T` alone is computed once for each of the few distinct ones. The two ways to a
    history (still alive, or gone after the last purchase) are added in log space: neither their powers nor their ratio
    can overflow.
    """

    def __init__(self, histories: Histories) -> None:
        weight = histories.customers / histories.customers.sum()
        self._counts, places = np.unique(histories.x, return_inverse=True)
        self._share = np.bincount(places, weights=weight)
        self._ends, end = np.unique(histories.T, return_inverse=True)
        self._at_end = np.bincount(end, weights=weight)
        self._x_at_end = np.bincount(end, weights=weight * histories.x)
        # Without repeat purchases nobody can have left: the second way is there only where x > 0.
        again = histories.x > 0
        self._x, self._weight = histories.x[again], weight[again]
        self._count, self._end = places[again], end[again]
        self._lasts, self._last = np.unique(histories.t_x[again], return_inverse=True)

    def __call__(self, parameters: Floats) -> tuple[float, Floats]:
        r, alpha, a, b = parameters.tolist()
        counts, share = self._counts, self._share
        value = self._of_counts(r, alpha, a, b)

        log_ends, purchases = np.log(alpha + self._ends), r * self._at_end + self._x_at_end
        value -= float(purchases @ log_ends)
        by_r = float(share @ (digamma(r + counts) - digamma(r))) + math.log(alpha) - float(self._at_end @ log_ends)
        by_alpha = r / alpha - float(purchases @ (1 / (alpha + self._ends)))

        # How much likelier it is to have gone after the last purchase than to be alive still.
        waited = log_ends[self._end] - np.log(alpha + self._lasts)[self._last]
        chance = math.log(a) - np.log(b + np.maximum(counts, 1) - 1)
        purchases = r + self._x
        odds = chance[self._count] + purchases * waited
        small = np.exp(-np.abs(odds))
        value += float(self._weight @ (np.maximum(odds, 0) + np.log1p(small)))
        gone = self._weight * np.where(odds > 0, 1, small) / (1 + small)
        by_r += float(gone @ waited)
        sooner = (1 / (alpha + self._ends))[self._end] - (1 / (alpha + self._lasts))[self._last]
        by_alpha += float((gone * purchases) @ sooner)
        gone_by_count = np.bincount(self._count, weights=gone, minlength=len(counts))

        left = digamma(a + b) - digamma(a + b + counts)
        by_a = float(share @ left) + float(gone.sum()) / a
        by_b = float(share @ (left + digamma(b + counts) - digamma(b)))
        by_b -= float(gone_by_count @ (1 / (b + np.maximum(counts, 1) - 1)))
        return value, np.array([by_r, by_alpha, by_a, by_b])

    def _of_counts(self, r: float, alpha: float, a: float, b: float) -> float:
        """What the number of repeat purchases alone has to do with it."""
        counts = self._counts
        bought = gammaln(r + counts) - gammaln(r) + r * math.log(alpha)
        stayed = gammaln(a + b) - gammaln(a + b + counts) + gammaln(b + counts) - gammaln(b)
        return float(self._share @ (bought + stayed))
