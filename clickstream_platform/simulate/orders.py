"""Orders: what the shop's order system says of the purchases, later status updates, and orders that are faulty."""

from dataclasses import dataclass, fields

import numpy as np
import polars as pl

from clickstream_platform.simulate.block import Block
from clickstream_platform.simulate.config import ShopConfig
from clickstream_platform.simulate.draws import Flags, Ints, amounts, chance, positions, timestamps, trait
from clickstream_platform.simulate.ids import order_ids, user_ids
from clickstream_platform.simulate.journey import DAY, HOUR, STEP
from clickstream_platform.simulate.memory import Memory, Refunds, strangers
from clickstream_platform.simulate.stays import regions_of
from clickstream_platform.simulate.tally import Tally
from clickstream_platform.simulate.visits import country_of
from clickstream_platform.simulate.world import COUNTRIES, CURRENCY, FOREIGN_CURRENCY, PRICES, PRODUCTS, ghosts

STATUSES = ("pending", "completed", "shipped", "delivered", "cancelled", "refunded")
PENDING, COMPLETED, SHIPPED, DELIVERED, CANCELLED, REFUNDED = range(6)
REASONS = (
    "",
    "amount_not_positive",
    "quantity_not_positive",
    "foreign_currency",
    "unknown_customer",
    "unknown_product",
)
"""Reasons of quarantine in the order they are asked; the first one counts."""

NOBODY = 90_000_000
"""Customer numbers from here on belong to nobody."""

_LOST_SALT, _PLAN_SALT, _LAG_SALT, _REGION_SALT, _CUSTOMER_REGION_SALT = 81, 82, 83, 84, 85
_BY_PHONE, _FAULTY = 5_000_000, 7_000_000


@dataclass
class OrderLines:
    """Order lines with their whole fate; money in cents, times in microseconds.

    Attributes:
        order: Number of the order.
        customer: Number of the customer.
        product: Number of the product.
        quantity: Pieces.
        price: Price of one.
        total: Amount of the line.
        time: When ordered.
        foreign: Whether in a foreign currency.
        status: What the order is first sent with.
        final: What it is in the end.
        updated: When the final status came, 0 where the first one stayed.
    """

    order: Ints
    customer: Ints
    product: Ints
    quantity: Ints
    price: Ints
    total: Ints
    time: Ints
    foreign: Flags
    status: Ints
    final: Ints
    updated: Ints

    def __len__(self) -> int:
        return len(self.order)

    def take(self, rows: Ints | Flags) -> "OrderLines":
        """These rows of it."""
        return OrderLines(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    @classmethod
    def joined(cls, parts: "list[OrderLines]") -> "OrderLines":
        """All of these together."""
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))


def orders_of_block(config: ShopConfig, tally: Tally, block: Block) -> OrderLines:
    """The orders of a block's purchases; when the shop is dirty, a few purchases never become an order."""
    units, events, goods = block.units, block.events, block.goods
    time = np.full(len(units), -1, dtype=np.int64)
    bought = events.step == STEP["purchase"]
    time[events.unit[bought]] = events.time[bought]
    lost = lost_orders(config, units.order)
    tally.notes["purchases"] += int(bought.sum())
    tally.notes["purchases_without_order"] += int(((time >= 0) & lost).sum())
    tally.notes["purchases_with_wrong_value"] += int(((units.value_error > 0) & ~units.no_value & (time >= 0)).sum())
    rows = np.flatnonzero(block.cart & (time >= 0)[goods.unit] & ~lost[goods.unit])
    unit = goods.unit[rows]
    lines = _made(config, units.order[unit], units.shopper[unit], goods.product[rows], goods.quantity[rows], time[unit])
    lines.price = goods.price[rows]
    lines.total = lines.price * lines.quantity
    return lines


def lost_orders(config: ShopConfig, order: Ints) -> Flags:
    """Purchases that the order system lost."""
    return trait(order, _LOST_SALT, 1_000_000) < config.dirt_per_million // 2


def odd_orders(
    config: ShopConfig, tally: Tally, rng: np.random.Generator, day: int, customers: Ints, usual: int
) -> OrderLines:
    """Orders without a purchase event: by telephone (good ones), and faulty ones for every reason of quarantine."""
    by_phone = int(np.count_nonzero(chance(rng, config.dirt_per_million // 2, usual)))
    faults = int(np.count_nonzero(chance(rng, config.dirt_per_million // 5, usual)))
    faults = max(faults, 1) if config.dirt_per_million and usual else faults
    count = by_phone + faults if len(customers) else 0
    tally.notes["orders_without_purchase"] += count
    fault = np.where(np.arange(count) < by_phone, 0, 1 + (np.arange(count) + day) % (len(REASONS) - 1))
    number = np.where(fault == 0, _BY_PHONE, _FAULTY) + np.arange(count)
    lines = _made(
        config,
        (day + 1) * 10_000_000 + number,
        customers[rng.integers(0, max(len(customers), 1), count)],
        rng.integers(0, PRODUCTS - 10, count),
        rng.integers(1, 4, count),
        (config.epoch_day + day) * DAY + rng.integers(0, DAY, count),
    )
    lines.price = PRICES[lines.product]
    lines.total = lines.price * lines.quantity
    named = np.array([REASONS[each] for each in fault.tolist()], dtype=np.str_)
    lines.price[named == "amount_not_positive"] = 0
    lines.total[named == "amount_not_positive"] = 0
    lines.quantity[named == "quantity_not_positive"] = 0
    lines.foreign[named == "foreign_currency"] = True
    lines.customer[named == "unknown_customer"] += NOBODY
    lines.product[named == "unknown_product"] = PRODUCTS + 7
    return lines


def _made(config: ShopConfig, order: Ints, customer: Ints, product: Ints, quantity: Ints, time: Ints) -> OrderLines:
    """Order lines with their fate; money still to be filled in."""
    fate = trait(order, _PLAN_SALT, 100)
    bounds = np.array([55, 80, 88, 92])
    group = np.searchsorted(bounds, fate, side="right")
    status = np.array([COMPLETED, PENDING, PENDING, COMPLETED, SHIPPED])[group]
    final = np.array([COMPLETED, DELIVERED, CANCELLED, REFUNDED, SHIPPED])[group]
    updated = time + (1 + trait(order, _LAG_SALT, 5)) * DAY + HOUR
    changes = (status != final) & (updated < (config.epoch_day + config.days) * DAY)
    none = np.zeros(len(order), dtype=np.int64)
    return OrderLines(
        order, customer, product, quantity, none, none, time, none.astype(np.bool_), status,
        np.where(changes, final, status), np.where(changes, updated, 0),
    )  # fmt: skip


def quarantine_reason(config: ShopConfig, lines: OrderLines) -> Ints:
    """Why each line is refused in the end: a place in REASONS, 0 for the good ones."""
    unknown = (lines.customer >= NOBODY) | strangers(config, lines.customer)
    ghost = lines.product >= ghosts(config.dirt_per_million)
    reason = np.zeros(len(lines), dtype=np.int64)
    for number, wrong in (
        (5, ghost),
        (4, unknown),
        (3, lines.foreign),
        (2, lines.quantity <= 0),
        (1, lines.total <= 0),
    ):
        reason[wrong] = number
    return reason


def own_region(lines: OrderLines) -> Ints:
    """The place in the country's regions that the order itself names, -1 for none."""
    named = trait(lines.order, _REGION_SALT, 100) < 60
    return np.where(named & (lines.customer < NOBODY), regions_of(lines.customer), -1)


def customer_region(customer: Ints) -> Ints:
    """The place in the country's regions that the customer's record names, -1 for none."""
    return np.where(trait(customer, _CUSTOMER_REGION_SALT, 100) < 80, regions_of(customer), -1)


def region_names(customer: Ints, region: Ints, missing: str) -> pl.Series:
    """Names of regions of the customers' countries."""
    names, offsets = [missing], []
    for _, regions, _, _ in COUNTRIES:
        offsets.append(len(names))
        names.extend(regions)
    return pl.Series(names).gather(np.where(region < 0, 0, np.array(offsets)[country_of(customer)] + region))


def order_rows(lines: OrderLines, *, final: bool) -> pl.Series:
    """CSV rows: as first sent, or the later version with the final status."""
    said = trait(lines.order, _REGION_SALT + 10, 3) == 0
    currency = np.where(lines.foreign, 2, np.where(said, 1, 0))
    version = np.where(lines.updated > 0, lines.updated, lines.time) if final else lines.time
    people = pl.Series(["", "X"]).gather((lines.customer >= NOBODY).astype(np.int64)) + user_ids(lines.customer)
    frame = pl.DataFrame(
        {
            "order_id": order_ids(lines.order),
            "customer_id": people,
            "product_id": "P" + pl.Series(lines.product).cast(pl.String).str.zfill(5),
            "quantity": pl.Series(lines.quantity).cast(pl.String),
            "unit_price": amounts(lines.price),
            "total_amount": amounts(lines.total),
            "status": pl.Series(STATUSES).gather(lines.final if final else lines.status),
            "order_time": timestamps(lines.time),
            "region": region_names(lines.customer, own_region(lines), ""),
            "currency": pl.Series(["", CURRENCY, FOREIGN_CURRENCY]).gather(currency),
            "updated_at": timestamps(version),
        }
    )
    return frame.select((pl.concat_str(pl.all(), separator=",") + "\n").alias("row"))["row"]


def plan_refunds(config: ShopConfig, memory: Memory, block: Block) -> None:
    """People whose order is refunded come back for it on the day: with one product or all of them."""
    units, events = block.units, block.events
    bought = np.flatnonzero(events.step == STEP["purchase"])
    unit = events.unit[bought]
    unit = unit[~lost_orders(config, units.order[unit])]
    time = np.zeros(len(units), dtype=np.int64)
    time[events.unit[bought]] = events.time[bought]
    none = np.zeros(len(unit), dtype=np.int64)
    fate = _made(config, units.order[unit], units.shopper[unit], none, none, time[unit])
    back = fate.final == REFUNDED
    unit, day = unit[back], fate.updated[back] // DAY - config.epoch_day
    count = np.where(units.order[unit] % 3 == 0, 1, units.in_cart[unit])
    row, place = positions(count)
    at = block.first_goods[unit][row] + place
    goods = block.goods
    refunds = Refunds(
        units.shopper[unit], units.identified[unit], units.order[unit], count,
        goods.product[at], goods.quantity[at], goods.price[at],
    )  # fmt: skip
    for each in np.unique(day).tolist():
        memory.refunds[each].append(refunds.take(day == each))
