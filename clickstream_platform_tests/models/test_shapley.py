"""Shapley values against published games, all orders of the players, and the closed form of additive games."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickstream_platform.models import shapley
from clickstream_platform.models.shapley import channel_values, coalition_worths, sampled_values, shapley_values

Sets = list[tuple[frozenset[int], int, int]]
"""Channels, how many paths with exactly these converted, and how many did not."""

SETS = st.lists(
    st.tuples(st.frozensets(st.integers(0, 4), min_size=1), st.integers(0, 9), st.integers(0, 9)),
    min_size=1,
    max_size=12,
)


def arrays(sets: Sets, channels: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    members = np.array([[channel in one for channel in range(channels)] for one, _, _ in sets])
    converted, lost = (np.array([row[place] for row in sets], dtype=float) for place in (1, 2))
    return members, converted, lost


def rate(sets: Sets, coalition: frozenset[int]) -> float:
    within = [(won, lost) for one, won, lost in sets if one <= coalition]
    paths = sum(won + lost for won, lost in within)
    return sum(won for won, _ in within) / paths if paths else 0.0


def by_all_orders(sets: Sets, channels: int) -> list[float]:
    values, orders = [0.0] * channels, list(permutations(range(channels)))
    for order in orders:
        for place, channel in enumerate(order):
            before = frozenset(order[:place])
            values[channel] += rate(sets, before | {channel}) - rate(sets, before)
    return [value / len(orders) for value in values]


def test_the_airport_game() -> None:
    """Littlechild and Owen (1973), as on Wikipedia: a runway that costs 8, 11, 13 and 18 for planes A, B, C and D."""
    costs = [8, 11, 13, 18]
    worths = [max([cost for place, cost in enumerate(costs) if code >> place & 1], default=0) for code in range(16)]
    assert shapley_values(np.array(worths, dtype=float)) == pytest.approx([2, 3, 4, 9])


def test_the_glove_game() -> None:
    """Shapley value on Wikipedia: two players have left-hand gloves, the third a right-hand one; a pair is worth 1."""
    worths = [float(bool(code & 4) and bool(code & 3)) for code in range(8)]
    assert shapley_values(np.array(worths)) == pytest.approx([1 / 6, 1 / 6, 4 / 6])


@given(SETS)
def test_values_are_the_mean_over_all_orders(sets: Sets) -> None:
    assert channel_values(*arrays(sets, 5)) == pytest.approx(by_all_orders(sets, 5), abs=1e-12)


@given(SETS)
def test_worths_are_conversion_rates_within_the_coalition(sets: Sets) -> None:
    worths = coalition_worths(*arrays(sets, 5))
    coalitions = [frozenset(place for place in range(5) if code >> place & 1) for code in range(32)]
    assert worths == pytest.approx([rate(sets, coalition) for coalition in coalitions])


@given(SETS)
def test_values_add_up_to_the_conversion_rate_of_all(sets: Sets) -> None:
    expected = pytest.approx(rate(sets, frozenset(range(5))), abs=1e-12)
    assert channel_values(*arrays(sets, 5)).sum() == expected
    assert sampled_values(*arrays(sets, 5), permutations=7).sum() == expected


def test_counts_of_conversions_give_the_closed_form() -> None:
    """Where the worth is a count, a set's conversions are shared evenly by its channels (Zhao and others, 2018)."""
    sets: Sets = [(frozenset({0}), 6, 0), (frozenset({0, 1}), 4, 0), (frozenset({0, 1, 2}), 9, 0)]
    counts = [sum(won for one, won, _ in sets if all(code >> place & 1 for place in one)) for code in range(8)]
    assert shapley_values(np.array(counts, dtype=float)) == pytest.approx([6 + 2 + 3, 2 + 3, 3])


def test_sampled_values_come_near_the_exact_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(3)
    members = draw.random((300, 12)) < 0.3
    members[np.arange(300), draw.integers(0, 12, 300)] = True
    converted, lost = draw.integers(0, 20, 300).astype(float), draw.integers(0, 80, 300).astype(float)
    exact = channel_values(members, converted, lost)
    monkeypatch.setattr(shapley, "EXACT_CHANNELS", 11)
    sampled = channel_values(members, converted, lost)
    assert sampled.tolist() != exact.tolist()
    assert sampled == pytest.approx(exact, abs=0.004)
    assert sampled.tolist() == channel_values(members, converted, lost).tolist()


def test_seventy_channels_are_sampled() -> None:
    members = np.eye(70, dtype=bool)
    found = channel_values(members, np.full(70, 1.0), np.full(70, 3.0))
    assert found.sum() == pytest.approx(0.25)
    assert found == pytest.approx(np.full(70, 0.25 / 70), abs=0.02)


def test_a_channel_with_which_fewer_convert_has_a_negative_value() -> None:
    assert channel_values(*arrays([(frozenset({0}), 8, 2), (frozenset({0, 1}), 1, 9)], 2))[1] < 0
