"""Rows to bronze objects: one Parquet object a day and flush, under names that a re-run repeats."""

from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq

from clickstream_platform.ingest.arrow_compute import runs, sorted_places, take
from clickstream_platform.ingest.bronze_schemas import DAY_COLUMN, SCHEMAS
from clickstream_platform.ingest.store import Store

_MOST_SLICES = 5_000
# Columns whose values hardly repeat within a day: a dictionary would only cost time.
_NO_DICTIONARY = {
    "event_id",
    "event_time",
    "received_at",
    "record_hash",
    "source_line",
    "email_hash",
    "properties",
}


class BronzeWriter:
    """Collects batches of one source and writes them, encoding in a thread of its own."""

    def __init__(self, store: Store, dataset: str, source_id: str) -> None:
        self._store = store
        self._dataset = dataset
        self._source_id = source_id
        self._schema = SCHEMAS[dataset]
        self._day_column = DAY_COLUMN.get(dataset)
        self._batches: list[pa.RecordBatch] = []
        self._flushes = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="bronze")
        self._pending: Future[None] | None = None
        self.objects: list[str] = []
        self.days: dict[date, int] = {}
        self.object_of_day: dict[date, str] = {}  # the last one

    def add(self, columns: dict[str, pa.Array]) -> None:
        """Take the rows of one batch; `columns` has every column of the table."""
        arrays = [columns[field.name] for field in self._schema]
        self._batches.append(pa.RecordBatch.from_arrays(arrays, schema=self._schema))

    def flush(self) -> None:
        """Write what was collected. The flush counts even when it is empty, so that names stay the same."""
        batches, self._batches = self._batches, []
        number, self._flushes = self._flushes, self._flushes + 1
        self._wait()
        if batches:
            self._pending = self._thread.submit(self._write, batches, number)

    def close(self) -> None:
        """Flush and wait until all is written."""
        self.flush()
        self._wait()
        self._thread.shutdown()

    def abandon(self) -> None:
        """Stop without writing more."""
        self._batches = []
        self._thread.shutdown(cancel_futures=True)

    def _wait(self) -> None:
        if self._pending is not None:
            self._pending.result()
            self._pending = None

    def _write(self, batches: list[pa.RecordBatch], number: int) -> None:
        name = f"{self._source_id}-{number:05d}.parquet"
        if self._day_column is None:
            self._put(f"bronze/{self._dataset}/{name}", pa.Table.from_batches(batches, self._schema))
            return
        by_day = _by_day(batches, self._day_column)
        batches.clear()
        for day in sorted(by_day):
            rows = pa.Table.from_batches(by_day.pop(day), self._schema)
            self._put(f"bronze/{self._dataset}/year={day:%Y}/month={day:%m}/day={day:%d}/{name}", rows)
            self.object_of_day[day] = self.objects[-1]
            self.days[day] = self.days.get(day, 0) + rows.num_rows

    def _put(self, path: str, table: pa.Table) -> None:
        sink = pa.BufferOutputStream()
        pq.write_table(
            table,
            sink,
            compression="zstd",
            compression_level=1,
            use_dictionary=[name for name in table.column_names if name not in _NO_DICTIONARY],
            data_page_size=1 << 20,
        )
        self._store.put(path, memoryview(sink.getvalue()))
        self.objects.append(path)


def _by_day(batches: list[pa.RecordBatch], column: str) -> dict[date, list[pa.RecordBatch]]:
    """The rows of each day in the order they came."""
    cuts = [_cut(batch, column) for batch in batches]
    if sum(map(len, cuts)) > _MOST_SLICES:
        # Very many days: slivers of batches would cost more than to gather the rows once.
        whole = pa.Table.from_batches(batches).combine_chunks().to_batches()[0]
        cuts = [_cut(take(whole, sorted_places(whole.column(column))), column)]
    by_day: dict[date, list[pa.RecordBatch]] = {}
    for cut in cuts:
        for day, rows in cut:
            by_day.setdefault(day, []).append(rows)
    return by_day


def _cut(batch: pa.RecordBatch, column: str) -> list[tuple[date, pa.RecordBatch]]:
    """Runs of rows of the same day."""
    days, ends = runs(batch.column(column))
    starts = [0, *ends]
    return [(day, batch.slice(start, end - start)) for day, start, end in zip(days, starts, ends, strict=False)]
