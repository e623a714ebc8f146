"""Maximum likelihood in log space, from several starts, with an honest word on whether it converged."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, OptimizeResult, minimize

Floats: TypeAlias = npt.NDArray[np.float64]
Objective: TypeAlias = Callable[[Floats], tuple[float, Floats]]
"""From positive parameters to the mean log-likelihood and its derivative by each parameter."""

FEWEST_CUSTOMERS = 20
"""With fewer customers that came back than this, nothing is fitted: four parameters need more than an anecdote."""
_LOW, _HIGH = math.log(1e-4), math.log(1e4)
"""Bounds of the logarithm of each (scaled) parameter."""
_AT_BOUND = 1e-2
_FLAT = 1e-5
"""The largest derivative of the mean log-likelihood by a parameter's logarithm that counts as none."""
_SAME = 1e-8
"""Starts agree when their mean log-likelihoods are this close."""


@dataclass(frozen=True)
class Fit:
    """A fitted model, or why there is none.

    Attributes:
        parameters: By name, in the units of the data; empty where nothing could be fitted.
        log_likelihood: At these parameters; NaN where nothing could be fitted.
        converged: The likelihood is flat there, and the parameters say something of customers: they may be used.
        message: Why not, or which simpler model the data have made of it; empty where there is nothing to say.
        customers: How many the model was fitted to.
        iterations: Of all starts together.
        restarts: Starts.
        agreeing: How many of them came to the same likelihood, the highest.
    """

    parameters: Mapping[str, float] = field(default_factory=dict)
    log_likelihood: float = float("nan")
    converged: bool = False
    message: str = ""
    customers: int = 0
    iterations: int = 0
    restarts: int = 0
    agreeing: int = 0


def maximize(
    objective: Objective,
    rough: Objective,
    names: Sequence[str],
    starts: Sequence[Sequence[float]],
    limits: Mapping[tuple[str, str], str],
    customers: int,
) -> Fit:
    """The best answer of L-BFGS-B, over the logarithms of the parameters.

    All starts are followed on rounded data, which is quick; the best of them then to the end on the data as they are.

    Args:
        objective: Mean log-likelihood of a customer, with derivatives.
        rough: The same of all customers, their figures rounded to fewer distinct ones.
        names: Of the parameters.
        starts: Parameters to start from; always the same ones, so that the same data give the same fit.
        limits: What it means that a parameter is at its `lower` or `upper` bound, where the model then still forecasts.
            At any other bound the data do not identify it.
        customers: How many the mean is over; `log_likelihood` is their sum.
    """
    tried = [_follow(rough, np.log(np.asarray(start, dtype=np.float64))) for start in starts]
    leader = min(tried, key=lambda answer: float(answer.fun))
    best = _follow(objective, leader.x)
    at_low, at_high = best.x - _LOW < _AT_BOUND, _HIGH - best.x < _AT_BOUND
    # What rises only beyond a bound is as high as it gets.
    free = np.where(at_low, np.minimum(best.jac, 0), np.where(at_high, np.maximum(best.jac, 0), best.jac))
    slope = float(np.abs(free).max())
    bounds = [(name, "lower") for name, at in zip(names, at_low, strict=True) if at]
    bounds += [(name, "upper") for name, at in zip(names, at_high, strict=True) if at]
    astray = [f"{name} at its {side} bound" for name, side in bounds if (name, side) not in limits]
    if astray:
        message = f"not identified by these customers: {', '.join(astray)}"
    elif not slope <= _FLAT:
        message = f"not converged: slope {slope:.1e} after {best.nit} iterations"
    else:
        message = "; ".join(dict.fromkeys(limits[bound] for bound in bounds))
    return Fit(
        parameters=dict(zip(names, np.exp(best.x).tolist(), strict=True)),
        log_likelihood=-float(best.fun) * customers,
        converged=not astray and slope <= _FLAT,
        message=message,
        customers=customers,
        iterations=sum(int(answer.nit) for answer in (*tried, best)),
        restarts=len(tried),
        agreeing=sum(float(answer.fun - leader.fun) <= _SAME for answer in tried),
    )


def _follow(objective: Objective, logs: Floats) -> OptimizeResult:
    """From one point uphill, as far as it goes."""

    def negative(logs: Floats) -> tuple[float, Floats]:
        parameters = np.exp(logs)
        value, derivative = objective(parameters)
        return -value, -derivative * parameters

    return minimize(
        negative,
        logs,
        jac=True,
        method="L-BFGS-B",
        bounds=Bounds(_LOW, _HIGH),
        options={"maxiter": 500, "ftol": 1e-15, "gtol": _FLAT / 100},
    )
