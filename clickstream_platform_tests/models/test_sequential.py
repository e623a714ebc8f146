"""The always-valid p-value: against the integral that defines it, and what daily looking does to error rates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from clickstream_platform.models.comparison import Array, Sample
from clickstream_platform.models.proportions import compare_proportions
from clickstream_platform.models.sequential import FEWEST, log_mixture_ratio, sequential_test

DAYS, RUNS, A_DAY = 40, 3_000, 150


@settings(max_examples=60, deadline=None)
@given(st.floats(-4, 4), st.floats(0.05, 3), st.floats(0.05, 3))
def test_ratio_is_the_likelihood_integrated_over_the_mixture(difference: float, error: float, tau: float) -> None:
    def log_weight(effect: float) -> float:
        """Of the likelihood of an effect against none, times the mixture's density."""
        likelihood = (difference**2 - (difference - effect) ** 2) / (2 * error**2)
        return float(likelihood + stats.norm.logpdf(effect, 0, tau))

    peak = difference * tau**2 / (tau**2 + error**2)
    width = 12 / np.sqrt(1 / tau**2 + 1 / error**2)
    highest = log_weight(peak)  # a number near the integrand's largest, or it would not fit into a float
    whole, _ = integrate.quad(
        lambda effect: np.exp(log_weight(effect) - highest), peak - width, peak + width, epsabs=0, epsrel=1e-10
    )
    found = log_mixture_ratio(difference, error**2, tau**2)  # type: ignore[arg-type]
    assert found == pytest.approx(np.log(whole) + highest, rel=1e-9, abs=1e-7)


def daily(rng: np.random.Generator, share: float, delay: float = 0.0) -> Sample:
    """Conversions of visitors who come in even numbers every day, and convert after some days."""
    converted = rng.binomial(A_DAY, share, (DAYS, RUNS))
    if delay:
        late = np.zeros((DAYS, RUNS), dtype=np.int64)
        open_ones = np.zeros(RUNS, dtype=np.int64)
        for day in range(DAYS):
            open_ones = open_ones + converted[day]
            late[day] = rng.binomial(open_ones, 1 - delay)
            open_ones = open_ones - late[day]
        converted = late
    total = converted.cumsum(axis=0).astype(float)
    size = np.broadcast_to(A_DAY * np.arange(1.0, DAYS + 1)[:, None], total.shape)
    return Sample(size, total, total)


@pytest.mark.parametrize("delay", [0.0, 0.9])
@pytest.mark.parametrize("expected_effect", [0.02, 0.05, 0.2])
def test_looking_every_day_keeps_the_error_rate(delay: float, expected_effect: float) -> None:
    """No difference, 40 looks: at most 5 % of experiments are ever called (three standard errors allowed)."""
    rng = np.random.default_rng(8)
    control, variant = daily(rng, 0.1, delay), daily(rng, 0.1, delay)
    found = sequential_test(control, variant, expected_effect=expected_effect)
    assert (found.p_value[-1] <= 0.05).mean() <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / RUNS)
    outside = (found.low > 0) | (found.high < 0)
    assert (~outside).all(axis=0).mean() >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / RUNS)


def test_looking_every_day_breaks_the_ordinary_p_value() -> None:
    rng = np.random.default_rng(8)
    control, variant = daily(rng, 0.1), daily(rng, 0.1)
    fixed = compare_proportions(control.size, control.total, variant.size, variant.total)
    assert (fixed.p_value[-1] <= 0.05).mean() == pytest.approx(0.05, abs=0.015)
    assert (np.nanmin(fixed.p_value, axis=0) <= 0.05).mean() > 0.2


def test_skewed_spending_in_uneven_groups_keeps_the_error_rate() -> None:
    rng = np.random.default_rng(9)
    runs = 1_500

    def spent(a_day: int) -> Sample:
        values = rng.gamma(0.4, 50, (DAYS, runs, a_day)) * (rng.random((DAYS, runs, a_day)) < 0.1)
        size = np.broadcast_to(a_day * np.arange(1.0, DAYS + 1)[:, None], (DAYS, runs))
        return Sample(size, values.sum(axis=2).cumsum(axis=0), (values**2).sum(axis=2).cumsum(axis=0))

    found = sequential_test(spent(60), spent(15), expected_effect=0.05)
    assert (found.p_value[-1] <= 0.05).mean() <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)


def test_true_difference_is_found_in_the_end() -> None:
    rng = np.random.default_rng(10)
    found = sequential_test(daily(rng, 0.1), daily(rng, 0.13), expected_effect=0.05)
    assert (found.p_value[-1] <= 0.05).mean() > 0.9
    assert ((found.low[-1] <= 0.03) & (found.high[-1] >= 0.03)).mean() >= 0.95


def test_p_values_never_rise_and_go_with_the_confidence_sequence() -> None:
    rng = np.random.default_rng(11)
    found = sequential_test(daily(rng, 0.1), daily(rng, 0.12), expected_effect=0.05, confidence=0.9)
    assert (np.diff(found.p_value, axis=0) <= 0).all()
    ever_outside = np.logical_or.accumulate((found.low > 0) | (found.high < 0), axis=0)
    assert (ever_outside == (found.p_value < 0.1)).all()


def test_a_pass_over_all_days_is_what_each_day_said_at_the_time() -> None:
    rng = np.random.default_rng(12)
    control, variant = daily(rng, 0.1), daily(rng, 0.12)
    whole = sequential_test(control, variant, expected_effect=0.05)

    def until(sample: Sample, day: int) -> Sample:
        return Sample(sample.size[:day], sample.total[:day], sample.squares[:day])

    for day in (1, 7, DAYS - 1):
        part = sequential_test(until(control, day), until(variant, day), expected_effect=0.05)
        assert (part.p_value == whole.p_value[:day]).all()


@pytest.mark.filterwarnings("error")
def test_no_look_before_there_is_something_to_see() -> None:
    size: Array = np.array([[5.0], [FEWEST - 1], [FEWEST], [FEWEST + 30]])
    control, variant = Sample(size, size * 0, size * 0), Sample(size, size * 0, size * 0)
    assert np.isnan(sequential_test(control, variant, expected_effect=0.05).p_value).all()
    variant = Sample(size, size // 2, size // 2)
    found = sequential_test(control, variant, expected_effect=0.5)
    assert np.isnan(found.p_value[:, 0]).tolist() == [True, True, False, False]
    assert found.p_value[-1, 0] < 0.05


def test_variance_is_the_larger_of_welchs_and_the_one_under_no_difference() -> None:
    def of_one(control: tuple[float, float, float], variant: tuple[float, float, float]) -> float:
        sides = (Sample(*(np.array([[number]]) for number in side)) for side in (control, variant))
        return float(sequential_test(*sides, expected_effect=0.05).mixing_variance[0, 0]) / 0.05**2

    few_conversions = of_one((40, 0, 0), (40, 8, 8))
    assert few_conversions == pytest.approx(0.1 * 0.9 * 80 / 79)
    wild_variant = of_one((400, 0, 4), (40, 0, 400))
    assert wild_variant == pytest.approx((4 / 399 / 400 + 400 / 39 / 40) / (1 / 400 + 1 / 40))
