"""Removal effects against a worked example, marketing-attribution-models, and a simulation of the chain."""

from collections import Counter
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mam import MAM

from clickstream_platform.models.markov import removal_effects

Paths = list[tuple[tuple[int, ...], bool]]


def counted(paths: Paths, channels: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    first, steps = np.zeros(channels), np.zeros((channels, channels))
    converted, lost = np.zeros(channels), np.zeros(channels)
    for path, converts in paths:
        first[path[0]] += 1
        for here, there in pairwise(path):
            steps[here, there] += 1
        (converted if converts else lost)[path[-1]] += 1
    return first, steps, converted, lost


def effects(paths: Paths, channels: int) -> np.ndarray:
    return removal_effects(*counted(paths, channels))


def without(paths: Paths, channels: int, gone: int | None) -> float:
    """The probability of a conversion, with the steps into a channel leading to null: the whole chain as a matrix."""
    first, steps, converted, lost = counted(paths, channels)
    start, conversion, null = channels, channels + 1, channels + 2
    chain = np.zeros((channels + 3, channels + 3))
    chain[:channels, :channels], chain[start, :channels] = steps, first
    chain[:channels, conversion], chain[:channels, null] = converted, lost
    chain[conversion, conversion] = chain[null, null] = 1
    sums = chain.sum(axis=1, keepdims=True)
    chain = np.divide(chain, sums, out=np.zeros_like(chain), where=sums > 0)
    if gone is not None:
        chain[:, null] += chain[:, gone]
        chain[:, gone] = 0
    return float(np.linalg.matrix_power(chain, 2**24)[start, conversion])


PATHS = st.lists(
    st.tuples(st.lists(st.integers(0, 4), min_size=1, max_size=8).map(tuple), st.booleans()), min_size=1, max_size=30
)


def test_a_worked_example() -> None:
    """Google Ads (0) and mailing (1): serhiipuzyrov.com, "Markov Chain Attribution", 2019-07.

    Of five paths four convert, 0.8; without Google Ads 0.2, without mailing 0.4 of them would.
    """
    paths: Paths = [((0,), True), ((0,), True), ((1,), True), ((0, 1), True), ((0,), False)]
    assert effects(paths, 2) == pytest.approx([1 - 0.2 / 0.8, 1 - 0.4 / 0.8])


@given(PATHS)
def test_effects_are_those_of_the_chain_without_each_channel(paths: Paths) -> None:
    whole = without(paths, 5, None)
    expected = [1 - without(paths, 5, channel) / whole if whole > 0 else 0 for channel in range(5)]
    assert effects(paths, 5) == pytest.approx(expected, abs=1e-6)


@given(PATHS)
def test_the_chain_converts_as_often_as_the_paths_do(paths: Paths) -> None:
    rate = sum(converts for _, converts in paths) / len(paths)
    assert without(paths, 5, None) == pytest.approx(rate, abs=1e-6)


def test_another_program_finds_the_same() -> None:
    """Package `marketing-attribution-models`: it leaves out steps from a channel to itself, which change nothing."""
    draw = np.random.default_rng(7)
    paths: Paths = [
        (tuple(draw.integers(0, 6, draw.integers(1, 7)).tolist()), bool(draw.random() < 0.3)) for _ in range(400)
    ]
    grouped = Counter((" > ".join(f"c{place}" for place in path), converts) for path, converts in paths)
    journeys = pl.DataFrame([(*journey, n) for journey, n in grouped.items()], ["path", "converts", "n"], orient="row")
    theirs = MAM(
        journeys,
        format_type="grouped_journey",
        channels_colname="path",
        journey_with_conv_colname="converts",
        occurrences_colname="n",
    ).run_markov()
    assert effects(paths, 6) == pytest.approx(theirs.metadata["removal_effect"]["removal_effect"].to_numpy())


def test_without_conversions_nothing_has_an_effect() -> None:
    assert effects([((0, 1), False), ((1,), False)], 3).tolist() == [0, 0, 0]


def test_a_channel_on_every_converting_path_has_the_whole_effect() -> None:
    paths: Paths = [((0, 1), True), ((1,), True), ((0,), False), ((2,), False)]
    assert effects(paths, 4) == pytest.approx([0.5, 1, 0, 0])


def test_paths_of_a_thousand_touches() -> None:
    draw = np.random.default_rng(1)
    paths: Paths = [(tuple(draw.integers(0, 19, 1000).tolist()), place % 2 == 0) for place in range(50)]
    found = effects(paths, 19)
    assert ((found > 0.9) & (found <= 1)).all()
