"""A shop simulator with a seed: the files a shop would send, and its own truth of what must come out of them.

What is exported here is imported when it is first asked for: the data generator's package has no room for what only
files and truth need.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clickstream_platform.simulate.config import ShopConfig, SimulationError, SimulationSummary
    from clickstream_platform.simulate.live import LiveRecord, records_of_slot
    from clickstream_platform.simulate.run import simulate
    from clickstream_platform.simulate.slots import SLOT, LiveShop, slot_of
    from clickstream_platform.simulate.stream import events_between

_MODULES = {
    "SLOT": "slots",
    "LiveRecord": "live",
    "LiveShop": "slots",
    "ShopConfig": "config",
    "SimulationError": "config",
    "SimulationSummary": "config",
    "events_between": "stream",
    "records_of_slot": "live",
    "simulate": "run",
    "slot_of": "slots",
}

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


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
