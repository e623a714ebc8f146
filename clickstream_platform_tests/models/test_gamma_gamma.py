"""Gamma-Gamma's fit, against published figures, simulated customers, and what must hold for any."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream_platform.models.gamma_gamma import Spending, fit_gamma_gamma, log_likelihood
from clickstream_platform_tests.models import cdnow

CDNOW = Spending.of(*cdnow.spending())
few = settings(max_examples=40, deadline=None)
customers = st.lists(st.tuples(st.integers(1, 60), st.floats(0.01, 5_000)), min_size=1, max_size=12)
parameters = st.tuples(
    *(st.floats(math.log(low), math.log(high)) for low, high in ((0.1, 50), (0.5, 50), (0.1, 500)))
).map(lambda logs: np.exp(np.array(logs)))


def drawn(number: int, seed: int, *, p: float = 6.25, q: float = 3.74, v: float = 15.44) -> Spending:
    """Customers with a mean of their own and one to nine purchases around it."""
    rng = np.random.default_rng(seed)
    x = rng.integers(1, 10, number)
    return Spending.of(x, rng.gamma(p * x, 1 / rng.gamma(q, 1 / v, number)) / x)


def test_the_notes_parameters_on_the_cdnow_sample() -> None:
    """Fader, Hardie (2013)."""
    fit = fit_gamma_gamma(CDNOW)
    assert [round(fit.parameters[name], 2) for name in ("p", "q")] == [6.25, 3.74]
    assert fit.parameters["v"] == pytest.approx(15.44, abs=0.01)
    assert fit.converged and not fit.message and fit.customers == 946


def test_the_likelihood_is_that_of_lifetimes() -> None:
    from lifetimes import GammaGammaFitter

    for at in ([6.25, 3.74, 15.44], [0.5, 9.0, 200.0]):
        mean = GammaGammaFitter()._negative_log_likelihood(np.log(at), CDNOW.x, CDNOW.mean, CDNOW.customers, 0.0)
        assert log_likelihood(CDNOW, at)[0] == pytest.approx(-946 * mean, rel=1e-12)


@few
@given(customers, parameters)
def test_derivatives_are_those_of_the_likelihood(told: list[tuple[int, float]], at: Any) -> None:
    spending = Spending.of(*zip(*told, strict=True))
    value, derivative = log_likelihood(spending, at)
    step = 1e-6 * at
    numeric = [
        (log_likelihood(spending, at + move)[0] - log_likelihood(spending, at - move)[0]) / (2 * move.sum())
        for move in np.diag(step)
    ]
    assert np.all(np.abs(derivative - numeric) < 1e-4 * (1 + np.abs(derivative) + abs(value) * 1e-8 / step))


def test_neither_order_nor_grouping_nor_currency_changes_the_fit() -> None:
    rows = np.array(CDNOW[:2])
    mixed = rows[:, np.random.default_rng(3).permutation(rows.shape[1])]
    distinct, counts = np.unique(rows, axis=1, return_counts=True)
    first = fit_gamma_gamma(CDNOW)
    for other in (fit_gamma_gamma(Spending.of(*mixed)), fit_gamma_gamma(Spending.of(*distinct, counts))):
        assert other.parameters == pytest.approx(first.parameters, rel=1e-4)
    cents = fit_gamma_gamma(CDNOW._replace(mean=100 * CDNOW.mean))
    assert cents.parameters["v"] == pytest.approx(100 * first.parameters["v"], rel=1e-4)
    assert cents.log_likelihood == pytest.approx(first.log_likelihood - 946 * math.log(100), abs=1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_parameters_of_drawn_customers_are_found_again(seed: int) -> None:
    spending = drawn(30_000, seed)
    fit = fit_gamma_gamma(spending)
    assert fit.converged
    assert fit.parameters == pytest.approx({"p": 6.25, "q": 3.74, "v": 15.44}, rel=0.1)
    truth, _ = log_likelihood(spending, [6.25, 3.74, 15.44])
    # Twice the gain over the truth is chi-squared with three degrees of freedom: 21.1 in one of ten thousand.
    assert 0 <= 2 * (fit.log_likelihood - truth) < 21.1


def test_customers_who_spend_alike_have_one_mean() -> None:
    rng = np.random.default_rng(1)
    x = rng.integers(1, 10, 5_000)
    fit = fit_gamma_gamma(Spending.of(x, rng.gamma(3.0 * x, 10.0) / x))
    mean = fit.parameters["p"] * fit.parameters["v"] / (fit.parameters["q"] - 1)
    assert fit.converged and mean == pytest.approx(30, rel=0.02)


def test_an_infinite_mean_is_no_model() -> None:
    fit = fit_gamma_gamma(drawn(20_000, 5, q=0.6))
    assert not fit.converged and "infinite" in fit.message


@pytest.mark.parametrize(("q", "holds"), [(1.02, False), (1.3, True)])
def test_a_mean_that_only_the_unseen_tail_has_is_no_model(q: float, holds: bool) -> None:
    """At q = 1.02 half of the mean is due to customers rarer than one in 10 ** 15."""
    fit = fit_gamma_gamma(drawn(20_000, 1, q=q))
    assert fit.parameters["q"] > 1 and fit.converged == holds
    assert holds or "times the one seen" in fit.message


def test_data_without_a_story_give_no_fit_and_say_why() -> None:
    none = fit_gamma_gamma(Spending.of([], []))
    one = fit_gamma_gamma(Spending.of([2], [9.99]))
    same = fit_gamma_gamma(Spending.of([1, 2, 3], [9.99] * 3, [40, 30, 20]))
    assert not (none.converged or one.converged or same.converged)
    assert none.message.startswith("0 customers") and one.message.startswith("1 customers")
    assert same.message.startswith("all customers spend the same")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ((0, 5.0), "repeat purchases"),
        ((1, 0.0), "must be positive"),
        ((1, -3.0), "must be positive"),
        ((1, math.inf), "missing or infinite"),
        ((1, 5.0, 0), "needs customers"),
    ],
)
def test_what_cannot_be_spending_is_refused(row: tuple[float, ...], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Spending.of(*([part] for part in row))
