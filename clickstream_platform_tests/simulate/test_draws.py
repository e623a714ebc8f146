"""Text and numbers made in columns, against Python's own."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream_platform.simulate.draws import amounts, numbered, positions, timestamps, trait, uuids, weighted_trait
from clickstream_platform.simulate.truth.columns import half_up, money

numbers = st.lists(st.integers(0, 10**12), max_size=30).map(lambda values: np.array(values, dtype=np.int64))
moments = st.lists(st.integers(0, 4 * 10**15), max_size=30).map(lambda values: np.array(values, dtype=np.int64))


@settings(deadline=None)
@given(moments)
def test_timestamps_are_rfc_3339_in_utc(micros: np.ndarray) -> None:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)

    expected = [(epoch + timedelta(microseconds=each)).strftime("%Y-%m-%dT%H:%M:%S.%fZ") for each in micros.tolist()]

    assert timestamps(micros).to_list() == expected


@settings(deadline=None)
@given(numbers)
def test_amounts_are_cents_with_two_places(cents: np.ndarray) -> None:
    assert amounts(cents).to_list() == [f"{each // 100}.{each % 100:02d}" for each in cents.tolist()]


@settings(deadline=None)
@given(numbers)
def test_money_is_exact(cents: np.ndarray) -> None:
    signed = np.concatenate([cents, -cents])

    assert [int(each * 100) for each in money(signed).to_list()] == signed.tolist()


@settings(deadline=None)
@given(numbers, st.integers(1, 14))
def test_numbers_are_padded_to_their_width(values: np.ndarray, width: int) -> None:
    values = values % 10**width

    assert numbered("O", values, width).to_list() == [f"O{each:0{width}d}" for each in values.tolist()]


def test_ids_are_uuids_and_differ() -> None:
    from uuid import UUID

    ids = uuids(np.arange(50_000), 51).to_list()

    assert len(set(ids)) == 50_000
    assert all(UUID(each).version == 4 for each in ids[:100])
    assert all(UUID(each).variant == "specified in RFC 4122" for each in ids[:100])


@settings(deadline=None)
@given(st.lists(st.integers(0, 5), max_size=20))
def test_positions_count_within_each_group(counts: list[int]) -> None:
    group, place = positions(np.array(counts, dtype=np.int64))

    expected = [(group, place) for group, count in enumerate(counts) for place in range(count)]
    assert list(zip(group.tolist(), place.tolist(), strict=True)) == expected


def test_traits_last_and_are_spread_evenly() -> None:
    everyone = np.arange(100_000, dtype=np.int64)

    assert trait(everyone, 5, 7)[777] == trait(np.array([777]), 5, 7)[0]
    assert np.bincount(trait(everyone, 5, 7)) == pytest.approx(100_000 / 7, rel=0.05)
    assert np.bincount(weighted_trait(everyone, 6, [1, 3])) == pytest.approx([25_000, 75_000], rel=0.05)


@pytest.mark.parametrize(("total", "count", "average"), [(100, 3, 33), (5, 2, 3), (7, 2, 4), (1, 3, 0), (2, 3, 1)])
def test_averages_are_rounded_half_up(total: int, count: int, average: int) -> None:
    assert half_up(np.array([total]), np.array([count])).tolist() == [average]
