"""How a block of events reaches the files: in order of time, some late, some twice, some spoiled."""

import numpy as np
import polars as pl

from clickstream_platform.simulate.block import Block
from clickstream_platform.simulate.config import ShopConfig
from clickstream_platform.simulate.consent import ADS, ANALYTICS
from clickstream_platform.simulate.dirt import (
    NOT_UTF8,
    NOT_UTF8_BYTE,
    Refused,
    malformed_events,
    quarantined_events,
)
from clickstream_platform.simulate.draws import Flags, Ints, chance, generator
from clickstream_platform.simulate.journey import DAY
from clickstream_platform.simulate.landing import Landing, as_bytes
from clickstream_platform.simulate.lines import event_lines
from clickstream_platform.simulate.tally import Tally
from clickstream_platform.simulate.visits import DELIVERY
from clickstream_platform.simulate.world import CURRENCY, FOREIGN_CURRENCY

_LATE_PER_MILLION = 5_000
_LATEST_DAYS = 3
_RETRIED_PER_MILLION = 500_000
"""Of the events that are sent again: those received a second time (the others are copied, receipt and all)."""


def deliver(config: ShopConfig, landing: Landing, tally: Tally, block: Block, day: int, number: int) -> None:
    """Write a block's events to today's file, or keep them for the later file they come in."""
    if not len(block.events):
        return
    rng = generator(config.seed, DELIVERY, day, number)
    events, last = block.events, config.days - 1
    size = len(events)
    happened = events.time // DAY - config.epoch_day
    late = chance(rng, _LATE_PER_MILLION, size) & (happened < last)
    file_day = np.minimum(happened + late * rng.integers(1, _LATEST_DAYS + 1, size), last)
    usual = events.time + rng.integers(40_000, 2_000_000, size)
    received = np.where(chance(rng, 700_000, size), usual, 0)
    received = np.where(late, events.time + (file_day - happened) * DAY, received)

    again = np.flatnonzero(chance(rng, config.dirt_per_million // 2, size))
    file_day_again = np.minimum(file_day[again] + rng.integers(0, 3, len(again)), last)
    retried = chance(rng, _RETRIED_PER_MILLION, len(again))
    second = np.where(
        retried, events.time[again] + (file_day_again - happened[again]) * DAY + 2_000_000, received[again]
    )
    refused = quarantined_events(config, rng, block)
    spoiled = malformed_events(config, rng, day, number, size + len(again) + len(refused.reason))
    _count(config, tally, block, happened, late, again, refused)
    tally.rejected("events", day, spoiled.reasons)

    sent = block.joined(refused.block)
    sent.events = sent.events.take(np.concatenate([np.arange(len(sent.events)), again]))
    lines = event_lines(sent, np.concatenate([received, refused.received, second]))
    if refused.foreign.any():
        lines = in_foreign_money(lines, size, refused.foreign)
    times = np.sort(events.time)
    whenever = rng.choice(times[1:], len(spoiled.lines)) if size > 1 else np.full(len(spoiled.lines), times[0])
    time = np.concatenate([sent.events.time, whenever])
    accepted = np.arange(len(time)) < len(sent.events)
    refused_day = refused.block.events.time // DAY - config.epoch_day
    to = np.concatenate([file_day, refused_day, file_day_again, np.full(len(whenever), day)])
    # Good records go before spoiled ones of the same moment, so a file never begins with a spoiled one.
    order = np.lexsort((~accepted, time))
    _write(landing, tally, pl.concat([lines, spoiled.lines]), order, to, accepted)


def in_foreign_money(lines: pl.Series, begin: int, foreign: Flags) -> pl.Series:
    """The lines, those that `foreign` marks in the part from `begin` on with another currency."""
    part = lines[begin : begin + len(foreign)]
    abroad = part.str.replace(f'"currency":"{CURRENCY}"', f'"currency":"{FOREIGN_CURRENCY}"', literal=True)
    return pl.concat([lines[:begin], abroad.zip_with(pl.Series(foreign), part), lines[begin + len(foreign) :]])


def _count(
    config: ShopConfig, tally: Tally, block: Block, happened: Ints, late: Flags, again: Ints, refused: Refused
) -> None:
    """What becomes of a block's events, by the day they happened on."""
    tally.happened("events", "accepted", happened)
    tally.happened("events", "clean", happened)
    tally.happened("events", "bots", happened[block.units.bot[block.events.unit]])
    tally.happened("events", "late", happened[late])
    answer = block.units.consent[block.events.unit]
    tally.happened("events", "analytics_denied", happened[~ANALYTICS[answer]])
    tally.happened("events", "ads_denied", happened[~ADS[answer]])
    tally.happened("events", "accepted", happened[again])
    tally.happened("events", "duplicates", happened[again])
    days = refused.block.events.time // DAY - config.epoch_day
    tally.happened("events", "accepted", days)
    for reason in np.unique(refused.reason).tolist():
        tally.happened("events", f"quarantined.{reason}", days[refused.reason == reason])


def _write(landing: Landing, tally: Tally, lines: pl.Series, order: Ints, to: Ints, accepted: Flags) -> None:
    for file_day in np.unique(to).tolist():
        rows = order[to[order] == file_day]
        data = as_bytes(lines.gather(rows))
        at = data.find(NOT_UTF8)
        while at >= 0:
            data[at] = NOT_UTF8_BYTE
            at = data.find(NOT_UTF8, at)
        landing.write("events", file_day, data)
        tally.records("events", file_day, int(accepted[rows].sum()))
