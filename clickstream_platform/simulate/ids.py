"""The ids of events, people and orders, made of their numbers."""

import polars as pl

from clickstream_platform.simulate.draws import Flags, Ints, hexadecimal, mix, numbered, strings, uuids

_EVENT_SALT, _ANONYMOUS_SALT = 51, 53


def event_ids(numbers: Ints) -> pl.Series:
    """The ids of the events with these numbers."""
    return uuids(numbers, _EVENT_SALT)


def user_ids(shopper: Ints) -> pl.Series:
    """The ids that accounts and customers share."""
    return numbered("C", shopper, 8)


def anonymous_ids(shopper: Ints) -> pl.Series:
    """The ids that browsers keep for people and crawlers."""
    return "a" + strings(hexadecimal(mix(shopper, _ANONYMOUS_SALT)))


def entity_ids(shopper: Ints, identified: Flags) -> pl.Series:
    """The user id of identified visitors, the anonymous id of others."""
    return user_ids(shopper).zip_with(pl.Series(identified), anonymous_ids(shopper))


def order_ids(order: Ints) -> pl.Series:
    """The ids of orders."""
    return numbered("O", order, 12)
