"""Refused records, redacted, with reason, field and place: `rejected/<dataset>/<source_id>.parquet`."""

import contextlib
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from clickstream_platform.contract import Rejection
from clickstream_platform.contract.privacy import redact_record, redact_text
from clickstream_platform.ingest.bronze_schemas import REJECTED
from clickstream_platform.ingest.errors import explained
from clickstream_platform.ingest.readers.raw import SHOWN_BYTES
from clickstream_platform.ingest.store import Store

_BUFFERED = 2_000


class RejectedWriter:
    """Writes the refused records of one source, in constant memory however many there are."""

    def __init__(self, store: Store, dataset: str, source_id: str, source: str) -> None:
        self._store = store
        self._common = {"dataset": dataset, "source_id": source_id, "source": source}
        self._path = f"rejected/{dataset}/{source_id}.parquet"
        self._rows: list[dict[str, Any]] = []
        self._scratch: Path | None = None
        self._file: pq.ParquetWriter | None = None
        self.reasons: Counter[str] = Counter()

    def add(self, number: int, rejection: Rejection, shown: str, size: int) -> None:
        """Take one refused record; `shown` is its text, `size` its length in bytes."""
        self.reasons[rejection.reason] += 1
        self._rows.append(
            {
                **self._common,
                "line": number,
                "reason": rejection.reason,
                "field": rejection.field,
                "detail": redact_text(rejection.detail),
                "record": redact_record(shown)[:SHOWN_BYTES],
                "record_bytes": size,
                "rejected_at": datetime.now(UTC),
            }
        )
        if len(self._rows) >= _BUFFERED:
            self._spill()

    def close(self) -> str | None:
        """Make the object visible; its path, None when nothing was refused."""
        if not self._rows and self._file is None:
            return None
        self._spill()
        assert self._file is not None
        assert self._scratch is not None
        with explained(self._scratch):
            self._file.close()
        self._store.move_in(self._scratch, self._path)
        return self._path

    def abandon(self) -> None:
        """Leave nothing behind."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
        if self._scratch is not None:
            self._scratch.unlink(missing_ok=True)

    def _spill(self) -> None:
        self._scratch = self._scratch or self._store.scratch()
        with explained(self._scratch):
            self._file = self._file or pq.ParquetWriter(str(self._scratch), REJECTED, compression="zstd")
            self._file.write_table(pa.Table.from_pylist(self._rows, REJECTED))
        self._rows = []
