"""A batch of validated records as bronze columns, lineage included."""

import contextlib
import gc
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pyarrow as pa

from clickstream_platform.ingest.arrow_arrays import order_by_day, repeated, times_of
from clickstream_platform.ingest.arrow_compute import take
from clickstream_platform.ingest.bronze_schemas import TIME
from clickstream_platform.ingest.events_columns import EventColumns
from clickstream_platform.ingest.interpret import Interpreted
from clickstream_platform.ingest.master_columns import (
    customer_columns,
    order_columns,
    product_columns,
    spend_columns,
)
from clickstream_platform.ingest.options import IngestOptions


class Batches:
    """Makes the columns of one source's batches."""

    def __init__(self, dataset: str, options: IngestOptions) -> None:
        self._dataset = dataset
        self._options = options
        self._events = EventColumns(options.pii_key, options.shop_domains)

    def columns(self, batch: Interpreted, source_id: str, source_time: datetime) -> dict[str, pa.Array]:
        """All columns of the dataset's table."""
        records: Any = batch.records
        hashes, numbers = batch.hashes, batch.numbers
        if self._dataset == "events":
            # Sorted by day first: cutting sorted rows into days costs nothing, gathering them from columns does.
            times = times_of([event.event_time for event in records])
            order = order_by_day(times)
            if order is not None:
                places = order.to_pylist()
                records, numbers = [records[place] for place in places], [numbers[place] for place in places]
                times, hashes = take(times, order), take(hashes, order)
            columns = self._events.build(records, times)
        else:
            columns = self._master_columns(records)
        columns["record_hash"] = hashes
        columns["source_id"] = repeated(source_id, len(records), pa.string())
        columns["source_line"] = pa.array(numbers, pa.int64())
        columns["source_time"] = repeated(source_time, len(records), TIME)
        return columns

    def _master_columns(self, records: Any) -> dict[str, pa.Array]:
        if self._dataset == "products":
            return product_columns(records)
        if self._dataset == "orders":
            return order_columns(records)
        if self._dataset == "marketing_spend":
            return spend_columns(records)
        options = self._options
        return customer_columns(
            records,
            pii_key=options.pii_key,
            hash_only=options.hash_customer_pii,
            phone_region=options.default_phone_region,
        )


@contextlib.contextmanager
def without_garbage_collection() -> Iterator[None]:
    """For a moment with very many live objects and no cycles: collecting would only walk them again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
