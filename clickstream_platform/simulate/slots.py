"""The visits that begin within five minutes, drawn from nothing but the shop and the moment.

The shop's own traffic: so many visits a weekday, spread by the hours of the visitors' own days (see `visits`). Only
that each five minutes, a *slot*, are drawn on their own, so that a live shop need not be drawn from its first day.
"""

import threading
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

from clickstream_platform.simulate.block import Block
from clickstream_platform.simulate.config import (
    MAX_DAYS,
    VISITS_PER_10_000_SHOPPERS,
    WEEKDAY_PERCENT,
    ShopConfig,
    SimulationError,
    shoppers_for,
)
from clickstream_platform.simulate.draws import Ints, generator
from clickstream_platform.simulate.journey import DAY, HOUR, MINUTE
from clickstream_platform.simulate.memory import Memory, Refunds, members
from clickstream_platform.simulate.population import crawlers, visited_from
from clickstream_platform.simulate.stays import make_block
from clickstream_platform.simulate.visits import Visits, country_of
from clickstream_platform.simulate.world import COUNTRIES, HOURS

SLOT = 5 * MINUTE
SLOTS_A_DAY = DAY // SLOT
LONGEST_LIVE_VISIT = 2 * HOUR
"""Visits that would last longer are let go of: that bounds how far back a moment's events can have begun."""

MAX_EVENTS_A_SLOT = 100_000
_LIVE = 9
FIRST_BLOCK = 1 << 19
"""Blocks of files count from 0, so that live events never have the id of an event in a file of the same day."""

_ORDERS_A_SLOT = 17_000
_WEEK = date(2024, 1, 1)


@dataclass(frozen=True)
class LiveShop:
    """A shop that is always open: the same values always give the same events.

    Attributes:
        events: Events in five minutes on average over a week.
        seed: Another seed is another shop.
        dirty_rate: Share of the records that are malformed, see `ShopConfig`.
    """

    events: int = 500
    seed: int = 1
    dirty_rate: float = 0.01

    def __post_init__(self) -> None:
        """Refuse values outside their range.

        Raises:
            SimulationError: Naming the value and its range.
        """
        if not 1 <= self.events <= MAX_EVENTS_A_SLOT:
            raise SimulationError(f"events must be between 1 and {MAX_EVENTS_A_SLOT}, not {self.events}")
        self.config(_WEEK)

    def config(self, day: date) -> ShopConfig:
        """The shop as it is configured in the decade of a day, whose number in it makes the ids of its events."""
        shoppers = shoppers_for(self.events * SLOTS_A_DAY * 7, 7, _WEEK)
        return ShopConfig(MAX_DAYS, shoppers, self.seed, self.dirty_rate, date(day.year // 10 * 10, 1, 1))


def slot_of(moment: datetime) -> int:
    """The number of the slot that a moment lies in, from 1970 on."""
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1)) // SLOT


def block_of_slot(shop: LiveShop, slot: int) -> Block | None:
    """The visits that begin in a slot, with all their events; None when there are none."""
    epoch_day, of_day = divmod(slot, SLOTS_A_DAY)
    config = shop.config(date(1970, 1, 1) + timedelta(days=epoch_day))
    visits = visits_of_slot(config, slot)
    if not len(visits.start):
        return None
    memory = _memory(config)
    memory.orders = of_day * _ORDERS_A_SLOT
    try:
        block = make_block(config, memory, epoch_day - config.epoch_day, FIRST_BLOCK + of_day, visits, Refunds.none())
    finally:
        _forget(memory, config, visits)
    return _short_visits(block, slot)


def visits_of_slot(config: ShopConfig, slot: int) -> Visits:
    """Draw who comes in a slot, and when."""
    rng = generator(config.seed, _LIVE, slot)
    epoch_day, of_day = divmod(slot, SLOTS_A_DAY)
    percent = WEEKDAY_PERCENT[(date(1970, 1, 1) + timedelta(days=epoch_day)).weekday()]
    a_day = config.shoppers * VISITS_PER_10_000_SHOPPERS * percent
    # As many as at everybody's busiest hour; then those stay away for whom it is another hour.
    possible = _rounded(rng, a_day * max(HOURS), sum(HOURS) * 12 * 1_000_000)
    shopper = visited_from(rng, config, possible)
    offset = np.array([zone for _, _, zone, _ in COUNTRIES])[country_of(shopper)]
    hour = (of_day * SLOT // HOUR + offset) % 24
    shopper = shopper[rng.integers(0, max(HOURS), possible) < np.array(HOURS)[hour]]
    bots = _rounded(rng, a_day * 4, 100 * SLOTS_A_DAY * 1_000_000)
    everyone = np.concatenate([shopper, config.shoppers + rng.integers(0, crawlers(config), bots)])
    start = slot * SLOT + rng.integers(0, SLOT, len(everyone))
    order = np.lexsort((everyone, start))
    return Visits(start[order], everyone[order], np.full(len(everyone), -1, dtype=np.int64))


def _rounded(rng: np.random.Generator, exact: int, unit: int) -> int:
    """So many whole units, on average exactly."""
    return (exact + int(rng.integers(0, unit))) // unit


_kept = threading.local()


def _memory(config: ShopConfig) -> Memory:
    """Made once a thread, as it grows with the shoppers; `_forget` takes back what a slot leaves in it."""
    if getattr(_kept, "config", None) != config:
        _kept.config, _kept.memory = config, Memory.fresh(config)
    memory: Memory = _kept.memory
    return memory


def _forget(memory: Memory, config: ShopConfig, visits: Visits) -> None:
    """Nobody is remembered from one slot to the next: each must come out the same whichever were drawn before."""
    people = visits.shopper[visits.shopper < config.shoppers]
    memory.known[people] = memory.recorded[people] = members(people)
    memory.busy_until[visits.shopper] = -1
    memory.last_seen[np.concatenate([2 * visits.shopper, 2 * visits.shopper + 1])] = -1
    memory.new_customers.clear()


def _short_visits(block: Block, slot: int) -> Block | None:
    """Without the visits that last too long, as whole ones."""
    late = block.events.time >= slot * SLOT + LONGEST_LIVE_VISIT
    gone = np.zeros(int(block.units.visit.max()) + 1 if len(block.units) else 0, dtype=np.bool_)
    visit: Ints = block.units.visit[block.events.unit]
    gone[visit[late]] = True
    block.events = block.events.take(~gone[visit])
    return block if len(block.events) else None
