"""Sends orders to the files of their days: new ones, updates, late and repeated rows, and rows that must be refused."""

from collections import defaultdict

import numpy as np
import polars as pl

from clickstream_platform.simulate.config import ShopConfig
from clickstream_platform.simulate.draws import Ints, chance, generator
from clickstream_platform.simulate.journey import DAY
from clickstream_platform.simulate.landing import Landing, as_bytes
from clickstream_platform.simulate.orders import REASONS, OrderLines, order_rows, quarantine_reason
from clickstream_platform.simulate.tally import Tally
from clickstream_platform.simulate.visits import ORDERS

_LATE_PER_MILLION = 10_000

_SPOILED: tuple[tuple[str, str], ...] = (
    ("unknown_status", "ID,C00000001,P00010,1,10.00,10.00,teleported,DAYT10:00:00Z,,,DAYT10:00:00Z"),
    ("negative_amount", "ID,C00000001,P00010,1,10.00,-10.00,completed,DAYT10:00:00Z,,,DAYT10:00:00Z"),
    ("negative_amount", "ID,C00000001,P00010,-1,10.00,10.00,completed,DAYT10:00:00Z,,,DAYT10:00:00Z"),
    ("missing_field", ",C00000001,P00010,1,10.00,10.00,completed,DAYT10:00:00Z,,,DAYT10:00:00Z"),
    ("missing_field", "ID, ,P00010,1,10.00,10.00,completed,DAYT10:00:00Z,,,DAYT10:00:00Z"),
    ("wrong_type", "ID,C00000001,P00010,two,10.00,20.00,completed,DAYT10:00:00Z,,,DAYT10:00:00Z"),
    ("wrong_type", "ID,C00000001,P00010,1,10.00,ten,completed,DAYT10:00:00Z,,,DAYT10:00:00Z"),
    ("wrong_column_count", "ID,C00000001,P00010,1,10.00"),
    ("wrong_column_count", "ID,C00000001,P00010,1,10.00,10.00,completed,DAYT10:00:00Z,,,DAYT10:00:00Z,surplus"),
    ("event_time_out_of_range", "ID,C00000001,P00010,1,10.00,10.00,completed,1970-01-01T10:00:00Z,,,DAYT10:00:00Z"),
)


class OrderDesk:
    """Keeps orders until their day is over, then writes them."""

    def __init__(self, config: ShopConfig, landing: Landing, tally: Tally) -> None:
        self._config, self._landing, self._tally = config, landing, tally
        self._due: dict[int, list[OrderLines]] = defaultdict(list)

    def take(self, lines: OrderLines) -> None:
        """Accept order lines of any day that is not over."""
        day = lines.time // DAY - self._config.epoch_day
        for each in np.unique(day).tolist():
            self._due[each].append(lines.take(day == each))

    def due(self, day: int) -> int:
        """Order lines of that day so far."""
        return sum(len(lines) for lines in self._due[day])

    def close_day(self, day: int) -> OrderLines | None:
        """Write the day's orders. Returns them, for the truth; None if there were none."""
        config, tally, landing = self._config, self._tally, self._landing
        landing.start("orders")
        parts = self._due.pop(day, [])
        if not parts:
            return None
        lines = OrderLines.joined(parts)
        size, last = len(lines), config.days - 1
        rng = generator(config.seed, ORDERS, day)
        late = chance(rng, _LATE_PER_MILLION, size)
        first = np.minimum(day + late * rng.integers(1, 3, size), last)
        self._send(lines, first, final=False)
        changed = np.flatnonzero(lines.updated)
        updates = lines.take(changed)
        self._send(updates, updates.updated // DAY - config.epoch_day, final=True)
        again = np.flatnonzero(chance(rng, config.dirt_per_million // 2, size))
        self._send(lines.take(again), np.minimum(first[again] + rng.integers(0, 3, len(again)), last), final=False)
        happened = np.full(size, day)
        tally.happened("orders", "accepted", np.repeat(happened, 1 + (lines.updated > 0)))
        tally.happened("orders", "accepted", happened[again])
        tally.happened("orders", "superseded", np.concatenate([happened[changed], happened[again]]))
        reason = quarantine_reason(config, lines)
        tally.happened("orders", "validated", happened[reason == 0])
        for number in np.unique(reason[reason > 0]).tolist():
            tally.happened("orders", f"quarantined.{REASONS[number]}", happened[reason == number])
        self._spoil(rng, day, size + len(changed) + len(again))
        return lines

    def _send(self, lines: OrderLines, to: Ints, *, final: bool) -> None:
        rows = order_rows(lines, final=final)
        for each in np.unique(to).tolist():
            chosen = rows.filter(pl.Series(to == each))
            self._landing.write("orders", each, as_bytes(chosen))
            self._tally.records("orders", each, len(chosen))

    def _spoil(self, rng: np.random.Generator, day: int, good: int) -> None:
        dirt = self._config.dirt_per_million
        count = (good * dirt + int(rng.integers(0, 1_000_000 - dirt))) // (1_000_000 - dirt) if dirt else 0
        today = self._config.day(day).isoformat()
        chosen = [_SPOILED[each] for each in rng.integers(0, len(_SPOILED), count).tolist()]
        rows = [row.replace("DAY", today).replace("ID", f"OX{day}-{place}") for place, (_, row) in enumerate(chosen)]
        self._landing.write("orders", day, "".join(f"{row}\n" for row in rows).encode())
        self._tally.rejected("orders", day, [reason for reason, _ in chosen])
