"""A block of visits: some thousand of them with all their events, as columns.

Three levels: *goods* in baskets, *units* (one visitor's one stay, nearly always a session) and *events*.
"""

from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np

from clickstream_platform.simulate.draws import Flags, Ints, positions
from clickstream_platform.simulate.journey import CART_STEPS, FIRST_VIEW, LAST_ADD, STEP
from clickstream_platform.simulate.taste import SHELF, chosen, pieces
from clickstream_platform.simulate.world import PRICES, PRODUCTS


@dataclass
class Units:
    """One row a stay.

    Attributes:
        visit: Visit it belongs to; clicks and checkouts of one visit may lie in different units.
        shopper: Who; numbers from the shop's shoppers up are crawlers.
        identified: Whether its events carry the user id (else the anonymous id alone).
        campaign: Origin of the landing.
        second_campaign: Origin of an advertisement clicked in between.
        browser: Place in BROWSERS, or in CRAWLERS for bots.
        country: Place in COUNTRIES, -1 where the event says nothing.
        region: Place in the country's regions, -1 where the event says nothing.
        bot: Whether a crawler.
        consent: What they answer when asked for it, a place in ANSWERS.
        landing: Page number of the landing (see `pages`).
        category: Category looked at.
        order: Number of the order, -1 where nothing is bought (or given back).
        no_value: The purchase event names no value: its items tell it.
        no_prices: The purchase event's items carry no price: its value tells it.
        value_error: Cents by which the purchase event's value is wrong.
        goods: Number of goods rows.
        in_cart: How many of them, from the first, are in the final cart.
        before: End of the entity's activity before this unit, -1 for none (microseconds).
        number: Number of its first event: makes the session id that the browser sends.
    """

    visit: Ints
    shopper: Ints
    identified: Flags
    campaign: Ints
    second_campaign: Ints
    browser: Ints
    country: Ints
    region: Ints
    bot: Flags
    consent: Ints
    landing: Ints
    category: Ints
    order: Ints
    no_value: Flags
    no_prices: Flags
    value_error: Ints
    goods: Ints
    in_cart: Ints
    before: Ints
    number: Ints

    def __len__(self) -> int:
        return len(self.visit)

    def take(self, rows: Ints) -> "Units":
        """These rows of it."""
        return Units(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


@dataclass
class Events:
    """One row an event, ordered by unit and then by time.

    Attributes:
        number: Makes its id; unique in the shop.
        unit: Row in `Units`.
        session: Session number in this block.
        step: Place in STEPS.
        kind: Place in EVENT_NAMES.
        time: Microseconds since 1970.
        goods: Row in `Goods` for events about one product, else -1.
    """

    number: Ints
    unit: Ints
    session: Ints
    step: Ints
    kind: Ints
    time: Ints
    goods: Ints

    def __len__(self) -> int:
        return len(self.number)

    def take(self, rows: Ints | Flags) -> "Events":
        """These rows of it."""
        return Events(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


@dataclass
class Goods:
    """One row a product of a unit, ordered by unit: who put it where is told by its place.

    Attributes:
        unit: Row in `Units`.
        place: 0-based place among the unit's goods.
        product: Number of the product.
        quantity: Pieces.
        price: Cents a piece.
    """

    unit: Ints
    place: Ints
    product: Ints
    quantity: Ints
    price: Ints

    def take(self, rows: Ints) -> "Goods":
        """These rows of it."""
        return Goods(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


@dataclass
class Block:
    """Visits with everything that happened on them."""

    units: Units
    events: Events
    goods: Goods

    def apart(self, rows: Ints) -> "Block":
        """These events alone, each with a copy of its unit to itself (and of the unit's goods)."""
        chosen = self.events.take(rows)
        units = self.units.take(chosen.unit)
        unit, place = positions(units.goods)
        goods = self.goods.take(self.first_goods[chosen.unit][unit] + place)
        goods.unit = unit
        shift = np.cumsum(units.goods) - units.goods - self.first_goods[chosen.unit]
        chosen.goods = np.where(chosen.goods >= 0, chosen.goods + shift, -1)
        chosen.unit = chosen.session = np.arange(len(rows), dtype=np.int64)
        return Block(units, chosen, goods)

    def joined(self, other: "Block") -> "Block":
        """Both, one after the other."""
        moved = other.events.take(np.arange(len(other.events)))
        moved.unit = moved.unit + len(self.units)
        moved.goods = np.where(moved.goods >= 0, moved.goods + len(self.goods.unit), -1)
        goods = other.goods.take(np.arange(len(other.goods.unit)))
        goods.unit = goods.unit + len(self.units)
        return Block(
            _concatenated(self.units, other.units), _concatenated(self.events, moved), _concatenated(self.goods, goods)
        )

    @property
    def first_goods(self) -> Ints:
        """Row of each unit's first product."""
        return np.cumsum(self.units.goods) - self.units.goods

    @property
    def cart(self) -> Flags:
        """Which goods rows are in their unit's final cart."""
        return self.goods.place < self.units.in_cart[self.goods.unit]

    def cart_value(self) -> Ints:
        """Cents of each unit's final cart."""
        cart = self.cart
        total = np.zeros(len(self.units), dtype=np.int64)
        np.add.at(total, self.goods.unit[cart], (self.goods.price * self.goods.quantity)[cart])
        return total

    def own_campaign(self) -> Ints:
        """The origin that each event itself tells of: landings and clicks have one, all others are direct."""
        events, units = self.events, self.units
        lands = (events.step == STEP["ad"]) | (events.step == STEP["landing"])
        again = events.step == STEP["second_ad"]
        return np.where(lands, units.campaign[events.unit], np.where(again, units.second_campaign[events.unit], 0))


_Columns = TypeVar("_Columns", Units, Events, Goods)


def _concatenated(first: _Columns, second: _Columns) -> _Columns:
    columns = {field.name: (getattr(first, field.name), getattr(second, field.name)) for field in fields(first)}
    return type(first)(**{name: np.concatenate(parts) for name, parts in columns.items()})


def draw_goods(rng: np.random.Generator, counts: Ints, available: int, taste: Ints) -> Goods:
    """Distinct products for each unit, some more popular than others; `taste` is that of each unit's visitor."""
    unit, place = positions(counts)
    u = rng.integers(0, 1 << 16, len(counts))
    popular = (PRODUCTS // SHELF * u // (1 << 16)) * u // (1 << 16)
    strides = rng.integers(1, 10, len(unit))
    walked = np.cumsum(strides)
    begins = (np.cumsum(counts) - counts)[unit]
    product = chosen(rng, (popular[unit] + walked - walked[begins]) % (available // SHELF), taste[unit])
    discount = np.where(rng.integers(0, 10, len(counts)) == 0, 10, 0)[unit]
    return Goods(unit, place, product, pieces(rng, taste[unit]), PRICES[product] * (100 - discount) // 100)


def goods_of_events(step: Ints, unit: Ints, units: Units) -> Ints:
    """The goods row that each event is about, -1 for none or a whole cart."""
    place = np.full(len(step), -1, dtype=np.int64)
    viewing = (step >= FIRST_VIEW) & (step <= LAST_ADD)
    place[viewing] = (step[viewing] - FIRST_VIEW) // 2
    place[(step == STEP["select"]) | (step == STEP["quick_add"]) | (step == STEP["view_again"])] = 0
    removing = step == STEP["remove"]
    place[removing] = units.in_cart[unit[removing]]
    first = np.cumsum(units.goods) - units.goods
    return np.where(place >= 0, first[unit] + place, -1)


def shows_cart(step: Ints) -> Flags:
    """Which events list the whole cart."""
    return np.isin(step, CART_STEPS)
