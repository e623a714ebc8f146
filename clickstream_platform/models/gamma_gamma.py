"""Gamma-Gamma: what a customer's purchases are worth on average, fitted by maximum likelihood.

P. S. Fader, B. G. S. Hardie: The Gamma-Gamma Model of Monetary Value (2013). A customer's purchases are gamma
distributed (shape `p`) around a mean of their own, which varies over customers (shape `q`, scale `v`) and, this is
assumed, does not depend on how often they buy. What is known of a customer is the number of repeat purchases `x` and
their mean `m`.
"""

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import digamma, gammaln

from clickstream_platform.models.maximum_likelihood import FEWEST_CUSTOMERS, Fit, Floats, maximize

NAMES = ("p", "q", "v")
_STARTS = ((2.0, 3.0, 2.0), (6.0, 4.0, 0.5), (1.0, 2.0, 1.0), (30.0, 10.0, 1.0))
"""With amounts in units of the customers' geometric mean."""
_STEP = 0.05
_FARTHEST = 2.0
"""Times the mean that was seen. The model's own goes to infinity as `q` comes down to 1: then it is the tail that
nobody has seen which speaks, and it would speak for all who have yet to come back."""
_LIMITS = {
    ("q", "upper"): "customers do not differ in what they spend on average",
    ("v", "upper"): "customers do not differ in what they spend on average",
    ("p", "upper"): "a customer's purchases do not differ in value",
}
"""Bounds at which the model becomes a simpler one that forecasts as well."""


class Spending(NamedTuple):
    """Distinct pairs of the number and the mean of a customer's repeat purchases, and how many customers have each."""

    x: Floats
    mean: Floats
    customers: Floats

    @classmethod
    def of(cls, x: npt.ArrayLike, mean: npt.ArrayLike, customers: npt.ArrayLike | None = None) -> "Spending":
        """From anything like arrays; one customer each unless said otherwise.

        Raises:
            ValueError: Something that cannot be spending; the message says what.
        """
        number, amount = (np.atleast_1d(np.asarray(part, dtype=np.float64)) for part in (x, mean))
        counts = np.ones_like(number) if customers is None else np.asarray(customers, dtype=np.float64)
        for wrong, said in (
            (~np.isfinite(np.concatenate([number, amount, counts])), "a number is missing or infinite"),
            (number < 1, "only customers with repeat purchases tell of spending"),
            (amount <= 0, "a mean purchase must be positive"),
            (counts <= 0, "each row needs customers"),
        ):
            if wrong.any():
                raise ValueError(f"{said} ({int(wrong.sum())} of {len(number)} rows)")
        return cls(number, amount, counts)


def fit_gamma_gamma(spending: Spending) -> Fit:
    """Maximum likelihood estimates; `v` is in the unit of money of the data.

    Degenerate data (too few customers, all means alike) give a fit that has not converged, and says why; so does an
    estimate of `q` up to 1, with which the mean over customers is infinite, or so little above it that the mean is far
    from the one seen.
    """
    customers = int(spending.customers.sum())
    if customers < FEWEST_CUSTOMERS:
        said = f"{customers:,} customers bought on a second day, and {FEWEST_CUSTOMERS} are needed"
        return Fit(customers=customers, message=said)
    if np.ptp(spending.mean) <= 1e-9 * spending.mean.max():
        return Fit(customers=customers, message="all customers spend the same on average: there is nothing to fit")
    # The geometric mean: the arithmetic one of a heavy tail is far from most customers.
    scale = math.exp(float(np.average(np.log(spending.mean), weights=spending.customers)))
    scaled = spending._replace(mean=spending.mean / scale)
    fit = maximize(_Likelihood(scaled), _Likelihood(_rounded(scaled)), NAMES, _STARTS, _LIMITS, customers)
    if fit.converged and (unsound := _unsound(scaled, **fit.parameters)):
        fit = replace(fit, converged=False, message=unsound)
    return replace(
        fit,
        parameters={**fit.parameters, "v": fit.parameters["v"] * scale},
        log_likelihood=fit.log_likelihood - customers * math.log(scale),
    )


def _unsound(spending: Spending, p: float, q: float, v: float) -> str:
    """Why a fit says nothing of what customers spend on average; empty if it does."""
    if q <= 1:
        return "q is not above 1: the mean purchase over customers is infinite"
    times = p * v / (q - 1) / float(np.average(spending.mean, weights=spending.customers))
    return (
        f"q is next to 1: the mean purchase over customers is {times:.1f} times the one seen"
        if times > _FARTHEST
        else ""
    )


def log_likelihood(spending: Spending, parameters: npt.ArrayLike) -> tuple[float, Floats]:
    """Log-likelihood of all customers at (p, q, v), and its derivatives."""
    value, derivative = _Likelihood(spending)(np.asarray(parameters, dtype=np.float64))
    customers = float(spending.customers.sum())
    return value * customers, derivative * customers


def _rounded(spending: Spending) -> Spending:
    """As many customers with means in steps of a twentieth: fewer distinct ones."""
    steps = np.round(np.log(spending.mean) / _STEP).astype(np.int64)
    lowest, base = steps.min(), np.ptp(steps) + 1
    distinct, places = np.unique(spending.x.astype(np.int64) * base + steps - lowest, return_inverse=True)
    mean = np.exp((distinct % base + lowest) * _STEP)
    customers = np.bincount(places, weights=spending.customers)
    return Spending((distinct // base).astype(np.float64), mean, customers.astype(np.float64))


class _Likelihood:
    """Mean log-likelihood of a customer and its derivatives; what depends on `x` alone once for each distinct `x`."""

    def __init__(self, spending: Spending) -> None:
        self._x, mean, customers = spending
        self._weight = customers / customers.sum()
        self._spent = self._x * mean
        self._counts, places = np.unique(self._x, return_inverse=True)
        self._share = np.bincount(places, weights=self._weight)
        self._log_mean = float(self._weight @ np.log(mean))
        self._x_log_spent = float((self._weight * self._x) @ np.log(self._spent))

    def __call__(self, parameters: Floats) -> tuple[float, Floats]:
        p, q, v = parameters.tolist()
        counts, share, weight = self._counts, self._share, self._weight
        total = v + self._spent
        log_total = np.log(total)
        log_sum, x_log_sum = float(weight @ log_total), float((weight * self._x) @ log_total)
        over = weight / total
        value = (
            share @ (gammaln(p * counts + q) - gammaln(p * counts))
            - gammaln(q)
            + q * np.log(v)
            + p * self._x_log_spent
            - self._log_mean
            - p * x_log_sum
            - q * log_sum
        )
        return float(value), np.array(
            [
                share @ (counts * (digamma(p * counts + q) - digamma(p * counts))) + self._x_log_spent - x_log_sum,
                share @ digamma(p * counts + q) - digamma(q) + np.log(v) - log_sum,
                q / v - p * float(over @ self._x) - q * float(over.sum()),
            ]
        )
