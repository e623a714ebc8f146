"""What goes wrong in a shop's events: records that the contract must refuse, and ones that silver must quarantine."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from clickstream_platform.simulate.block import Block
from clickstream_platform.simulate.config import ShopConfig
from clickstream_platform.simulate.draws import Flags, Ints, chance, joined, uuids
from clickstream_platform.simulate.journey import HOUR
from clickstream_platform.simulate.world import CODE

NOT_UTF8, NOT_UTF8_BYTE = b"\x02", 0xE9
"""A stand-in (one byte, so that finding it costs next to nothing) and what takes its place once lines are bytes."""

_SPOILED_SALT = 71
_TOO_LARGE_BYTES = 1_100_000

_ID, _TIME, _WHO = '"event_id":"ID"', '"event_time":"DAYT09:30:00Z"', '"anonymous_id":"a-1"'
_GOOD = f"{_ID},{_TIME},{_WHO}"
_VIEW = f'"event_name":"page_view",{_GOOD}'
_BUY = f'"event_name":"purchase",{_GOOD}'
_ITEM = f'"event_name":"view_item",{_GOOD}'
_QUARANTINE = ("clock_skew", "foreign_currency", "purchase_without_value")

_KINDS: tuple[tuple[str, str], ...] = (
    (
        "malformed_json",
        '{"event_id":"ID","event_name":"page_view","event_time":"DAYT09:30:00Z","anonymous_id":"a-broken',
    ),
    ("malformed_json", "GET /cart?id=ID HTTP/1.1 200"),
    ("malformed_json", "{'event_id': 'ID', 'event_name': 'page_view', 'event_time': 'DAYT09:30:00Z'}"),
    ("malformed_json", f'{{"event_name":"page_view",,{_GOOD}}}'),
    ("not_an_object", '"ID"'),
    ("not_an_object", '["ID",1,2]'),
    ("not_an_object", "42"),
    ("invalid_encoding", f'{{"event_name":"search",{_GOOD},"search_term":"caf{NOT_UTF8.decode()}"}}'),
    ("missing_field", f'{{"event_name":"page_view",{_TIME},"anonymous_id":"a-ID"}}'),
    ("missing_field", f'{{"event_id":"  ","event_name":"page_view",{_TIME},"anonymous_id":"a-ID"}}'),
    ("missing_field", f"{{{_GOOD}}}"),
    ("missing_field", f'{{"event_name":"page_view",{_ID},{_WHO}}}'),
    ("missing_field", f'{{"event_name":"page_view",{_ID},{_TIME}}}'),
    ("missing_field", f'{{"event_name":"page_view",{_ID},{_TIME},"user_id":"","anonymous_id":null}}'),
    ("missing_field", f'{{{_ITEM},"items":[{{"price":9.5}}]}}'),
    ("wrong_type", f'{{"event_name":"page_view",{_ID},{_WHO},"event_time":"DAYT09:30:00"}}'),
    ("wrong_type", f'{{"event_name":"page_view",{_ID},{_WHO},"event_time":true}}'),
    ("wrong_type", f'{{{_BUY},"order_id":"O-1","value":"12.50"}}'),
    ("wrong_type", f'{{{_ITEM},"items":"P00001"}}'),
    ("wrong_type", f'{{{_VIEW},"url":{{"path":"/"}}}}'),
    ("unknown_event", f'{{"event_name":"page_veiw",{_GOOD}}}'),
    ("unknown_event", f'{{"event_name":"heartbeat",{_GOOD}}}'),
    ("event_time_out_of_range", f'{{"event_name":"page_view",{_ID},{_WHO},"event_time":"1970-01-01T00:00:00Z"}}'),
    ("event_time_out_of_range", f'{{"event_name":"page_view",{_ID},{_WHO},"event_time":"2099-12-31T23:59:59Z"}}'),
    ("negative_amount", f'{{{_BUY},"order_id":"O-1","value":-12.50,"currency":"USD"}}'),
    ("negative_amount", f'{{{_ITEM},"items":[{{"product_id":"P00001","price":-1.00}}]}}'),
    ("invalid_value", f'{{{_BUY},"value":12.50,"currency":"dollars"}}'),
    ("invalid_value", f'{{{_VIEW},"consent":{{"ads":"maybe"}}}}'),
)
"""Reason, and a record that deserves it. `ID` becomes an id of its own, `DAY` the day."""


@dataclass(frozen=True)
class Spoiled:
    """Malformed records with the reason that each must get."""

    lines: pl.Series
    reasons: list[str]


def malformed_events(config: ShopConfig, rng: np.random.Generator, day: int, block: int, good: int) -> Spoiled:
    """Records to spoil a block with, so that they are the dirty rate's share of all its records."""
    dirt = config.dirt_per_million
    exact = good * dirt
    count = (exact + int(rng.integers(0, 1_000_000 - dirt))) // (1_000_000 - dirt) if dirt else 0
    kind = rng.integers(0, len(_KINDS), count)
    today = config.day(day).isoformat()
    halves = [record.replace("DAY", today).partition("ID") for _, record in _KINDS]
    heads, tails = pl.Series([half[0] for half in halves]), pl.Series([half[2] + "\n" for half in halves])
    number = ((day + 1) << 40) + (block << 20) + np.arange(count, dtype=np.int64)
    ids = pl.concat([pl.Series([""]), uuids(number, _SPOILED_SALT)])
    has_id = np.array([bool(half[1]) for half in halves])[kind]
    lines = joined([heads.gather(kind), ids.gather(np.where(has_id, np.arange(count) + 1, 0)), tails.gather(kind)])
    reasons = [_KINDS[each][0] for each in kind.tolist()]
    if count and block == 0 and day % 7 == 3:
        name = f"too-large-{day}"
        blob = "x" * _TOO_LARGE_BYTES
        large = f'{{"event_id":"{name}","event_name":"page_view","properties":{{"blob":"{blob}"}}}}\n'
        lines = pl.concat([lines, pl.Series([large])])
        reasons.append("too_large")
    return Spoiled(lines, reasons)


@dataclass(frozen=True)
class Refused:
    """Well-formed events that silver must quarantine.

    Attributes:
        block: The events.
        reason: Why, for each.
        received: When the shop received each (microseconds), 0 where it does not say.
        foreign: Which are in foreign money.
    """

    block: Block
    reason: npt.NDArray[np.str_]
    received: Ints
    foreign: Flags


def quarantined_events(config: ShopConfig, rng: np.random.Generator, block: Block) -> Refused:
    """Extra events, made like real ones of this block: skewed clocks, foreign money, purchases of nothing."""
    events = block.events
    count = int(np.count_nonzero(chance(rng, config.dirt_per_million // 5, len(events))))
    kind, pick = rng.integers(0, len(_QUARANTINE), count), rng.integers(0, 1 << 40, count)
    skew = rng.integers(25 * HOUR, 60 * HOUR, count)
    people = np.flatnonzero(~block.units.bot[events.unit])
    bought = np.flatnonzero(events.kind == CODE["purchase"])
    possible = np.where(kind == 0, len(people), len(bought)) > 0
    kind, pick, skew = kind[possible], pick[possible], skew[possible]
    of_people, of_bought = (
        pool[pick % len(pool)] if len(pool) else np.zeros(len(pick), dtype=np.int64) for pool in (people, bought)
    )
    refused = block.apart(np.where(kind == 0, of_people, of_bought))
    # Ids of their own: real events of a block never count this far.
    refused.events.number = (events.number[0] >> 20 << 20) + (1 << 19) + np.arange(len(kind))
    worthless = kind == _QUARANTINE.index("purchase_without_value")
    refused.units.no_value = refused.units.no_value | worthless
    refused.units.no_prices = refused.units.no_prices | worthless
    received = np.where(kind == _QUARANTINE.index("clock_skew"), refused.events.time - skew, 0)
    return Refused(refused, np.array(_QUARANTINE)[kind], received, kind == _QUARANTINE.index("foreign_currency"))
