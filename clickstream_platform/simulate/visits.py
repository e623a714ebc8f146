"""Who comes on a day, and when: weekly and diurnal traffic, returning shoppers, crawlers, people with a refund due."""

from dataclasses import dataclass

import numpy as np

from clickstream_platform.simulate.config import VISITS_PER_10_000_SHOPPERS, WEEKDAY_PERCENT, ShopConfig
from clickstream_platform.simulate.draws import Ints, generator, weighted, weighted_trait
from clickstream_platform.simulate.journey import DAY, HOUR
from clickstream_platform.simulate.population import crawlers, is_crawler, visited_from
from clickstream_platform.simulate.world import COUNTRIES, HOURS

VISITS, SESSIONS, ORDERS, DIRT, DELIVERY, CUSTOMERS, KIOSK, SPEND = range(1, 9)
"""First step of every random stream's path, so that no two parts of the shop share draws."""
LOYALTY = 11
"""The same, after those of `slots` and `live`."""

_CRAWLER_SALT, _COUNTRY_SALT = 21, 22


@dataclass(frozen=True)
class Visits:
    """The visits that begin on one day, in order of time.

    Attributes:
        start: Microseconds since 1970.
        shopper: Who, people and crawlers (see `population`).
        refund: Row among the day's refunds, -1 for ordinary visits.
    """

    start: Ints
    shopper: Ints
    refund: Ints


def country_of(shopper: Ints) -> Ints:
    """Where each shopper lives: a place in COUNTRIES."""
    return weighted_trait(shopper, _COUNTRY_SALT, [weight for *_, weight in COUNTRIES])


def visits_of_day(config: ShopConfig, day: int, refund_shopper: Ints, holder: Ints | None) -> Visits:
    """Draw the visits of one day; `holder` tells who has which place, None for everybody their own."""
    rng = generator(config.seed, VISITS, day)
    percent = WEEKDAY_PERCENT[config.day(day).weekday()] * int(rng.integers(96, 105))
    exact = config.shoppers * VISITS_PER_10_000_SHOPPERS * percent
    people = (exact + int(rng.integers(0, 100_000_000))) // 100_000_000
    bots = (people * 4 + int(rng.integers(0, 100))) // 100
    place = visited_from(rng, config, people)
    shopper = place if holder is None else holder[place]
    crawler = config.shoppers + rng.integers(0, crawlers(config), bots)
    everyone = np.concatenate([shopper, crawler, refund_shopper])
    hour = weighted(rng, HOURS, len(everyone))
    offset = np.array([zone for _, _, zone, _ in COUNTRIES])[country_of(everyone)]
    hour = np.where(is_crawler(config, everyone), rng.integers(0, 24, len(everyone)), (hour - offset) % 24)
    start = (config.epoch_day + day) * DAY + hour * HOUR + rng.integers(0, HOUR, len(everyone))
    refund = np.full(len(everyone), -1, dtype=np.int64)
    refund[people + bots :] = np.arange(len(refund_shopper))
    order = np.lexsort((everyone, start))
    return Visits(start[order], everyone[order], refund[order])


def crawler_kind(shopper: Ints, kinds: int) -> Ints:
    """Which crawler each number is."""
    return weighted_trait(shopper, _CRAWLER_SALT, [1] * kinds)
