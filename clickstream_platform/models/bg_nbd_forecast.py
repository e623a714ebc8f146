"""What a fitted BG/NBD says of customers: alive or gone, purchases to come, and how often people should have bought.

Fader, Hardie, Lee (2005), equations 8 and 10, and their note "Computing P(alive) Using the BG/NBD Model" (2008).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, betaln, expit, gammaln, hyp2f1, log_expit

from clickstream_platform.models.maximum_likelihood import Floats

_FAR = 0.9
"""From here on `hyp2f1` leaves its power series for formulas in gamma functions that overflow, or cancel where the
difference of two parameters is a whole number, and gives nonsense or nothing."""
_NEAR_ONE = 1e-3
"""`a` this close to 1: the formula divides by a - 1, and loses three digits more for each step nearer."""


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

    Times the probability to be alive it is the conditional expectation of the paper: by its hypergeometric function
    where that can be relied upon, and by integration over the chance to leave elsewhere: when `t` is more than nine
    times `alpha + T`, and for models with `a` next to 1.
    """
    x, T, t = np.broadcast_arrays(*(np.asarray(part, dtype=np.float64) for part in (x, T, t)))
    # At most as many as without leaving, at the mean purchase rate; rounding may take a tiny wait below nothing.
    reach = t / (model.alpha + T)
    most = (model.r + x) * reach
    near = (reach / (1 + reach) <= _FAR) & (abs(model.a - 1) >= _NEAR_ONE)
    found = np.full(x.shape, np.nan)
    found[near] = _by_function(model, x[near], reach[near])
    unknown = ~np.isfinite(found)
    found[unknown] = _by_integration(model, x[unknown], reach[unknown])
    bounded: Floats = np.clip(found, 0.0, most)
    return bounded


def _by_function(model: BgNbd, x: Floats, reach: Floats) -> Floats:
    """Equation 10 without its last factor, the function turned by Euler's transformation so that its series is bounded.

    Args:
        model: The parameters.
        x: Repeat purchases.
        reach: The time to come over `alpha + T`.
    """
    r, _, a, b = model
    c = a + b + x - 1
    with np.errstate(over="ignore", invalid="ignore"):
        series = hyp2f1(a + b - 1 - r, a - 1, c, reach / (1 + reach))
        found: Floats = c / (a - 1) * (1 - np.exp((1 - a) * np.log1p(reach)) * series)
    return found


def _by_integration(model: BgNbd, x: Floats, reach: Floats) -> Floats:
    """The same as a mean over the chance to leave `p`, which is beta(a, b + x) given alive, by the trapezoidal rule.

    Who leaves with chance `p` buys `(1 - (1 + p * reach) ** -(r + x)) / p` times. That is convex in `p`; the straight
    line through its ends has a mean known exactly, and what the line is too high by vanishes at both. On the scale of
    log odds it is smooth and fades exponentially to both sides, where the trapezoidal rule converges geometrically
    (Trefethen, Weideman, "The exponentially convergent trapezoidal rule", 2014).
    """
    a, b = model.a, model.b + x
    shape = model.r + x
    never, always = shape * reach, -np.expm1(-shape * np.log1p(reach))
    if not never.any():
        return never
    step = min(0.25, 0.55 / np.sqrt(a + 1))
    odds = np.arange(-60.0, 60.0, step)
    log_p, log_q = log_expit(odds), log_expit(-odds)
    norm = betaln(a, b)
    # No customer's integrand is above this; odds are left out where nobody's counts.
    ends = (a * log_p + end * log_q - betaln(a, end) for end in (b.min(), b.max()))
    bound = np.maximum(*ends) + np.log(never.max()) + np.minimum(log_q, log_p + np.log((never + reach).max()))
    counts = np.flatnonzero(bound > -38)
    too_high = np.zeros(x.shape)
    for i in range(counts[0], counts[-1] + 1) if counts.size else ():
        p, q = np.exp(log_p[i]), np.exp(log_q[i])
        line = q * never + p * always
        too_high += np.exp(a * log_p[i] + b * log_q[i] - norm) * (line + np.expm1(-shape * np.log1p(p * reach)) / p)
    found: Floats = (b * never + a * always) / (a + b) - step * too_high
    return found


def expected_purchases(
    model: BgNbd, x: npt.ArrayLike, t_x: npt.ArrayLike, T: npt.ArrayLike, t: npt.ArrayLike
) -> Floats:
    """Expected purchases in the time `t` after `T`, given what a customer has done until `T`."""
    return probability_alive(model, x, t_x, T) * purchases_if_alive(model, x, T, t)


def probability_of_count(model: BgNbd, x: int, t: npt.ArrayLike) -> Floats:
    """The probability that anyone makes exactly `x` repeat purchases in the time `t` after their first."""
    r, alpha, a, b = model
    t = np.asarray(t, dtype=np.float64)
    # Of who never leaves, the number of purchases is negative binomial; so many or more is a beta distribution's share.
    log_waited, log_passed = np.log(alpha / (alpha + t)), np.log(np.maximum(t, 1e-300) / (alpha + t))
    exactly = np.exp(gammaln(r + x) - gammaln(r) - gammaln(x + 1) + r * log_waited + x * log_passed)
    stays: Floats = np.exp(betaln(a, b + x) - betaln(a, b)) * exactly
    if x == 0:
        return stays
    leaves: Floats = np.exp(betaln(a + 1, b + x - 1) - betaln(a, b)) * betainc(x, r, t / (alpha + t))
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
