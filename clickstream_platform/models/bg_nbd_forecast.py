"""What a fitted BG/NBD says of customers: alive or gone, purchases to come, and how often people should have bought.

Fader, Hardie, Lee (2005), equations 8 and 10, and their note "Computing P(alive) Using the BG/NBD Model" (2008).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import betaln, expit, gammaln, hyp2f1

from clickstream_platform.models.maximum_likelihood import Floats

_ONE = 1e-6
"""`a` this close to 1 is moved off it: the formula divides by a - 1, and loses no more than this where it does."""


class BgNbd(NamedTuple):
    """The parameters: purchase rates (shape `r`, rate `alpha`), and dropout probabilities (`a`, `b`)."""

    r: float
    alpha: float
    a: float
    b: float


def probability_alive(model: BgNbd, x: npt.ArrayLike, t_x: npt.ArrayLike, T: npt.ArrayLike) -> Floats:
    """The probability that customers with these histories have not left: above 0, and 1 without repeat purchases."""
    x, t_x, T = (np.asarray(part, dtype=np.float64) for part in (x, t_x, T))
    waited = np.log(model.alpha + T) - np.log(model.alpha + t_x)
    odds_of_left = np.log(model.a) - np.log(model.b + np.maximum(x, 1) - 1) + (model.r + x) * waited
    alive = np.maximum(expit(-odds_of_left), np.finfo(np.float64).tiny)
    return np.where(x > 0, alive, 1.0)


def purchases_if_alive(model: BgNbd, x: npt.ArrayLike, T: npt.ArrayLike, t: npt.ArrayLike) -> Floats:
    """Expected purchases in the time `t` after `T` of customers who have not left by then.

    Times the probability to be alive it is the conditional expectation of the paper. The Gaussian hypergeometric
    function grows without bound there while its factor vanishes; of its two forms that Euler's transformation turns
    into each other, the one is taken whose series stays bounded.
    """
    r, alpha, b = model.r, model.alpha, model.b
    a = model.a if abs(model.a - 1) > _ONE else 1 + _ONE
    x, T, t = (np.asarray(part, dtype=np.float64) for part in (x, T, t))
    z = t / (alpha + T + t)
    c = a + b + x - 1
    # The log of 1 - z, which a difference would lose for long waits.
    log_rest = np.log(alpha + T) - np.log(alpha + T + t)
    with np.errstate(over="ignore", invalid="ignore"):
        plain = np.exp((r + x) * log_rest) * hyp2f1(r + x, b + x, c, z)
        turned = np.exp((a - 1) * log_rest) * hyp2f1(a + b - 1 - r, a - 1, c, z)
    found = c / (a - 1) * (1 - np.where(a - 1 > r + x, plain, turned))
    # At most as many as without leaving, at the mean purchase rate; rounding may take a tiny wait below nothing.
    most = (r + x) * t / (alpha + T)
    bounded: Floats = np.clip(found, 0.0, most)
    return bounded


def expected_purchases(
    model: BgNbd, x: npt.ArrayLike, t_x: npt.ArrayLike, T: npt.ArrayLike, t: npt.ArrayLike
) -> Floats:
    """Expected purchases in the time `t` after `T`, given what a customer has done until `T`."""
    return probability_alive(model, x, t_x, T) * purchases_if_alive(model, x, T, t)


def probability_of_count(model: BgNbd, x: int, t: npt.ArrayLike) -> Floats:
    """The probability that anyone makes exactly `x` repeat purchases in the time `t` after their first."""
    r, alpha, a, b = model
    t = np.asarray(t, dtype=np.float64)
    log_waited, log_passed = np.log(alpha / (alpha + t)), np.log(np.maximum(t, 1e-300) / (alpha + t))

    def as_alive(count: int) -> Floats:
        """So many purchases of a customer who never leaves."""
        chosen: Floats = gammaln(r + count) - gammaln(r) - gammaln(count + 1) + r * log_waited + count * log_passed
        return np.exp(chosen)

    stays: Floats = np.exp(betaln(a, b + x) - betaln(a, b)) * as_alive(x)
    if x == 0:
        return stays
    fewer = sum((as_alive(count) for count in range(x)), np.zeros_like(t))
    leaves: Floats = np.exp(betaln(a + 1, b + x - 1) - betaln(a, b)) * np.maximum(1 - fewer, 0)
    return stays + leaves


def discounted_purchases_if_alive(
    model: BgNbd, x: npt.ArrayLike, T: npt.ArrayLike, horizon: float, *, period: float, rate: float
) -> Floats:
    """As `purchases_if_alive`, each period's purchases discounted to today.

    A purchase of a period is discounted by the time to the period's middle. The last period may be cut short by the
    horizon; its middle is that of a whole one, so that a longer horizon never gives less.

    Args:
        model: The parameters.
        x: Repeat purchases.
        T: Time since the first purchase.
        horizon: How far to look ahead.
        period: What is discounted alike.
        rate: Interest rate of one unit of time, continuously compounded: `log(1 + yearly rate) / days a year`.
    """
    x, T = (np.asarray(part, dtype=np.float64) for part in (x, T))
    before = total = np.zeros(np.broadcast_shapes(x.shape, T.shape))
    for number in range(int(np.ceil(horizon / period))):
        until = purchases_if_alive(model, x, T, min((number + 1) * period, horizon))
        total = total + np.maximum(until - before, 0) * np.exp(-rate * (number + 0.5) * period)
        before = until
    return total
