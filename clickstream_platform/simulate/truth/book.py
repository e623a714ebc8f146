"""Collects the truth block by block and writes it day by day, one row group a day."""

from collections import defaultdict
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from clickstream_platform.simulate.block import Block
from clickstream_platform.simulate.config import ShopConfig
from clickstream_platform.simulate.draws import Ints
from clickstream_platform.simulate.journey import DAY
from clickstream_platform.simulate.orders import OrderLines
from clickstream_platform.simulate.population import Population
from clickstream_platform.simulate.truth.columns import SCHEMAS, typed
from clickstream_platform.simulate.truth.customers import customer_traits
from clickstream_platform.simulate.truth.summaries import (
    Lifetimes,
    conversion_funnel,
    daily_sales_summary,
    product_performance,
    sales_lines,
)
from clickstream_platform.simulate.truth.visits import (
    attributed_checkouts,
    product_figures,
    sessions,
    traffic_summary,
    windows,
)
from clickstream_platform.simulate.world import PRODUCTS

_DAY_COLUMN = {"sessions": "session_date", "attributed_checkouts": "date"}
_KEY = {"sessions": "session_id", "attributed_checkouts": "checkout_id"}
_WINDOWS_A_DAY = 288


class TruthBook:
    """Writes `<table>.parquet` for every table that has a truth. Use as a context manager."""

    def __init__(self, config: ShopConfig, folder: Path) -> None:
        self._config = config
        self._writers = {name: _writer(folder / f"{name}.parquet", name) for name in SCHEMAS}
        self._rows: dict[tuple[str, int], list[pl.DataFrame]] = defaultdict(list)
        self._windows: dict[int, list[pl.DataFrame]] = defaultdict(list)
        self._products: dict[int, Ints] = defaultdict(lambda: np.zeros((PRODUCTS, 7), dtype=np.int64))
        self._lifetimes = Lifetimes.none(config.shoppers)

    def __enter__(self) -> "TruthBook":
        return self

    def __exit__(self, *_: object) -> None:
        for writer in self._writers.values():
            writer.close()

    def take(self, block: Block, reason: npt.NDArray[np.str_]) -> None:
        """Note a block's visits; `reason` tells for each session why it began."""
        if not len(block.events):
            return
        for name, frame in (
            ("sessions", sessions(block, reason)),
            ("attributed_checkouts", attributed_checkouts(block)),
        ):
            for part in frame.partition_by(_DAY_COLUMN[name], maintain_order=True):
                day = part[_DAY_COLUMN[name]].cast(pl.Int32)[0]
                self._rows[name, day].append(part)
        parts = windows(block)
        for part in parts.with_columns(day=pl.col("window") // _WINDOWS_A_DAY).partition_by("day", maintain_order=True):
            self._windows[part["day"][0]].append(part.drop("day"))
        for day, figures in product_figures(block).items():
            self._products[day] += figures

    def close_day(self, day: int, orders: OrderLines | None, spend: pl.DataFrame) -> None:
        """Write a day that is over: all its visits and orders have been noted. `spend` is the day's, as corrected."""
        number = self._config.epoch_day + day
        self._write("marketing_spend_clean", spend)
        for name in ("sessions", "attributed_checkouts"):
            parts = self._rows.pop((name, number), [])
            if parts:
                frame = pl.concat(parts).sort(_KEY[name])
                self._write(name, frame)
                if name == "sessions":
                    self._write("conversion_funnel", conversion_funnel(frame))
        if number in self._windows:
            self._write("traffic_summary", traffic_summary(self._windows.pop(number)))
        self._write(
            "product_performance", product_performance(self._config, number, self._products.pop(number, _NOTHING))
        )
        if orders is not None:
            self._lifetimes.add(self._config, orders)
            self._write("daily_sales_summary", daily_sales_summary(sales_lines(self._config, orders)))

    def close_shop(self, people: Population) -> None:
        """Write what needs all days."""
        self._write("customer_lifetime_value", self._lifetimes.frame())
        self._write("customer_traits", customer_traits(self._config, people))

    def _write(self, name: str, frame: pl.DataFrame) -> None:
        if not frame.is_empty():
            self._writers[name].write_table(_arrow(typed(name, frame)))


_NOTHING: Ints = np.zeros((PRODUCTS, 7), dtype=np.int64)


def session_reasons(block: Block) -> npt.NDArray[np.str_]:
    """Why each unit's session began: after a pause, or with nothing of the entity before.

    Nobody looks further back than the day before: older activity is as good as none.
    """
    units, events = block.units, block.events
    starts = events.time[np.searchsorted(events.unit, np.arange(len(units)))]
    looked_back_to = (starts // DAY - 1) * DAY
    return np.where(units.before < looked_back_to, "first_event", "timeout")


def _arrow(frame: pl.DataFrame) -> pa.Table:
    return frame.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())


def _writer(path: Path, name: str) -> pq.ParquetWriter:
    schema = _arrow(pl.DataFrame(schema=SCHEMAS[name])).schema
    return pq.ParquetWriter(path, schema, compression="zstd")
