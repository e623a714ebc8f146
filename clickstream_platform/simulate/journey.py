"""What a visitor does: how often each step of a visit happens, and how long they wait between steps."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clickstream_platform.simulate.campaigns import CAMPAIGNS
from clickstream_platform.simulate.draws import Flags, Ints, chance, weighted
from clickstream_platform.simulate.world import CODE

MAX_VIEWS = 6
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
TIMEOUT = 30 * MINUTE
WINDOW = 60 * MINUTE
LONGEST_VISIT = 20 * HOUR
"""Well under the two days that would cut a session; only the kiosk stays longer."""

STEPS: tuple[tuple[str, str], ...] = (
    ("ad", "click"),
    ("landing", "page_view"),
    ("account", "login"),
    ("look_around", "page_view"),
    ("list", "view_item_list"),
    ("search", "search"),
    ("select", "select_item"),
    ("quick_add", "add_to_cart"),
    *(
        step
        for number in range(MAX_VIEWS)
        for step in ((f"view_{number}", "view_item"), (f"add_{number}", "add_to_cart"))
    ),
    ("second_ad", "click"),
    ("read_on", "page_view"),
    ("remove", "remove_from_cart"),
    ("cart", "view_cart"),
    ("checkout", "begin_checkout"),
    ("shipping", "add_shipping_info"),
    ("payment", "add_payment_info"),
    ("purchase", "purchase"),
    ("thanks", "page_view"),
    ("view_again", "view_item"),
    ("refund", "refund"),
)
"""The steps of a visit in their order, each with the event it sends."""

STEP: dict[str, int] = {name: number for number, (name, _) in enumerate(STEPS)}
KIND_OF_STEP: Ints = np.array([CODE[event] for _, event in STEPS], dtype=np.int64)
FIRST_VIEW, LAST_ADD = STEP["view_0"], STEP[f"add_{MAX_VIEWS - 1}"]
CART_STEPS: tuple[int, ...] = tuple(
    STEP[name] for name in ("cart", "checkout", "shipping", "payment", "purchase", "refund")
)

Counts = npt.NDArray[np.int64]

_STAGES = ((352, 211, 227, 115, 35, 20, 40), (290, 190, 210, 105, 30, 25, 150))
"""How far visits get, those of others and of customers, in a thousand: leave at once, browse, view, fill a cart, begin
checkout, give payment, buy."""
CUSTOMERS_PURCHASES = _STAGES[1][-1] / sum(_STAGES[1])
"""Share of a customer's visits that end with a purchase."""
LIST, VIEW, CART, CHECKOUT, PAYMENT, PURCHASE = range(1, 7)

_cubes: Ints = np.arange(1024, dtype=np.int64) ** 3
_WAITS: Ints = 1_200_000 + 240_000_000 * _cubes // 1024**3
"""Usual waits in microseconds, in even quantiles: median half a minute, at most four minutes."""


@dataclass(frozen=True)
class Plan:
    """How often each step happens (a row a visit, a column a step), and the goods involved.

    Attributes:
        counts: Times that each step happens.
        goods: Products looked at, the first ones of which are put in the cart.
        in_cart: Products left in the cart at the end.
    """

    counts: Counts
    goods: Ints
    in_cart: Ints


def plan(rng: np.random.Generator, campaign: Ints, account: Flags, bot: Flags, stage: Ints) -> Plan:
    """Draw what happens on each visit."""
    size = len(campaign)
    has_ad = np.array([c.has_ad for c in CAMPAIGNS])[campaign]
    counts = np.zeros((size, len(STEPS)), dtype=np.int64)
    counts[:, STEP["landing"]] = 1
    counts[:, STEP["ad"]] = has_ad & chance(rng, 550_000, size)
    counts[:, STEP["account"]] = account
    counts[:, STEP["look_around"]] = weighted(rng, (60, 30, 10), size) + (bot & chance(rng, 500_000, size))
    browses = stage >= LIST
    counts[:, STEP["list"]] = browses * weighted(rng, (20, 50, 30), size)
    counts[:, STEP["search"]] = browses & chance(rng, 200_000, size)
    views = stage >= VIEW
    counts[:, STEP["select"]] = views & chance(rng, 300_000, size)
    goods = views * (1 + weighted(rng, (30, 25, 18, 12, 9, 6), size))
    fills = (stage >= CART) & ~bot
    added = fills * np.minimum(goods, 1 + weighted(rng, (55, 28, 12, 5), size))
    removed = (added >= 2) & chance(rng, 150_000, size)
    shown = views & ~(fills & chance(rng, 40_000, size))
    for number in range(MAX_VIEWS):
        counts[:, STEP[f"view_{number}"]] = shown & (goods > number)
        counts[:, STEP[f"add_{number}"]] = added > number
    counts[:, STEP["quick_add"]] = fills & chance(rng, 60_000, size)
    counts[:, STEP["second_ad"]] = ~bot & (chance(rng, 5_000, size) | (fills & chance(rng, 60_000, size)))
    counts[:, STEP["read_on"]] = views & chance(rng, 250_000, size)
    counts[:, STEP["remove"]] = removed
    counts[:, STEP["cart"]] = fills & chance(rng, 600_000, size)
    counts[:, STEP["checkout"]] = ((stage >= CHECKOUT) & ~bot) * (1 + chance(rng, 50_000, size))
    counts[:, STEP["shipping"]] = ~bot & ((stage >= PAYMENT) | ((stage == CHECKOUT) & chance(rng, 400_000, size)))
    counts[:, STEP["payment"]] = (stage >= PAYMENT) & ~bot
    counts[:, STEP["purchase"]] = buys = (stage == PURCHASE) & ~bot
    counts[:, STEP["thanks"]] = buys & chance(rng, 500_000, size)
    counts[:, STEP["view_again"]] = buys & chance(rng, 40_000, size)
    return Plan(counts, goods, added - removed)


def stages(rng: np.random.Generator, customer: Flags) -> Ints:
    """How far each visit gets: customers buy more readily than who has not bought yet."""
    size = len(customer)
    others, customers = (weighted(rng, weights, size) for weights in _STAGES)
    return np.where(customer, customers, others)


def waits(rng: np.random.Generator, unit: Ints, place: Ints, step: Ints) -> Ints:
    """Microseconds before each event since the one before in its visit; 0 for the first.

    Besides the usual waits: slow visitors, gaps a little below and of exactly the session timeout, and two events in
    the same microsecond (never among the first three, so that a session's first event is beyond doubt).
    """
    size = len(unit)
    gaps = _WAITS[rng.integers(0, 1024, size)] + rng.integers(0, 900_000, size)
    slow = np.isin(unit, np.flatnonzero(chance(rng, 30_000, int(unit[-1]) + 1 if size else 0))) & (place <= 8)
    gaps = np.where(slow, rng.integers(4 * MINUTE, 25 * MINUTE, size), gaps)
    odd = rng.integers(0, 6_000, size)
    gaps = np.where(odd < 12, rng.integers(25 * MINUTE, TIMEOUT, size), gaps)
    gaps = np.where((odd >= 12) & (odd < 16), TIMEOUT, gaps)
    gaps = np.where((odd >= 16) & (odd < 36) & (place > 2), 0, gaps)
    gaps = np.where(step == STEP["landing"], rng.integers(800_000, 4_000_000, size), gaps)
    return np.where(place == 0, 0, gaps).astype(np.int64)
