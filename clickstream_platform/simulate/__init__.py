"""A shop simulator with a seed: the files a shop would send, and its own truth of what must come out of them."""

from clickstream_platform.simulate.config import ShopConfig, SimulationError, SimulationSummary
from clickstream_platform.simulate.live import LiveRecord, records_of_slot
from clickstream_platform.simulate.run import simulate
from clickstream_platform.simulate.slots import SLOT, LiveShop, slot_of
from clickstream_platform.simulate.stream import events_between

__all__ = [
    "SLOT",
    "LiveRecord",
    "LiveShop",
    "ShopConfig",
    "SimulationError",
    "SimulationSummary",
    "events_between",
    "records_of_slot",
    "simulate",
    "slot_of",
]
