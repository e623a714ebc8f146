"""The records that a shop sends in five minutes, for whoever puts them on a stream: good, repeated and malformed."""

from collections.abc import Iterator
from functools import reduce
from typing import NamedTuple

import numpy as np
import polars as pl

from clickstream_platform.simulate.block import Block
from clickstream_platform.simulate.delivery import in_foreign_money
from clickstream_platform.simulate.dirt import NOT_UTF8, NOT_UTF8_BYTE, malformed_events, quarantined_events
from clickstream_platform.simulate.draws import chance, generator
from clickstream_platform.simulate.ids import entity_ids
from clickstream_platform.simulate.lines import event_lines
from clickstream_platform.simulate.slots import (
    FIRST_BLOCK,
    LONGEST_LIVE_VISIT,
    SLOT,
    SLOTS_A_DAY,
    LiveShop,
    block_of_slot,
)
from clickstream_platform.simulate.world import EVENT_NAMES

_LIVE_DIRT = 10


class LiveRecord(NamedTuple):
    """One record.

    Attributes:
        entity: Whose it is; for a malformed one just some text of its own.
        event: The event's name; None for a malformed record.
        data: One JSON object, without a line end.
    """

    entity: str
    event: str | None
    data: bytes


def records_of_slot(shop: LiveShop, slot: int) -> list[LiveRecord]:
    """What the shop sends in a slot, in order of time. The same slot always gives the same bytes.

    Visits begin in any slot and go on in later ones: every event is in the slot that it happens in, and adjoining slots
    neither repeat nor lose one. As nobody is remembered from one slot to the next, there are no refunds, and a shopper
    may be about twice at once.
    """
    block = _events_of(shop, slot)
    if block is None:
        return []
    epoch_day, of_day = divmod(slot, SLOTS_A_DAY)
    config = shop.config(np.datetime64(epoch_day, "D").item())
    day = epoch_day - config.epoch_day
    rng = generator(config.seed, _LIVE_DIRT, slot)
    size = len(block.events)
    again = np.flatnonzero(chance(rng, config.dirt_per_million // 2, size))
    refused = quarantined_events(config, rng, block)
    # Ids of their own, by this slot: the events' own numbers are those of the slots that their visits began in.
    refused.block.events.number = (
        ((day + 1) << 40) + ((FIRST_BLOCK + of_day) << 20) + (1 << 19) + np.arange(len(refused.reason))
    )
    spoiled = malformed_events(config, rng, day, FIRST_BLOCK + of_day, size + len(again) + len(refused.reason))

    sent = block.joined(refused.block)
    sent.events = sent.events.take(np.concatenate([np.arange(len(sent.events)), again]))
    received = np.concatenate([np.zeros(size, np.int64), refused.received, np.zeros(len(again), np.int64)])
    lines = event_lines(sent, received)
    if refused.foreign.any():
        lines = in_foreign_money(lines, size, refused.foreign)
    units = sent.units
    entities = entity_ids(units.shopper, units.identified).gather(sent.events.unit).to_list()
    events = [EVENT_NAMES[kind] for kind in sent.events.kind.tolist()]
    whenever = slot * SLOT + rng.integers(0, SLOT, len(spoiled.lines))
    order = np.argsort(np.concatenate([sent.events.time, whenever]), kind="stable")
    names: list[str | None] = [*events, *[None] * len(spoiled.lines)]
    keys = [*entities, *(f"malformed-{slot}-{number}" for number in range(len(spoiled.lines)))]
    data = [_as_bytes(line) for line in pl.concat([lines, spoiled.lines])]
    return [LiveRecord(keys[place], names[place], data[place]) for place in order.tolist()]


def _as_bytes(line: str) -> bytes:
    return line.rstrip("\n").encode().replace(NOT_UTF8, bytes([NOT_UTF8_BYTE]))


def _events_of(shop: LiveShop, slot: int) -> Block | None:
    """The events that happen in a slot, on visits that began in it or before, each with a unit to itself."""
    begin, end = slot * SLOT, (slot + 1) * SLOT
    parts = [
        block.apart(rows)
        for block in _recent_blocks(shop, slot)
        if len(rows := np.flatnonzero((block.events.time >= begin) & (block.events.time < end)))
    ]
    return reduce(Block.joined, parts) if parts else None


def _recent_blocks(shop: LiveShop, slot: int) -> Iterator[Block]:
    for earlier in range(slot - LONGEST_LIVE_VISIT // SLOT, slot + 1):
        block = block_of_slot(shop, earlier)
        if block is not None:
            yield block
