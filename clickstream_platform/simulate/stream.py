"""The shop live: the events of any span of time, for whoever plays them to a stream."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from clickstream_platform.simulate.blocks import blocks_of_day
from clickstream_platform.simulate.config import ShopConfig, SimulationError
from clickstream_platform.simulate.journey import DAY
from clickstream_platform.simulate.lines import event_lines
from clickstream_platform.simulate.memory import Memory

_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def events_between(config: ShopConfig, begin: datetime, end: datetime) -> Iterator[str]:
    """The shop's clean events with `begin <= event_time < end`, in order of time, each one JSON object (no line end).

    Adjoining spans neither repeat nor lose an event, whoever asks for them: every day is drawn on its own, from the
    configuration alone. Times outside the configured days have no events. Unlike in `simulate`, nobody is remembered
    from one day to the next, so there are no refunds, and nobody leaves.

    Raises:
        SimulationError: If a time has no UTC offset.
    """
    if begin.tzinfo is None or end.tzinfo is None:
        raise SimulationError("begin and end need a UTC offset")
    first, last = ((moment - _EPOCH) // timedelta(microseconds=1) for moment in (begin, end))
    # Visits last less than a day and may begin late on the day before.
    days = range(first // DAY - config.epoch_day - 1, -(-last // DAY) - config.epoch_day)
    lines: list[pl.Series] = [pl.Series([], dtype=pl.String)]
    times = [np.zeros(0, dtype=np.int64)]
    for day in days:
        if not 0 <= day < config.days:
            continue
        memory = Memory.fresh(config)
        for block in blocks_of_day(config, memory, day):
            inside = np.flatnonzero((block.events.time >= first) & (block.events.time < last))
            if len(inside):
                block.events = block.events.take(inside)
                lines.append(event_lines(block, np.zeros(len(inside), dtype=np.int64)))
                times.append(block.events.time)
    ordered = pl.concat(lines).gather(np.argsort(np.concatenate(times), kind="stable"))
    yield from ordered.str.strip_chars_end("\n")
