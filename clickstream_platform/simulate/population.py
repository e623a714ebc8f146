"""How often shoppers come, how long customers stay: the story that BG/NBD tells (Fader, Hardie, Lee 2005).

Everybody has a *place* in the shop, and places differ in how often somebody comes from them: by a gamma distribution,
so that most come hardly ever and a few daily. Buying for the first time makes a shopper a *customer*, who then changes
places with somebody who is none, at whichever place: how often customers come is gamma distributed too, and does not
depend on when they were won. After each purchase from the second on, customers leave for good with a chance of
their own, beta distributed. Somebody new takes a leaver's place, so that the shop's traffic stays what it is.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clickstream_platform.simulate.config import MAX_DAYS, VISITS_PER_10_000_SHOPPERS, ShopConfig
from clickstream_platform.simulate.draws import Flags, Ints, grown, trait
from clickstream_platform.simulate.journey import CUSTOMERS_PURCHASES

SHAPE = 1 / 3
"""Of the gamma distribution of visits, and so of customers' purchases."""
_OFTEN: Ints = np.array(
    [0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 2560, 3072,
     3584, 4096],
    dtype=np.int64,
)  # fmt: skip
"""So many in 4,096 places, those with the most visits first ..."""
_SHARE: Ints = np.array(
    [0, 5_098, 9_266, 13_086, 16_684, 23_416, 29_707, 41_379, 52_180, 71_993, 90_101, 122_816, 152_210, 204_208,
     249_798, 327_983, 394_012, 501_753, 587_139, 714_447, 803_325, 911_604, 965_266, 989_264, 997_904, 999_870,
     1_000_000],
    dtype=np.int64,
)  # fmt: skip
"""... have so many in a million visits, by the gamma distribution. In between, places are alike."""

_FINER = 1 << 10
_PLACES = _OFTEN << 20
_VISITS = _SHARE * _FINER
_CHANCES = 1 << 20
_LEAVE_SALT = 33
_TRIES = 3


def crawlers(config: ShopConfig) -> int:
    """How many crawlers know the shop. Their numbers come after those of the first shoppers."""
    return config.shoppers // 50 + 3


def is_crawler(config: ShopConfig, shopper: Ints) -> Flags:
    """Which numbers are crawlers'."""
    return (shopper >= config.shoppers) & (shopper < config.shoppers + crawlers(config))


def first_newcomer(config: ShopConfig) -> int:
    """Number of the first who comes in a leaver's place. Those before are kiosks', one a day."""
    return config.shoppers + crawlers(config) + MAX_DAYS


def visited_from(rng: np.random.Generator, config: ShopConfig, size: int) -> Ints:
    """The places that so many visits come from."""
    u = rng.integers(0, _VISITS[-1], size)
    group = np.searchsorted(_VISITS, u, side="right") - 1
    wide, visits = np.diff(_PLACES)[group], np.diff(_VISITS)[group]
    return config.shoppers * (_PLACES[group] + (u - _VISITS[group]) * wide // visits) >> 32


def visits_a_day(config: ShopConfig, place: Ints) -> npt.NDArray[np.float64]:
    """How many visits come from each place on an average day."""
    edges = np.stack([place, place + 1]) * (4_096 / config.shoppers)
    before, after = np.interp(edges, _OFTEN, _SHARE / 1e6)
    visits: npt.NDArray[np.float64] = (after - before) * config.shoppers * VISITS_PER_10_000_SHOPPERS / 10_000
    return visits


def purchases_a_day(config: ShopConfig, place: Ints) -> npt.NDArray[np.float64]:
    """How often a customer with this place buys on an average day."""
    return visits_a_day(config, place) * CUSTOMERS_PURCHASES


def chance_to_leave(shopper: Ints) -> Ints:
    """After each purchase but the first, so many in `1 << 20`: Beta(1, 3), the lowest of three uniform numbers."""
    one, two, three = (trait(shopper, _LEAVE_SALT + each, _CHANCES) for each in range(3))
    return np.minimum(one, np.minimum(two, three))


def dropout_probability(shopper: Ints) -> npt.NDArray[np.float64]:
    """The same as a fraction."""
    return chance_to_leave(shopper) / _CHANCES


@dataclass
class Population:
    """Who has which place, and what became of everybody. Indexed by number of the shopper, but for `holder`.

    Attributes:
        holder: Who has each place.
        place: The place that each has, or had.
        purchases: How often each has bought.
        left_at: When each left, at the end of their last visit (microseconds), -1 for those who have not.
        size: The number that the next newcomer gets.
    """

    holder: Ints
    place: Ints
    purchases: Ints
    left_at: Ints
    size: int

    @classmethod
    def fresh(cls, config: ShopConfig) -> "Population":
        """Before the first day: nobody has bought, nobody has left."""
        size = first_newcomer(config)
        everyone = np.arange(size, dtype=np.int64)
        none = np.zeros(size, dtype=np.int64)
        return cls(np.arange(config.shoppers, dtype=np.int64), everyone, none, none - 1, size)

    def stays(
        self, rng: np.random.Generator, shopper: Ints, start: Ints, end: Ints, *, buys: Flags, errand: Flags
    ) -> Flags:
        """Which of these visits take place: of those who have left only `errand`s. Notes purchases and leavers.

        Args:
            rng: Draws who leaves.
            shopper: Who visits.
            start: When each visit begins.
            end: When it ends.
            buys: Visits with a purchase.
            errand: Visits that leavers make all the same.
        """
        stays = errand | (self.left_at[shopper] < 0)
        bought = np.flatnonzero(stays & buys)
        bought = bought[np.lexsort((start[bought], shopper[bought]))]
        who = shopper[bought]
        ordinal = self.purchases[who] + np.arange(len(who)) - np.searchsorted(who, who)
        parts = (ordinal > 0) & (rng.integers(0, _CHANCES, len(who)) < chance_to_leave(who))
        leavers, at = np.unique(who[parts], return_index=True)
        self.left_at[leavers] = end[bought[parts][at]]
        stays &= errand | (self.left_at[shopper] < 0) | (start < self.left_at[shopper])
        np.add.at(self.purchases, who[stays[bought]], 1)
        self._settle(rng, who[ordinal == 0])
        self._replace(leavers)
        return stays

    def _settle(self, rng: np.random.Generator, won: Ints) -> None:
        """Give new customers the place of somebody who has not bought; who finds none in a few tries keeps theirs."""
        for _ in range(_TRIES):
            to = rng.integers(0, len(self.holder), len(won))
            _, first = np.unique(to, return_index=True)
            free = np.zeros(len(won), dtype=np.bool_)
            free[first] = self.purchases[self.holder[to[first]]] == 0
            here, there, others = self.place[won[free]], to[free], self.holder[to[free]]
            self.holder[here], self.holder[there] = others, won[free]
            self.place[others], self.place[won[free]] = here, there
            won = won[~free]

    def _replace(self, leavers: Ints) -> None:
        """Somebody new comes from each leaver's place."""
        new = self.size + np.arange(len(leavers), dtype=np.int64)
        self.size += len(leavers)
        self.place, self.purchases = grown(self.place, self.size, 0), grown(self.purchases, self.size, 0)
        self.left_at = grown(self.left_at, self.size, -1)
        self.place[new] = self.place[leavers]
        self.holder[self.place[leavers]] = new
