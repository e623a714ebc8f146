"""A day's visits, block by block."""

from collections.abc import Iterator

from clickstream_platform.simulate.block import Block
from clickstream_platform.simulate.config import ShopConfig
from clickstream_platform.simulate.memory import Memory, Refunds
from clickstream_platform.simulate.stays import make_block
from clickstream_platform.simulate.visits import Visits, visits_of_day

VISITS_PER_BLOCK = 16_384
"""Bounds the memory of a busy day. Part of what makes a shop: another number draws other visits."""


def blocks_of_day(config: ShopConfig, memory: Memory, day: int) -> Iterator[Block]:
    """The day's visits in order of time, some thousand at once; memory goes from day to day."""
    memory.orders = 0
    refunds = Refunds.joined(memory.refunds.pop(day, []))
    people = memory.population
    visits = visits_of_day(config, day, refunds.shopper, None if people is None else people.holder)
    for number, begin in enumerate(range(0, len(visits.start), VISITS_PER_BLOCK)):
        part = slice(begin, begin + VISITS_PER_BLOCK)
        some = Visits(visits.start[part], visits.shopper[part], visits.refund[part])
        yield make_block(config, memory, day, number, some, refunds)
