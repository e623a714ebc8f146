"""The shop's pages: which one an event is about, as a number into one list of paths."""

import numpy as np

from clickstream_platform.simulate.block import Block
from clickstream_platform.simulate.draws import Ints, weighted
from clickstream_platform.simulate.journey import FIRST_VIEW, LAST_ADD, STEP
from clickstream_platform.simulate.world import CATEGORIES, PRODUCTS, SEARCHES, product_id

_STATIC = (
    "/",
    "/about",
    "/delivery",
    "/account/orders",
    "/login",
    "/cart",
    "/checkout",
    "/checkout/delivery",
    "/checkout/payment",
    "/checkout/thanks",
)
_CATEGORY = len(_STATIC)
_SEARCH = _CATEGORY + len(CATEGORIES)
_PRODUCT = _SEARCH + len(SEARCHES)

PATHS: tuple[str, ...] = (
    *_STATIC,
    *(f"/c/{name.replace(' ', '-')}" for name in CATEGORIES),
    *("/search" for _ in SEARCHES),
    *(f"/p/{product_id(number)}" for number in range(PRODUCTS)),
)
"""Path of each page."""

QUERIES: tuple[str, ...] = (
    *("" for _ in range(_SEARCH)),
    *(f"?q={term.replace(' ', '+')}" for term in SEARCHES),
    *("" for _ in range(PRODUCTS)),
)
"""Query of each page's own address."""

_FIXED: dict[str, int] = {
    "account": _STATIC.index("/login"),
    "cart": _STATIC.index("/cart"),
    "checkout": _STATIC.index("/checkout"),
    "shipping": _STATIC.index("/checkout/delivery"),
    "payment": _STATIC.index("/checkout/payment"),
    "purchase": _STATIC.index("/checkout/thanks"),
    "thanks": _STATIC.index("/account/orders"),
    "refund": _STATIC.index("/account/orders"),
}


def landings(rng: np.random.Generator, size: int) -> Ints:
    """Pages that visits begin on: the home page, a category, or a product."""
    kind = weighted(rng, (50, 30, 20), size)
    category = _CATEGORY + rng.integers(0, len(CATEGORIES), size)
    product = _PRODUCT + rng.integers(0, PRODUCTS, size)
    return np.where(kind == 0, 0, np.where(kind == 1, category, product))


def search_of(page: Ints) -> Ints:
    """The search term that a results page is about."""
    return page - _SEARCH


def pages_of_events(block: Block) -> Ints:
    """The page each event happens on."""
    events, units = block.events, block.units
    fixed = np.zeros(max(STEP.values()) + 1, dtype=np.int64)
    for name, number in _FIXED.items():
        fixed[STEP[name]] = number
    page: Ints = fixed[events.step]
    step, unit = events.step, events.unit
    landing = (step == STEP["ad"]) | (step == STEP["landing"])
    page = np.where(landing, units.landing[unit], page)
    category = np.isin(step, [STEP["list"], STEP["select"], STEP["second_ad"], STEP["quick_add"]])
    page = np.where(category, _CATEGORY + units.category[unit], page)
    reading = (step == STEP["look_around"]) | (step == STEP["read_on"])
    page = np.where(reading, events.number % 3 % _CATEGORY, page)
    page = np.where(step == STEP["search"], _SEARCH + events.number % len(SEARCHES), page)
    product = (step >= FIRST_VIEW) & (step <= LAST_ADD) | (step == STEP["view_again"])
    page[product] = _PRODUCT + block.goods.product[events.goods[product]]
    return page
