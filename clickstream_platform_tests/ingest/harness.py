"""A lake in a temporary folder, and what tests look at in it."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from clickstream_platform.ingest import IngestOptions, IngestSummary, SourceReport, ingest_sources
from clickstream_platform_tests.contract.records import event

ROOT = Path(__file__).parents[2]


def events(count: int, **fields: Any) -> list[bytes]:
    """Good events, a minute between two of them."""
    return [
        event(
            event_id=f"e-{n}", event_time=f"2024-03-{1 + n // 1440 % 28:02}T{n // 60 % 24:02}:{n % 60:02}:00Z", **fields
        )
        for n in range(count)
    ]


def jsonl(*records: bytes) -> bytes:
    return b"".join(record + b"\n" for record in records)


def packed(data: bytes, how: str) -> bytes:
    return gzip.compress(data) if how == "gzip" else zstandard.compress(data) if how == "zstd" else data


class Lake:
    """One lake and one folder of input."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "lake"
        self.inbox = folder / "inbox"
        self.inbox.mkdir()

    def file(self, data: bytes, name: str = "events.jsonl") -> Path:
        path = self.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def ingest(self, *paths: Path | str, processes: int = 1, **options: Any) -> IngestSummary:
        return ingest_sources(paths, IngestOptions(lake_uri=str(self.path), **options), processes=processes)

    def take(self, data: bytes, name: str = "events.jsonl", **options: Any) -> SourceReport:
        """Ingest one file of these bytes, which must account for every record."""
        report = self.ingest(self.file(data, name), **options).sources[0]
        if report.status == "new":
            assert report.accepted + report.rejected_rows == report.rows_read
            rows = [row for row in self.rows(report.dataset or "") if row["source_id"] == report.source_id]
            assert len(rows) == report.accepted == (sum(report.days.values()) or report.accepted)
            refused = [row for row in self.rejected(report.dataset or "") if row["source_id"] == report.source_id]
            assert len(refused) == report.rejected_rows
        return report

    def objects(self, *prefixes: str) -> list[str]:
        """Paths of all objects below the prefixes, without the staging area."""
        files = (file.relative_to(self.path).as_posix() for file in self.path.rglob("*") if file.is_file())
        return sorted(file for file in files if not file.startswith("_staging") and file.startswith(prefixes or ""))

    def staged(self) -> list[str]:
        return [file.name for file in (self.path / "_staging").rglob("*") if file.is_file()]

    def table(self, dataset: str = "events", layer: str = "bronze") -> pa.Table | None:
        paths = self.objects(f"{layer}/{dataset}")
        tables = [pq.ParquetFile(self.path / path).read() for path in paths]
        return pa.concat_tables(tables) if tables else None

    def rows(self, dataset: str = "events", layer: str = "bronze") -> list[dict[str, Any]]:
        table = self.table(dataset, layer)
        return [] if table is None else sorted(table.to_pylist(), key=lambda row: row.get("source_line", 0))

    def row(self, dataset: str = "events") -> dict[str, Any]:
        """The only row."""
        (row,) = self.rows(dataset)
        return row

    def rejected(self, dataset: str = "events") -> list[dict[str, Any]]:
        return sorted(self.rows(dataset, "rejected"), key=lambda row: row["line"])

    def queue(self) -> list[dict[str, Any]]:
        return [json.loads((self.path / path).read_bytes()) for path in self.objects("_queue")]

    def state(self) -> dict[str, bytes]:
        """Every object and its content, but for when records were rejected."""
        return {path: (self.path / path).read_bytes() for path in self.objects() if not path.startswith("rejected")}


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "clickstream_platform.cli", "ingest", *map(str, arguments)]


def process_environment(**settings: str) -> Mapping[str, str]:
    """The environment of a process of ours: no setting of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CLICKSTREAM_", "AWS_"))}
    return {**kept, "PYTHONPATH": str(ROOT), **settings}


def run(*arguments: str | Path, prefix: list[str] | None = None, stdin: bytes = b"", **settings: str) -> Any:
    """`clickstream ingest` as a process, run to its end."""
    return subprocess.run(
        [*(prefix or []), *command(*arguments)],
        input=stdin,
        capture_output=True,
        env=process_environment(**settings),
        timeout=120,
        check=False,
    )
