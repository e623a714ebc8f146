"""The shop's master data files: customers with all the untidiness of forms filled in by hand, and products."""

import json

import numpy as np
import polars as pl

from clickstream_platform.simulate.config import ShopConfig
from clickstream_platform.simulate.draws import Ints, generator, timestamps, trait
from clickstream_platform.simulate.ids import user_ids
from clickstream_platform.simulate.journey import DAY, HOUR
from clickstream_platform.simulate.landing import Landing, as_bytes
from clickstream_platform.simulate.memory import Memory, members, strangers
from clickstream_platform.simulate.orders import customer_region, region_names
from clickstream_platform.simulate.people import email_of, first_names, last_names
from clickstream_platform.simulate.tally import Tally
from clickstream_platform.simulate.visits import CUSTOMERS, country_of
from clickstream_platform.simulate.world import (
    CATEGORIES,
    CATEGORY_OF,
    COUNTRIES,
    LATE_PRODUCTS,
    PRICES,
    ghosts,
    product_id,
    product_name,
)

_CHUNK = 100_000
_DELAY_SALT, _EMAIL_SALT, _PHONE_SALT, _COUNTRY_SALT, _SIGNUP_SALT = 91, 92, 93, 94, 95
_RENAMED = range(20, 28)

_SPOILED_CUSTOMERS: tuple[tuple[str, str], ...] = (
    ("missing_field", ",nobody@example.com,No Body,,US,CA,2024-01-05,DAYT10:00:00Z"),
    ("wrong_type", "ID,a@example.com,A Person,,US,CA,sometime,DAYT10:00:00Z"),
    ("wrong_column_count", "ID,b@example.com,Smith, Bob,,US,CA,2024-01-05,DAYT10:00:00Z"),
    ("wrong_column_count", "ID,c@example.com"),
)
_SPOILED_PRODUCTS: tuple[tuple[str, str], ...] = (
    ("negative_amount", '{"product_id":"PX1","name":"Cheap","category":"mugs","price":-1.0}'),
    ("missing_field", '{"name":"Nameless","category":"mugs","price":1.0}'),
    ("malformed_json", '{"product_id":"PX2","name":"Half'),
    ("not_an_object", '"P00001"'),
)


class MasterData:
    """Writes the customers' and products' files of each day."""

    def __init__(self, config: ShopConfig, landing: Landing, tally: Tally, memory: Memory) -> None:
        self._config, self._landing, self._tally, self._memory = config, landing, tally, memory

    def open_shop(self) -> None:
        """First day: everyone who had an account before, in their first version."""
        old = np.flatnonzero(self._memory.known)
        old = old[~strangers(self._config, old)]
        self._landing.start("customers")
        for begin in range(0, len(old), _CHUNK):
            chunk = old[begin : begin + _CHUNK]
            age = 1 + trait(chunk, _SIGNUP_SALT, 800)
            self._customers(chunk, self._config.epoch_day - age, 0, edition=0, hour=9)
        self._tally.totals["customers"]["clean"] += len(old)

    def close_day(self, day: int) -> None:
        """The day's new customers (one in five some days late), changes of known ones, and products."""
        self._landing.start("customers")
        rng = generator(self._config.seed, CUSTOMERS, day)
        new = np.concatenate([np.zeros(0, dtype=np.int64), *self._memory.new_customers.pop(day, [])])
        new = np.sort(new[~strangers(self._config, new)])
        delay = np.where(trait(new, _DELAY_SALT, 100) < 20, 1 + trait(new, _DELAY_SALT + 10, 3), 0)
        to = np.minimum(day + delay, self._config.days - 1)
        for each in np.unique(to).tolist():
            self._customers(
                new[to == each],
                np.full(int((to == each).sum()), self._config.epoch_day + day),
                each,
                edition=0,
                hour=20,
            )
        self._tally.totals["customers"]["clean"] += len(new)
        sent = len(new)
        if day == 0:
            sent += int(self._tally.totals["customers"]["clean"]) - len(new)
        else:
            # Only those who were customers before the shop opened: their first version is sent for certain.
            old = np.arange(day % 97, self._config.shoppers, 485)
            old = old[members(old) & ~strangers(self._config, old)]
            self._customers(old, np.full(len(old), self._config.epoch_day + day), day, edition=day, hour=22)
            self._tally.totals["customers"]["superseded"] += len(old)
            sent += len(old)
        self._spoil(rng, "customers", day, sent, _SPOILED_CUSTOMERS)
        self._products(rng, day)

    def _customers(self, shopper: Ints, date: Ints, day: int, *, edition: int, hour: int) -> None:
        signup = np.where(edition > 0, self._config.epoch_day - 1 - trait(shopper, _SIGNUP_SALT, 800), date)
        region = customer_region(shopper)
        frame = pl.DataFrame(
            {
                "customer_id": user_ids(shopper),
                "email": _emails(shopper, edition),
                "name": first_names(shopper) + " " + last_names(shopper),
                "phone": _phones(shopper, edition),
                "country": _countries(shopper),
                "region": region_names(shopper, region, ""),
                "signup_date": timestamps(signup * DAY).str.slice(0, 10),
                "updated_at": timestamps(date * DAY + hour * HOUR),
            }
        )
        rows = frame.select((pl.concat_str(pl.all(), separator=",") + "\n").alias("row"))["row"]
        self._landing.write("customers", day, as_bytes(rows))
        self._tally.records("customers", day, len(rows))

    def _products(self, rng: np.random.Generator, day: int) -> None:
        config, last = self._config, self._config.days - 1
        goods = range(ghosts(config.dirt_per_million))
        arrives = {number: min(2 + number, last) if number < LATE_PRODUCTS else 0 for number in goods}
        first = [_product(config, number, day, renamed=False) for number in goods if arrives[number] == day]
        renamed = [_product(config, number, day, renamed=True) for number in _RENAMED if renamed_on(number) == day]
        if first or renamed:
            self._landing.start("products")
            self._landing.write("products", day, "".join(f"{line}\n" for line in first + renamed).encode())
            self._tally.records("products", day, len(first) + len(renamed))
            self._tally.totals["products"]["clean"] += len(first)
            self._tally.totals["products"]["superseded"] += len(renamed)
            self._spoil(rng, "products", day, len(first), _SPOILED_PRODUCTS)

    def _spoil(
        self, rng: np.random.Generator, dataset: str, day: int, good: int, kinds: tuple[tuple[str, str], ...]
    ) -> None:
        dirt = self._config.dirt_per_million
        count = (good * dirt + int(rng.integers(0, 1_000_000 - dirt))) // (1_000_000 - dirt) if dirt else 0
        chosen = [kinds[each] for each in rng.integers(0, len(kinds), count).tolist()]
        today = self._config.day(day).isoformat()
        rows = [row.replace("DAY", today).replace("ID", f"X{day}-{place}") for place, (_, row) in enumerate(chosen)]
        self._landing.write(dataset, day, "".join(f"{row}\n" for row in rows).encode())
        self._tally.rejected(dataset, day, [reason for reason, _ in chosen])


def renamed_on(number: int) -> int:
    """The day that a good gets its new name, -1 for those that keep theirs."""
    return 1 + number - _RENAMED.start if number in _RENAMED else -1


def final_name(config: ShopConfig, number: int) -> str:
    """The name that a good has in the end."""
    return product_name(number, renamed=0 < renamed_on(number) < config.days)


def _product(config: ShopConfig, number: int, day: int, *, renamed: bool) -> str:
    cents = int(PRICES[number]) + 50 * renamed
    record = {
        "product_id": product_id(number),
        "name": product_name(number, renamed=renamed),
        "category": CATEGORIES[int(CATEGORY_OF[number])],
        "price": cents / 100,
        "updated_at": f"{config.day(day).isoformat()}T{8 + renamed:02d}:00:00Z",
    }
    return json.dumps(record)


def _emails(shopper: Ints, edition: int) -> pl.Series:
    """As typed: most of them clean, some in capitals, with blanks, wrong or missing; changed ones in later editions."""
    clean = email_of(shopper)
    if edition:
        clean = clean.str.replace("@", f"+{edition}@", literal=True)
    typed = trait(shopper, _EMAIL_SALT, 100)
    frame = pl.DataFrame({"email": clean, "typed": typed}).select(
        pl.when(pl.col("typed") < 4)
        .then(pl.col("email").str.to_uppercase())
        .when(pl.col("typed") < 7)
        .then(" " + pl.col("email") + "  ")
        .when(pl.col("typed") < 9)
        .then(pl.col("email").str.replace("@", " at ", literal=True))
        .when(pl.col("typed") < 12)
        .then(pl.lit(""))
        .otherwise("email")
        .alias("email")
    )
    return frame["email"]


def _phones(shopper: Ints, edition: int) -> pl.Series:
    """In many notations; 555 numbers, which belong to nobody."""
    style = trait(shopper, _PHONE_SALT + edition, 6)
    last = pl.Series(100 + trait(shopper, _PHONE_SALT + 20, 100)).cast(pl.String)
    heads = pl.Series(["+1 (212) 555-0", "212-555-0", "2125550", "+12125550", "555", ""]).gather(style)
    return heads + last.zip_with(pl.Series(style < 5), pl.Series([""]).new_from_index(0, len(shopper)))


def _countries(shopper: Ints) -> pl.Series:
    codes = pl.Series(["", *(code for code, *_ in COUNTRIES)])
    return codes.gather(np.where(trait(shopper, _COUNTRY_SALT, 100) < 5, 0, 1 + country_of(shopper)))
