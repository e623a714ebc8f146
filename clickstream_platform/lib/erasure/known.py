"""What is known of a person beside the ids that were given: e-mail addresses, and anonymous ids of theirs alone."""

import polars as pl

from clickstream_platform.lake import Lake
from clickstream_platform.lib.erasure.person import Person
from clickstream_platform.lib.erasure.search import ErasureError, unreadable


def known_of(lake: Lake, ids: frozenset[str], key: bytes | None, *, linked: bool) -> Person:
    """The person with these ids: their e-mail addresses too, and the anonymous ids that nobody else was seen with.

    Raises:
        ErasureError: An id is no text, or bronze cannot be read.
        IngestError: The lake cannot be used.
    """
    for name in ids:
        if not name.isascii() and name.encode("utf-8", "replace").decode() != name:
            raise ErasureError(f"{name[:80]!r} is no UTF-8 text, and nothing here has such an id")
    try:
        everyone = ids | (_linked(lake, sorted(ids)) if linked else frozenset())
        events, wanted = lake.scan("events"), sorted(everyone)
        own = pl.col("user_id").is_in(wanted) | (pl.col("user_id").is_null() & pl.col("anonymous_id").is_in(wanted))
        in_events = events.filter(own & pl.col("email_hash").is_not_null()).select("email_hash").unique()
        customers = (
            lake.scan("customers")
            .filter(pl.col("customer_id").is_in(wanted))
            .select("email_normalized", "email_hash")
            .unique()
            .collect(engine="streaming")
        )
        hashes = {*in_events.collect(engine="streaming").to_series(), *customers["email_hash"].drop_nulls()}
    except pl.exceptions.PolarsError as error:
        raise unreadable("bronze", error) from error
    return Person(everyone, frozenset(customers["email_normalized"].drop_nulls()), frozenset(hashes), key)


def _linked(lake: Lake, ids: list[str]) -> frozenset[str]:
    """Anonymous ids of events of these users that no other user has events with."""
    events = lake.scan("events").select("user_id", "anonymous_id").filter(pl.col("anonymous_id").is_not_null())
    with_them = events.filter(pl.col("user_id").is_in(ids)).select("anonymous_id").unique()
    others = events.filter(pl.col("user_id").is_not_null() & ~pl.col("user_id").is_in(ids))
    alone = with_them.join(others, on="anonymous_id", how="anti").collect(engine="streaming")
    return frozenset(alone["anonymous_id"])
