"""The tables that the shop draws from: browsers, crawlers, places, goods."""

import numpy as np

from clickstream_platform.simulate.draws import Ints, trait

SHOP = "https://shop.example.com"
CURRENCY, FOREIGN_CURRENCY = "USD", "EUR"

EVENT_NAMES: tuple[str, ...] = (
    "page_view",
    "view_item_list",
    "view_item",
    "select_item",
    "search",
    "add_to_cart",
    "remove_from_cart",
    "view_cart",
    "begin_checkout",
    "add_shipping_info",
    "add_payment_info",
    "purchase",
    "refund",
    "login",
    "sign_up",
    "click",
)
CODE: dict[str, int] = {name: code for code, name in enumerate(EVENT_NAMES)}

_SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.3"
_CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.0.0"
_TIZEN = "AppleWebKit/537.36 (KHTML, like Gecko) 94.0.4606.31/7.0"
BROWSERS: tuple[tuple[str, str, int], ...] = (
    ("desktop", f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_CHROME} Safari/537.36", 24),
    ("desktop", f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_SAFARI} Safari/605.1.15", 10),
    ("desktop", "Mozilla/5.0 (X11; Linux x86_64; rv:123.0) Gecko/20100101 Firefox/123.0", 4),
    ("desktop", f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_CHROME} Safari/537.36 Edg/122.0.2365.52", 7),
    ("mobile", f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_3_1 like Mac OS X) {_SAFARI} Mobile/15E148 Safari/604.1", 26),
    ("mobile", f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {_CHROME} Mobile Safari/537.36", 18),
    ("tablet", f"Mozilla/5.0 (iPad; CPU OS 17_3 like Mac OS X) {_SAFARI} Mobile/15E148 Safari/604.1", 5),
    ("tablet", f"Mozilla/5.0 (Linux; Android 13; SM-X710) {_CHROME} Safari/537.36", 3),
    ("tv", f"Mozilla/5.0 (SMART-TV; LINUX; Tizen 7.0) {_TIZEN} TV Safari/537.36", 1),
    ("unknown", "", 2),
)
KIOSK_BROWSER = 2
CRAWLERS: tuple[str, ...] = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    "Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)",
    "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
)

COUNTRIES: tuple[tuple[str, tuple[str, ...], int, int], ...] = (
    ("US", ("CA", "NY", "TX", "WA"), -6, 42),
    ("GB", ("ENG", "SCT"), 0, 12),
    ("DE", ("BE", "BY", "HH"), 1, 12),
    ("FR", ("IDF", "OCC"), 1, 7),
    ("CA", ("ON", "QC"), -5, 7),
    ("AU", ("NSW", "VIC"), 10, 5),
    ("NL", ("NH", "ZH"), 1, 5),
    ("BR", ("SP", "RJ"), -3, 5),
    ("IN", ("KA", "MH"), 5, 5),
)
"""Code, regions, hours from UTC, weight."""

HOURS = (14, 8, 5, 4, 4, 7, 14, 26, 38, 46, 50, 52, 55, 52, 50, 50, 52, 58, 68, 82, 92, 84, 58, 30)
"""Visits by hour of the visitor's own day."""

CATEGORIES = (
    "mugs",
    "teapots",
    "tea",
    "coffee",
    "kettles",
    "lamps",
    "chairs",
    "blankets",
    "garden",
    "books",
    "candles",
    "gift cards",
)
_ADJECTIVES = ("Blue", "Oak", "Stone", "Nordic", "Golden", "Little", "Grand", "Classic", "Speckled", "Quiet")
SEARCHES = ("blue mug", "teapot", "gift", "oolong", "reading lamp", "wool blanket", "kettle", "caf\u00e9")

PRODUCTS = 240
LATE_PRODUCTS = 6
"""Goods 0..5 are sold some days before the shop sends their master record."""
GHOST_PRODUCTS = 4
"""Goods 236..239 have events and orders and never a master record (only when the shop is dirty)."""

_numbers: Ints = np.arange(PRODUCTS, dtype=np.int64)
PRICES: Ints = 295 + 100 * trait(_numbers, 11, 90) + 5 * trait(_numbers, 12, 40)
"""Cents."""
CATEGORY_OF: Ints = trait(_numbers, 13, len(CATEGORIES))


def product_id(number: int) -> str:
    """The shop's name for a good."""
    return f"P{number:05d}"


def product_name(number: int, *, renamed: bool = False) -> str:
    """What a good is called, before or after its one renaming."""
    adjective = _ADJECTIVES[(number * 7 + renamed) % len(_ADJECTIVES)]
    return f"{adjective} {CATEGORIES[int(CATEGORY_OF[number])]} no. {number}"


def ghosts(dirty_per_million: int) -> int:
    """First number of the goods that have no master record."""
    return PRODUCTS - GHOST_PRODUCTS if dirty_per_million else PRODUCTS
