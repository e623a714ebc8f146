"""What BG/NBD says of customers, against `lifetimes`, numerical integration, and what must hold for any customer."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import betaln
from scipy.stats import beta, nbinom

from clickstream_platform.models.bg_nbd_forecast import (
    BgNbd,
    discounted_purchases_if_alive,
    expected_purchases,
    probability_alive,
    probability_of_count,
    purchases_if_alive,
)
from clickstream_platform_tests.models import cdnow

PAPER = BgNbd(0.243, 4.414, 0.793, 2.426)
few = settings(max_examples=60, deadline=None)
_RANGES = ((0.02, 20), (0.5, 1_000), (0.02, 20), (0.05, 200))
models = st.tuples(*(st.floats(math.log(low), math.log(high)) for low, high in _RANGES)).map(
    lambda logs: BgNbd(*np.exp(np.array(logs)).tolist())
)


@st.composite
def customers(draw: st.DrawFn) -> tuple[int, int, int]:
    T = draw(st.integers(0, 2_000))
    x = draw(st.integers(0, min(T, 400)))
    return x, draw(st.integers(x, T)) if x else 0, T


def of_lifetimes(model: BgNbd) -> Any:
    from lifetimes import BetaGeoFitter

    fitter = BetaGeoFitter()
    fitter.params_ = pd.Series(model._asdict())
    fitter.predict = fitter.conditional_expected_number_of_purchases_up_to_time
    return fitter


def test_lifetimes_gives_cdnows_customers_the_same_chances_and_purchases() -> None:
    x, t_x, T = (column.to_numpy() for column in cdnow.histories())
    theirs = of_lifetimes(PAPER)
    np.testing.assert_allclose(
        probability_alive(PAPER, x, t_x, T), theirs.conditional_probability_alive(x, t_x, T), rtol=1e-12
    )
    for weeks in (1.0, 39.0, 500.0):
        expected = theirs.conditional_expected_number_of_purchases_up_to_time(weeks, x, t_x, T)
        np.testing.assert_allclose(expected_purchases(PAPER, x, t_x, T, weeks), expected, rtol=1e-9)


def test_the_papers_example_customer() -> None:
    """x = 2, t_x = 30.43, T = 38.86, t = 39: 1.226, in the authors' note on the model in Excel."""
    assert float(expected_purchases(PAPER, 2, 30.43, 38.86, 39)) == pytest.approx(1.226, abs=5e-4)


def test_lifetimes_expects_the_same_numbers_of_purchases() -> None:
    theirs = of_lifetimes(PAPER)
    for count in range(9):
        found = float(probability_of_count(PAPER, count, 39.0))
        assert found == pytest.approx(theirs.probability_of_n_purchases_up_to_time(39.0, count), rel=1e-9)


@few
@given(models, st.integers(0, 9), st.integers(0, 2_000))
def test_chances_of_numbers_of_purchases_are_those_of_the_rates_integrated(model: BgNbd, count: int, T: int) -> None:
    """Negative binomial while alive, and the chance to leave integrated: at the last purchase, or not yet."""
    r, alpha, a, b = model
    lasting = nbinom(r, alpha / (alpha + T))
    stays = np.exp(betaln(a, b + count) - betaln(a, b)) * lasting.pmf(count)
    leaves = np.exp(betaln(a + 1, b + count - 1) - betaln(a, b)) * lasting.sf(count - 1) if count else 0.0
    assert float(probability_of_count(model, count, T)) == pytest.approx(stays + leaves, rel=1e-8, abs=1e-300)


@st.composite
def awkward_models(draw: st.DrawFn) -> BgNbd:
    """The hypergeometric function has other formulas where r - a is a whole number, or nearly."""
    model = draw(models)
    return model._replace(a=model.r + draw(st.integers(0, 3)) + draw(st.sampled_from([0.0, 1e-13, 1e-9, 1e-5])))


@few
@given(models | awkward_models(), customers(), st.sampled_from([1.0, 30.4, 365.0, 3650.0]))
# Found by chance: once nothing, once no number, and gamma functions too large.
@example(BgNbd(1.2840254166877414, 1.0, 1.2840254166877414, math.e), (98, 98, 98), 3650.0)
@example(BgNbd(math.e, 1.0, math.e, 7.38905609893065), (0, 0, 0), 3650.0)
@example(BgNbd(7.2, 0.65, 9.2, 183.0), (1, 1, 1), 365.0)
@example(BgNbd(0.5, 1.0, 20_000.0, 255.0), (294, 294, 294), 365.0)
def test_purchases_if_alive_are_the_integral_over_the_chance_to_leave(
    model: BgNbd, customer: tuple[int, int, int], t: float
) -> None:
    """Given alive, the rate and the chance to leave are gamma and beta again; the rate is integrated by hand."""
    x, _, T = customer
    leaves = beta(model.a, model.b + x)
    reach = t / (model.alpha + T)

    def of_chance(share: float) -> float:
        p = float(leaves.ppf(share))
        if p * reach < 1e-12:
            return (model.r + x) * reach
        return -math.expm1(-(model.r + x) * math.log1p(p * reach)) / p

    expected, error = quad(of_chance, 0, 1, limit=400)
    found = float(purchases_if_alive(model, x, T, t))
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-9 + 20 * error)


@pytest.mark.parametrize("a", [1 - 1e-7, 1.0, 1 + 1e-7])
def test_nothing_happens_where_the_formula_divides_by_zero(a: float) -> None:
    found = float(purchases_if_alive(PAPER._replace(a=a), 3, 100, 365))
    below, above = (float(purchases_if_alive(PAPER._replace(a=near), 3, 100, 365)) for near in (0.998, 1.002))
    assert found == pytest.approx((below + above) / 2, rel=1e-5)


@pytest.mark.parametrize("a", [0.793, 1.0])
def test_no_time_brings_no_purchases(a: float) -> None:
    assert purchases_if_alive(PAPER._replace(a=a), [0, 3], [0, 40], 0.0).tolist() == [0, 0]


def test_the_function_and_the_integral_meet_where_one_gives_way_to_the_other() -> None:
    """At nine times alpha + T the way of computing changes: no step is seen there, for any number of purchases."""
    x = np.arange(0, 200)
    at = 9 * (PAPER.alpha + 100)
    before, after = (purchases_if_alive(PAPER, x, 100, at * (1 + near)) for near in (-1e-12, 1e-12))
    np.testing.assert_allclose(before, after, rtol=1e-10)


@few
@given(models, customers(), st.integers(1, 500))
def test_chances_lie_above_0_up_to_1_and_fall_while_nothing_is_bought(
    model: BgNbd, customer: tuple[int, int, int], longer: int
) -> None:
    x, t_x, T = customer
    now, later = (float(probability_alive(model, x, t_x, end)) for end in (T, T + longer))
    assert 0 < later <= now <= 1
    assert x > 0 or now == later == 1
    if 0 < t_x < T:
        assert float(probability_alive(model, x, t_x + 1, T)) >= now


@few
@given(models, customers(), st.floats(1, 2_000), st.floats(0, 2_000), st.floats(0, 1))
def test_a_longer_horizon_never_brings_less(
    model: BgNbd, customer: tuple[int, int, int], horizon: float, more: float, yearly: float
) -> None:
    x, _, T = customer

    def discounted(days: float, rate: float) -> float:
        return float(discounted_purchases_if_alive(model, x, T, days, period=365 / 12, rate=rate))

    rate = math.log1p(yearly) / 365
    near, far = discounted(horizon, rate), discounted(horizon + more, rate)
    plain = float(purchases_if_alive(model, x, T, horizon))
    assert 0 <= near <= far * (1 + 1e-9) + 1e-12
    assert near <= plain * (1 + 1e-9) + 1e-12
    assert discounted(horizon, 0.0) == pytest.approx(plain, rel=1e-7, abs=1e-9)
    assert plain <= (model.r + x) * horizon / (model.alpha + T) * (1 + 1e-9)


def test_a_years_purchases_are_discounted_by_the_middle_of_their_months() -> None:
    months = [float(purchases_if_alive(PAPER, 2, 39, weeks)) for weeks in np.arange(13) * 52 / 12]
    expected = sum((months[i + 1] - months[i]) * 1.1 ** (-(i + 0.5) / 12) for i in range(12))
    found = discounted_purchases_if_alive(PAPER, 2, 39, 52.0, period=52 / 12, rate=math.log(1.1) / 52)
    assert float(found) == pytest.approx(expected, rel=1e-12)


@few
@given(models, st.integers(0, 2_000))
def test_chances_of_all_numbers_of_purchases_make_one(model: BgNbd, T: int) -> None:
    chances = [float(probability_of_count(model, count, T)) for count in range(40)]
    assert all(0 <= chance <= 1 + 1e-9 for chance in chances)
    assert sum(chances) <= 1 + 1e-9
    if model.r * T / model.alpha < 1:
        assert sum(chances) == pytest.approx(1, abs=1e-2)
