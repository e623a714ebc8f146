"""How much people put into the basket: each has a taste that lasts, for dearer goods and for more pieces of them.

Goods lie side by side in shelves of four. Who looks for something takes of a shelf what suits their taste, so that
every taste meets the same kinds of goods, and spending has nothing to do with how often somebody buys.
"""

import numpy as np
import numpy.typing as npt

from clickstream_platform.simulate.draws import Flags, Ints, trait
from clickstream_platform.simulate.world import PRICES, PRODUCTS

SHELF = 4
_TASTES = 1 << 10
_TASTE_SALT = 43
_MORE = 3
_MORE_SHARE = 42
"""Percent of the fourth power of a taste: how likely each of three more pieces is."""

_numbers: Ints = np.arange(PRODUCTS, dtype=np.int64).reshape(-1, SHELF)
BY_PRICE: Ints = np.take_along_axis(_numbers, np.argsort(PRICES[_numbers], axis=1, kind="stable"), axis=1)
"""Of each shelf the goods, cheapest first."""


def tastes(shopper: Ints) -> Ints:
    """Each one's taste, 0 to 1023: evenly spread."""
    return trait(shopper, _TASTE_SALT, _TASTES)


def chosen(rng: np.random.Generator, shelf: Ints, taste: Ints) -> Ints:
    """The product of each shelf that is taken: the higher the taste, the dearer."""
    dearer = (rng.integers(0, _TASTES, (SHELF - 1, len(shelf))) < taste).sum(axis=0)
    product: Ints = BY_PRICE[shelf, dearer]
    return product


def pieces(rng: np.random.Generator, taste: Ints) -> Ints:
    """How many of each are taken."""
    more: Flags = rng.integers(0, 100 * _TASTES**4, (_MORE, len(taste))) < _MORE_SHARE * taste**4
    count: Ints = 1 + more.sum(axis=0, dtype=np.int64)
    return count


def spending_factor(taste: Ints) -> npt.NDArray[np.float64]:
    """What people of a taste spend on a product in their basket, over what is spent on one on average."""
    # Expected for each taste: the mean price of what is taken, times the mean number of pieces.
    share = np.arange(_TASTES) / _TASTES
    ways = np.array([1, 3, 3, 1])
    dearer = np.arange(SHELF)
    taken = ways * share[:, None] ** dearer * (1 - share[:, None]) ** (SHELF - 1 - dearer)
    spent = taken @ PRICES[BY_PRICE].mean(axis=0) * (1 + _MORE * _MORE_SHARE / 100 * share**4)
    factor: npt.NDArray[np.float64] = (spent / spent.mean())[taste]
    return factor
