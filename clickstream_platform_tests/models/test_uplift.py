"""Uplifts of experiments against programs that are not ours: statsmodels, SciPy, tea-tasting; and published numbers."""

from typing import Any

import numpy as np
import pytest
import tea_tasting as tt
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

from clickstream_platform.models.allocation import sample_ratio_p_value
from clickstream_platform.models.comparison import Array, Comparison, Sample
from clickstream_platform.models.cuped import PairedSample, compare_adjusted
from clickstream_platform.models.means import compare_means
from clickstream_platform.models.multiplicity import holm
from clickstream_platform.models.proportions import compare_proportions

SHARES = [(70, 48, 80, 56), (1000, 97, 980, 131), (50_000, 31, 49_000, 12), (40, 0, 35, 3), (12, 12, 9, 4)]


def sums(values: Array) -> Sample:
    return Sample(np.float64(len(values)), values.sum(), (values**2).sum())  # type: ignore[arg-type]


def paired(values: Array, before: Array) -> PairedSample:
    return PairedSample(sums(values), sums(before), (values * before).sum())


def means(control: Array, variant: Array, confidence: float = 0.95) -> Comparison:
    samples = [(one.size, one.mean, one.variance) for one in (sums(control), sums(variant))]
    return compare_means(samples[0], samples[1], confidence=confidence)


def spending(seed: int, size: int, lift: float = 0.0) -> tuple[Array, Array]:
    """What visitors spend, and had spent before: mostly nothing, sometimes much, and alike."""
    rng = np.random.default_rng(seed)
    habit = rng.gamma(0.8, 40, size)
    before, after = (rng.gamma(4, scale, size) * habit * (rng.random(size) < 0.8) for scale in (0.25, 0.25 + lift / 4))
    return after.round(2), before.round(2)


@pytest.mark.parametrize(("control", "hits", "size", "converted"), SHARES)
@pytest.mark.parametrize("confidence", [0.95, 0.8])
def test_proportions_are_what_statsmodels_says(
    control: int, hits: int, size: int, converted: int, confidence: float
) -> None:
    found = compare_proportions(control, hits, size, converted, confidence=confidence)
    assert found.p_value == pytest.approx(proportions_ztest([converted, hits], [size, control])[1], rel=1e-10)
    interval = confint_proportions_2indep(converted, size, hits, control, method="newcomb", alpha=1 - confidence)
    assert (found.low, found.high) == pytest.approx(interval, rel=1e-10)
    if hits and converted:
        ratio = confint_proportions_2indep(
            converted, size, hits, control, compare="ratio", method="log", alpha=1 - confidence
        )
        assert (found.relative_low + 1, found.relative_high + 1) == pytest.approx(ratio, rel=1e-10)
        assert found.relative == pytest.approx((converted / size) / (hits / control) - 1)


def test_newcombes_own_example() -> None:
    """Statistics in Medicine 17 (1998), table II, (a): 56/70 against 48/80, method 10 says 0.0524 to 0.3339."""
    found = compare_proportions(80, 48, 70, 56)
    assert (round(float(found.low), 4), round(float(found.high), 4)) == (0.0524, 0.3339)


@pytest.mark.parametrize("sizes", [(3, 2), (40, 700), (5000, 5000)])
@pytest.mark.parametrize("confidence", [0.95, 0.99])
def test_means_are_what_scipy_and_tea_tasting_say(sizes: tuple[int, int], confidence: float) -> None:
    control, variant = spending(1, sizes[0])[0] + 5, spending(2, sizes[1], 0.3)[0] + 5
    found = means(control, variant, confidence)
    test = stats.ttest_ind(variant, control, equal_var=False)
    interval = test.confidence_interval(confidence)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=1e-9)
    assert found.p_value == pytest.approx(test.pvalue, rel=1e-9)
    other = judged_by_tea_tasting(control, variant, None, None, confidence)
    assert (found.relative, found.relative_low, found.relative_high) == pytest.approx(
        (other.rel_effect_size, other.rel_effect_size_ci_lower, other.rel_effect_size_ci_upper), rel=1e-9
    )


@pytest.mark.parametrize("size", [60, 4000])
def test_adjusted_means_are_what_tea_tasting_says(size: int) -> None:
    (control, control_before), (variant, variant_before) = spending(3, size), spending(4, size + 17, 0.2)
    found = compare_adjusted(paired(control, control_before), paired(variant, variant_before))
    other = judged_by_tea_tasting(control, variant, control_before, variant_before, 0.95)
    told = found.comparison
    assert (told.uplift, told.low, told.high, told.p_value) == pytest.approx(
        (other.effect_size, other.effect_size_ci_lower, other.effect_size_ci_upper, other.pvalue), rel=1e-8
    )
    raw = means(control, variant)
    narrower = ((told.high - told.low) / (raw.high - raw.low)) ** 2
    assert found.variance_reduction == pytest.approx(1 - narrower, abs=2e-3)
    assert found.variance_reduction > 0.1


def judged_by_tea_tasting(
    control: Array, variant: Array, control_before: Array | None, variant_before: Array | None, confidence: float
) -> Any:
    data = {"variant": np.repeat([0, 1], [len(control), len(variant)]), "value": np.concatenate([control, variant])}
    if control_before is not None and variant_before is not None:
        data["before"] = np.concatenate([control_before, variant_before])
    import polars as pl

    metric = tt.Mean("value", "before" if "before" in data else None, confidence_level=confidence)
    return tt.Experiment(value=metric).analyze(pl.DataFrame(data))["value"]


def test_covariate_that_tells_all_leaves_no_doubt() -> None:
    before = spending(5, 500)[0]
    found = compare_adjusted(paired(before * 2, before), paired(before[:400] * 2, before[:400]))
    assert found.slope == pytest.approx(2)
    assert found.variance_reduction == pytest.approx(1)


def test_what_rounding_leaves_of_a_variance_is_none() -> None:
    """Sums of cents and of seven tenths of them: what is left after the adjustment is noise, above zero or below."""
    for seed in range(20):
        before = spending(seed, 300)[0]
        one, other = (paired(0.7 * some, some) for some in (before[:140], before[140:]))
        assert np.isnan(compare_adjusted(one, other).comparison.p_value)


@pytest.mark.parametrize(
    ("sizes", "weights"),
    [((821_588, 815_482), (1, 1)), ((120, 80), (1, 1)), ((330, 60), (5, 1)), ((9, 14, 22), (1, 1, 2))],
)
def test_sample_ratio_is_what_scipy_and_tea_tasting_say(sizes: tuple[int, ...], weights: tuple[int, ...]) -> None:
    found = sample_ratio_p_value(sizes, weights)
    expected = np.array(weights) * sum(sizes) / sum(weights)
    assert found == pytest.approx(stats.chisquare(sizes, expected).pvalue, rel=1e-10)
    if len(sizes) == 2:
        ratio = tt.SampleRatio(weights[1] / weights[0], method="norm", correction=False)
        counts = {place: tt.aggr.Aggregates(count_=size) for place, size in enumerate(sizes)}
        assert found == pytest.approx(ratio.analyze(counts, 0, 1).pvalue, rel=1e-6)


def test_the_example_of_the_book_on_experiments_is_a_mismatch() -> None:
    """Kohavi, Tang, Xu: Trustworthy Online Controlled Experiments (2020), chapter 21: 821,588 to 815,482 is 1.8e-6."""
    assert sample_ratio_p_value((821_588, 815_482), (1, 1)) == pytest.approx(1.8e-6, rel=0.02)


def test_variant_that_was_not_planned_is_a_mismatch_and_one_variant_no_split() -> None:
    assert sample_ratio_p_value((10, 10, 1), (1, 1, 0)) == 0
    # Who was not planned and not seen is no share that could have come out otherwise.
    assert sample_ratio_p_value((60, 40, 0), (1, 1, 0)) == sample_ratio_p_value((60, 40), (1, 1))
    assert np.isnan(sample_ratio_p_value((10,), (1,)))
    assert np.isnan(sample_ratio_p_value((0, 0), (1, 1)))


@pytest.mark.slow
@given(arrays.arrays(np.float64, st.integers(0, 9), elements=st.floats(0, 1)))
def test_holm_is_what_statsmodels_says(p_values: Array) -> None:
    expected = multipletests(p_values, method="holm")[1] if len(p_values) else p_values
    with_gap = np.append(p_values, np.nan)
    assert holm(with_gap)[:-1] == pytest.approx(expected)
    assert np.isnan(holm(with_gap)[-1])


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 60), st.integers(2, 60), st.integers(0, 2**16))
def test_swapping_the_variants_turns_the_signs(one: int, two: int, seed: int) -> None:
    first, second = spending(seed, one)[0], spending(seed + 1, two)[0]
    there, back = means(first, second), means(second, first)
    turned = (-back.high, -back.low, -back.uplift, back.p_value)
    assert (there.low, there.high, there.uplift, there.p_value) == pytest.approx(turned, nan_ok=True)
    assert 1 + there.relative_low == pytest.approx(1 / (1 + back.relative_high), nan_ok=True)
    hits = (first > 0).sum(), (second > 0).sum()
    there, back = compare_proportions(one, hits[0], two, hits[1]), compare_proportions(two, hits[1], one, hits[0])
    turned = (-back.high, -back.low, -back.uplift, back.p_value)
    assert (there.low, there.high, there.uplift, there.p_value) == pytest.approx(turned, nan_ok=True)


@settings(max_examples=60, deadline=None)
@given(st.permutations(range(40)), st.integers(1, 39))
def test_order_and_grouping_of_entities_change_nothing(order: list[int], cut: int) -> None:
    (control, control_before), (variant, variant_before) = spending(6, 40), spending(7, 40)
    whole = compare_adjusted(paired(control, control_before), paired(variant, variant_before))
    place = np.array(order)
    parts = paired(variant[place[:cut]], variant_before[place[:cut]]) + paired(
        variant[place[cut:]], variant_before[place[cut:]]
    )
    again = compare_adjusted(paired(control, control_before), parts)
    assert again.comparison.p_value == pytest.approx(whole.comparison.p_value)
    assert again.variance_reduction == pytest.approx(whole.variance_reduction)


@pytest.mark.filterwarnings("error")
def test_what_cannot_be_known_is_nan_without_a_word() -> None:
    """No entity, one, all alike, losses: in arrays beside figures that can be known."""
    control = np.array([0.0, 1, 1, 100, 100, 100]), np.array([np.nan, 0, 3, 2, -1, 5.0])
    variance = np.array([np.nan, np.nan, np.nan, 0, 4, 4])
    found = compare_means((control[0], control[1], variance), (control[0], control[1] + 1, variance))
    assert np.isnan(found.p_value).tolist() == [True, True, True, True, False, False]
    assert np.isnan(found.relative_low).tolist() == [True, True, True, True, True, False]
    shares = compare_proportions(np.array([0.0, 9, 9, 9]), np.array([0.0, 0, 9, 3]), 9.0, np.array([3.0, 0, 9, 3]))
    assert np.isnan(shares.p_value).tolist() == [True, True, True, False]
    nothing = paired(np.zeros(9), np.zeros(9))
    assert np.isnan(compare_adjusted(nothing, nothing).comparison.p_value)


def test_intervals_hold_the_truth_as_often_as_they_promise() -> None:
    """5,000 experiments of a known difference, of shares of a few percent and of skewed spending."""
    rng = np.random.default_rng(20)
    runs, size = 5_000, 1_500
    hits = rng.binomial(size, 0.02, runs), rng.binomial(size, 0.03, runs)
    shares = compare_proportions(size, hits[0], size, hits[1])
    values = [rng.gamma(0.5, scale, (runs, size)) for scale in (20, 22)]
    samples = [Sample(np.full(runs, size), v.sum(axis=1), (v**2).sum(axis=1)) for v in values]
    spent = compare_means(*((one.size, one.mean, one.variance) for one in samples))
    for low, high, truth in (
        (shares.low, shares.high, 0.01),
        (shares.relative_low, shares.relative_high, 0.5),
        (spent.low, spent.high, 1.0),
        (spent.relative_low, spent.relative_high, 0.1),
    ):
        assert ((low <= truth) & (truth <= high)).mean() == pytest.approx(0.95, abs=0.012)
