"""What the shop remembers between blocks: a few bytes a shopper and what is due on a later day, never past events."""

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from clickstream_platform.simulate.config import ShopConfig
from clickstream_platform.simulate.draws import Flags, Ints, grown, trait
from clickstream_platform.simulate.population import Population, first_newcomer

_MEMBER_SALT, _STRANGER_SALT = 31, 32


@dataclass(frozen=True)
class Refunds:
    """Refunds due on a day: who comes for what. `count` rows of goods each, laid end to end."""

    shopper: Ints
    identified: Flags
    order: Ints
    count: Ints
    product: Ints
    quantity: Ints
    price: Ints

    @classmethod
    def none(cls) -> "Refunds":
        """No refund at all."""
        empty = np.zeros(0, dtype=np.int64)
        return cls(empty, empty.astype(np.bool_), empty, empty, empty, empty, empty)

    @classmethod
    def joined(cls, parts: "list[Refunds]") -> "Refunds":
        """All of these together."""
        if not parts:
            return cls.none()
        columns = cls.__dataclass_fields__
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in columns))

    def take(self, rows: Ints | Flags) -> "Refunds":
        """These refunds of it."""
        first = np.cumsum(self.count) - self.count
        picked = np.arange(len(self.count))[rows]
        goods = [np.arange(first[row], first[row] + self.count[row]) for row in picked]
        at = np.concatenate([np.zeros(0, dtype=np.int64), *goods])
        return Refunds(
            self.shopper[picked],
            self.identified[picked],
            self.order[picked],
            self.count[picked],
            self.product[at],
            self.quantity[at],
            self.price[at],
        )


@dataclass
class Memory:
    """The shop's memory.

    Attributes:
        known: Shoppers with an account.
        recorded: Shoppers whose customer record is sent or on its way.
        busy_until: End of each shopper's last visit (microseconds), -1 for none.
        last_seen: The same for each entity: two a shopper, `2 * shopper + identified`.
        population: Who comes how often, and who has left; None in a shop that remembers nobody from day to day.
        orders: Orders of the day so far.
        refunds: Refunds due, by day number.
        new_customers: Customer records due, by day number.
    """

    known: Flags
    recorded: Flags
    busy_until: Ints
    last_seen: Ints
    population: Population | None
    orders: int = 0
    refunds: dict[int, list[Refunds]] = field(default_factory=lambda: defaultdict(list))
    new_customers: dict[int, list[Ints]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def fresh(cls, config: ShopConfig, population: Population | None = None) -> "Memory":
        """Before the first day: some shoppers already have an account."""
        size = first_newcomer(config)
        known = np.zeros(size, dtype=np.bool_)
        known[: config.shoppers] = members(np.arange(config.shoppers, dtype=np.int64))
        never = np.full(size, -1, dtype=np.int64)
        return cls(known, known.copy(), never, np.repeat(never, 2), population)

    def make_room(self, size: int) -> None:
        """Be able to remember so many."""
        self.known, self.recorded = grown(self.known, size, 0), grown(self.recorded, size, 0)
        self.busy_until, self.last_seen = grown(self.busy_until, size, -1), grown(self.last_seen, 2 * size, -1)

    def customers(self, shopper: Ints) -> Flags:
        """Who of these has bought before."""
        people = self.population
        return np.zeros(len(shopper), dtype=np.bool_) if people is None else people.purchases[shopper] > 0

    def reachable(self) -> Ints:
        """Customers on record who have not left."""
        recorded = np.flatnonzero(self.recorded)
        return recorded if self.population is None else recorded[self.population.left_at[recorded] < 0]


def members(shopper: Ints) -> Flags:
    """Shoppers who had an account before the first day."""
    return trait(shopper, _MEMBER_SALT, 100) < 45


def strangers(config: ShopConfig, shopper: Ints) -> Flags:
    """Shoppers whose customer record never comes, so that their orders stay in quarantine for ever."""
    per_million = min(config.dirt_per_million, 20_000)
    return trait(shopper, _STRANGER_SALT, 1_000_000) < per_million
