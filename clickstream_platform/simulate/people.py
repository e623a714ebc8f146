"""The shoppers as people: names and e-mail addresses. All of them invented, all under example domains."""

import polars as pl

from clickstream_platform.simulate.draws import Ints, trait

_FIRST = (
    "Ann",
    "Ben",
    "Carla",
    "David",
    "Emma",
    "Felix",
    "Grace",
    "Hugo",
    "Ines",
    "Jonas",
    "Karin",
    "Liam",
    "Mia",
    "Noah",
    "Olga",
    "Pablo",
)
_LAST = (
    "Smith",
    "M\u00fcller",
    "Garcia",
    "Dubois",
    "Rossi",
    "Novak",
    "Silva",
    "Patel",
    "Kim",
    "O'Brien",
    "Jansen",
    "Lopez",
    "Brown",
)
_PLAIN_LAST = (
    "smith",
    "mueller",
    "garcia",
    "dubois",
    "rossi",
    "novak",
    "silva",
    "patel",
    "kim",
    "obrien",
    "jansen",
    "lopez",
    "brown",
)
_DOMAINS = ("example.com", "example.org", "example.net", "mail.example.com")
_FIRST_SALT, _LAST_SALT, _DOMAIN_SALT = 61, 62, 63


def first_names(shopper: Ints) -> pl.Series:
    """Given names."""
    return pl.Series(_FIRST).gather(trait(shopper, _FIRST_SALT, len(_FIRST)))


def last_names(shopper: Ints) -> pl.Series:
    """Family names."""
    return pl.Series(_LAST).gather(trait(shopper, _LAST_SALT, len(_LAST)))


def email_of(shopper: Ints) -> pl.Series:
    """Each shopper's own e-mail address, clean and in lower case."""
    first = pl.Series([name.lower() for name in _FIRST]).gather(trait(shopper, _FIRST_SALT, len(_FIRST)))
    last = pl.Series(_PLAIN_LAST).gather(trait(shopper, _LAST_SALT, len(_LAST)))
    domain = pl.Series(_DOMAINS).gather(trait(shopper, _DOMAIN_SALT, len(_DOMAINS)))
    return first + "." + last + pl.Series(shopper).cast(pl.String) + "@" + domain
