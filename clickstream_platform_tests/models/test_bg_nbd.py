"""BG/NBD's fit, against published figures, simulated customers, and what must hold for any."""

import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream_platform.models.bg_nbd import Histories, fit_bg_nbd, log_likelihood
from clickstream_platform_tests.models import cdnow
from clickstream_platform_tests.models.shoppers import PURCHASES, purchases

CDNOW = Histories.of(*cdnow.histories())
few = settings(max_examples=40, deadline=None)
_RANGES = ((0.05, 20), (0.1, 500), (0.05, 20), (0.05, 200))
parameters = st.tuples(*(st.floats(math.log(low), math.log(high)) for low, high in _RANGES)).map(
    lambda logs: np.exp(np.array(logs))
)


@st.composite
def some_histories(draw: st.DrawFn) -> list[tuple[int, int, int]]:
    """Whole days, as the platform counts them."""
    found = []
    for _ in range(draw(st.integers(1, 12))):
        T = draw(st.integers(0, 800))
        x = draw(st.integers(0, min(T, 60)))
        found.append((x, draw(st.integers(x, T)) if x else 0, T))
    return found


def simulated(customers: int, days: int, seed: int, **chosen: float) -> Histories:
    """Histories of drawn customers, with times to the fraction of a day."""
    bought = purchases(customers, days, seed, **chosen).group_by("customer", maintain_order=True)
    counted = bought.agg(x=pl.len() - 1, first=pl.col("day").min(), last=pl.col("day").max())
    x, first, last = (counted[name].to_numpy() for name in ("x", "first", "last"))
    return Histories.of(x, last - first, days - first)


def test_the_papers_parameters_and_likelihood_on_the_cdnow_sample() -> None:
    """Fader, Hardie, Lee (2005), table 2."""
    fit = fit_bg_nbd(CDNOW)
    found = [round(fit.parameters[name], 3) for name in ("r", "alpha", "a", "b")]
    assert found == pytest.approx([0.243, 4.414, 0.793, 2.426], abs=1.1e-3)
    assert round(fit.log_likelihood, 1) == -9582.4
    assert fit.converged and not fit.message
    assert (fit.customers, fit.restarts, fit.agreeing) == (2357, 4, 4)


def test_lifetimes_finds_no_better_parameters() -> None:
    from lifetimes import BetaGeoFitter

    theirs = BetaGeoFitter().fit(CDNOW.x, CDNOW.t_x, CDNOW.T)
    at = theirs.params_.to_numpy()
    value, _ = log_likelihood(CDNOW, at)
    mean = theirs._negative_log_likelihood(np.log(at), CDNOW.x, CDNOW.t_x, CDNOW.T, CDNOW.customers, 0.0)
    assert value == pytest.approx(-2357 * mean, rel=1e-12)
    assert fit_bg_nbd(CDNOW).log_likelihood >= value - 1e-6


def test_in_days_only_the_unit_of_alpha_changes() -> None:
    weeks, days = fit_bg_nbd(CDNOW), fit_bg_nbd(CDNOW._replace(t_x=7 * CDNOW.t_x, T=7 * CDNOW.T))
    assert days.parameters["alpha"] == pytest.approx(7 * weeks.parameters["alpha"], rel=1e-4)
    assert days.parameters["r"] == pytest.approx(weeks.parameters["r"], rel=1e-4)
    assert days.log_likelihood == pytest.approx(weeks.log_likelihood - CDNOW.x.sum() * math.log(7), abs=1e-3)


@few
@given(some_histories(), parameters)
def test_derivatives_are_those_of_the_likelihood(histories: list[tuple[int, int, int]], at: Any) -> None:
    told = Histories.of(*zip(*histories, strict=True))
    _, derivative = log_likelihood(told, at)
    step = 1e-6 * at
    numeric = [
        (log_likelihood(told, at + move)[0] - log_likelihood(told, at - move)[0]) / (2 * move.sum())
        for move in np.diag(step)
    ]
    size = 1 + np.abs(derivative) + abs(log_likelihood(told, at)[0]) * 1e-8 / step
    assert np.all(np.abs(derivative - numeric) < 1e-4 * size)


@few
@given(some_histories(), st.lists(st.integers(1, 5), min_size=12, max_size=12), parameters)
def test_counts_stand_for_as_many_customers(histories: list[tuple[int, int, int]], counts: list[int], at: Any) -> None:
    counts = counts[: len(histories)]
    each = [one for one, count in zip(histories, counts, strict=True) for _ in range(count)]
    grouped, apart = (
        log_likelihood(Histories.of(*zip(*histories, strict=True), counts), at),
        log_likelihood(Histories.of(*zip(*each, strict=True)), at),
    )
    assert grouped[0] == pytest.approx(apart[0], rel=1e-12)
    assert grouped[1] == pytest.approx(apart[1], rel=1e-9, abs=1e-9)


def test_neither_order_nor_grouping_of_customers_changes_the_fit() -> None:
    rows = np.array(CDNOW[:3])
    mixed = rows[:, np.random.default_rng(3).permutation(rows.shape[1])]
    distinct, counts = np.unique(rows, axis=1, return_counts=True)
    fits = [fit_bg_nbd(CDNOW), fit_bg_nbd(Histories.of(*mixed)), fit_bg_nbd(Histories.of(*distinct, counts))]
    for other in fits[1:]:
        assert other.parameters == pytest.approx(fits[0].parameters, rel=1e-4)
        assert other.log_likelihood == pytest.approx(fits[0].log_likelihood, rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_parameters_of_drawn_customers_are_found_again(seed: int) -> None:
    histories = simulated(40_000, 730, seed)
    fit = fit_bg_nbd(histories)
    assert fit.converged
    assert fit.parameters == pytest.approx(PURCHASES, rel=0.1)
    truth, _ = log_likelihood(histories, [PURCHASES[name] for name in ("r", "alpha", "a", "b")])
    # Twice the gain over the truth is chi-squared with four degrees of freedom: 23.5 in one of ten thousand.
    assert 0 <= 2 * (fit.log_likelihood - truth) < 23.5


def test_customers_who_never_leave_make_it_the_nbd() -> None:
    fit = fit_bg_nbd(simulated(5_000, 200, seed=2, a=1e-9, b=1.0))
    assert fit.converged and fit.message == "nobody is seen to leave"
    assert fit.parameters["a"] / (fit.parameters["a"] + fit.parameters["b"]) < 0.01
    assert fit.parameters["r"] / fit.parameters["alpha"] == pytest.approx(0.6 / 40, rel=0.1)


def test_customers_who_neither_leave_nor_differ_are_told_as_both() -> None:
    fit = fit_bg_nbd(simulated(3_000, 200, seed=2, r=1e6, alpha=2e7, a=1e-9, b=1.0))
    assert fit.converged
    assert fit.message == "nobody is seen to leave; customers do not differ in how often they buy"


@pytest.mark.parametrize(("share", "seed"), [(0.3, 1), (0.6, 1)])
def test_customers_who_leave_with_one_chance_are_a_model_and_not_said_to_stay(share: float, seed: int) -> None:
    fit = fit_bg_nbd(simulated(1_500, 400, seed, a=share * 1e7, b=(1 - share) * 1e7))
    assert fit.converged and fit.message == "customers do not differ in how likely a purchase is their last"
    assert fit.parameters["a"] / (fit.parameters["a"] + fit.parameters["b"]) == pytest.approx(share, abs=0.05)


def test_great_numbers_of_purchases_do_not_overflow() -> None:
    told = Histories.of([5_000, 0, 3], [3_640, 0, 1], [3_650, 3_650, 3_650])
    for at in ([0.01, 1e-3, 1e-3, 1e3], [1e3, 1e4, 1e3, 1e-3]):
        value, derivative = log_likelihood(told, at)
        assert math.isfinite(value) and np.isfinite(derivative).all()


@pytest.mark.parametrize(
    ("histories", "said"),
    [
        (([0] * 500, [0] * 500, range(500)), "0 of 500 customers bought on a second day"),
        (([3], [40], [50]), "1 of 1 customers bought on a second day"),
        (([0] * 90, [0] * 90, [0] * 90), "0 of 90 customers bought on a second day"),
        (([], [], []), "0 of 0 customers bought on a second day"),
    ],
)
def test_data_without_a_story_give_no_fit_and_say_why(histories: tuple[list[int], ...], said: str) -> None:
    fit = fit_bg_nbd(Histories.of(*histories))
    assert not fit.converged and not fit.parameters and fit.message.startswith(said)


def test_everybody_the_same_is_told_as_what_it_is() -> None:
    fit = fit_bg_nbd(Histories.of([2] * 50, [20] * 50, [30] * 50))
    assert fit.message


@pytest.mark.parametrize(
    ("history", "said"),
    [
        ((-1, 0, 5), "x must be whole"),
        ((1.5, 2, 5), "x must be whole"),
        ((1, 6, 5), "t_x must lie between 0 and T"),
        ((1, -1, 5), "t_x must lie between 0 and T"),
        ((0, 2, 5), "t_x must be 0 without repeat purchases"),
        ((1, 0, 5), "t_x must be 0 without repeat purchases"),
        ((1, math.nan, 5), "missing or infinite"),
        ((1, 2, 5, 0), "needs customers"),
    ],
)
def test_what_cannot_be_a_history_is_refused(history: tuple[float, ...], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Histories.of(*([part] for part in history))
