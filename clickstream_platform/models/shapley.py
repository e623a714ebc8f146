"""Channels' Shapley values (Shapley, 1953), exact up to a number of channels and sampled beyond it.

The players are channels. A coalition is worth the conversion rate of the paths all of whose channels are in it:
what would convert if these were the only channels there are (conversion probability as the worth of a set of channels:
Dalessandro, Perlich, Stitelman and Provost, 2012). A coalition within which nobody has a path is worth nothing. As
rates do not grow with the coalition, a channel's value may be negative: paths with it convert less than those without.
"""

from math import comb
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

EXACT_CHANNELS = 20
"""Coalitions double with each channel: twenty take a tenth of a second, and the field's channel groups are nineteen."""
PERMUTATIONS = 2_000
_SEED = 20_120_812
_AT_ONCE = 200
"""Permutations held in memory together."""


def channel_values(members: Flags, converted: Floats, lost: Floats) -> Floats:
    """The Shapley value of each of n channels. Their sum is the conversion rate of all the paths.

    Args:
        members: Which channels are in each of k sets of paths (k x n); each set has one at least.
        converted: How many paths of each set converted (k).
        lost: How many did not (k).
    """
    if members.shape[1] <= EXACT_CHANNELS:
        return shapley_values(coalition_worths(members, converted, lost))
    return sampled_values(members, converted, lost)


def coalition_worths(members: Flags, converted: Floats, lost: Floats) -> Floats:
    """The worth of all 2^n coalitions; the bits of the place tell who is in it, the first channel being the lowest."""
    channels = members.shape[1]
    codes = members @ (1 << np.arange(channels, dtype=np.int64))
    conversions = _within(codes, converted, channels)
    paths = _within(codes, converted + lost, channels)
    return _ratio(conversions, paths)


def shapley_values(worths: Floats) -> Floats:
    """Each player's value in the game whose 2^n coalitions have these worths (the empty one first).

    A value is what the coalitions with the player are worth to its joining, less what those without it are: so sums
    over the coalitions with a player are all that is needed, and folding the game in halves, the last player first,
    gives these for everyone in twice the game's length.
    """
    players = len(worths).bit_length() - 1
    sizes = np.zeros(1, dtype=np.int64)
    for _ in range(players):
        sizes = np.concatenate([sizes, sizes + 1])
    # Of the orders in which players may come, the share in which exactly a given coalition of that size is there first.
    orders = np.array([1.0 / (players * comb(players - 1, size)) for size in range(players)] + [0.0])
    left = orders[sizes] * worths
    folded = np.roll(orders, 1)[sizes] * worths + left
    values = np.empty(players)
    for player in reversed(range(players)):
        without, joined = folded.reshape(2, -1)
        values[player] = joined.sum()
        folded = without + joined
    values -= left.sum()
    return values


def sampled_values(members: Flags, converted: Floats, lost: Floats, permutations: int = PERMUTATIONS) -> Floats:
    """The mean marginal contribution over random orders, from a fixed seed (Castro, Gómez and Tejada, 2009).

    In each order a set of paths counts from the moment that the last of its channels has come. The values' sum is
    exact; their standard error falls with the square root of the number of orders.
    """
    draw = np.random.default_rng(_SEED)
    sets, channels = members.shape
    total = np.zeros(channels)
    for begin in range(0, permutations, _AT_ONCE):
        count = min(_AT_ONCE, permutations - begin)
        places = np.argsort(draw.random((count, channels)), axis=1)
        complete = np.zeros((count, sets), dtype=np.int64)
        for channel in range(channels):
            np.maximum(complete, places[:, channel, None] * members[None, :, channel], out=complete)
        cells = (complete + channels * np.arange(count)[:, None]).ravel()
        rates = _rates(cells, np.tile(converted, count), np.tile(lost, count), count, channels)
        gains = np.diff(rates, axis=1, prepend=0.0)
        total += np.take_along_axis(gains, places, axis=1).sum(axis=0)
    return total / permutations


def _rates(cells: NDArray[np.int64], converted: Floats, lost: Floats, rows: int, channels: int) -> Floats:
    """The conversion rate after each place of each order."""
    conversions, losses = (
        np.bincount(cells, weights=counts, minlength=rows * channels).reshape(rows, channels).cumsum(axis=1)
        for counts in (converted, lost)
    )
    return _ratio(conversions, conversions + losses)


def _ratio(part: Floats, whole: Floats) -> Floats:
    """One by the other; 0 where there is nothing to divide by."""
    ratio: Floats = np.divide(part, whole, out=np.zeros(whole.shape), where=whole > 0)
    return ratio


def _within(codes: NDArray[np.int64], counts: Floats, channels: int) -> Floats:
    """For each coalition the sum of counts over its subsets (the zeta transform of the subset lattice)."""
    sums: Floats = np.bincount(codes, weights=counts, minlength=1 << channels).astype(np.float64)
    for channel in range(channels):
        halves = sums.reshape(-1, 2, 1 << channel)
        halves[:, 1] += halves[:, 0]
    return sums
