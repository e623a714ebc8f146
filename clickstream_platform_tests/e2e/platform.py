"""The platform as `clickstream dev` runs it: web server, daemon and sensors in processes of their own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import dagster as dg
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from clickstream_platform.lake import Lake

PATIENCE = 420.0
"""Seconds until what should come is taken not to come; a slow machine is no failure."""


@dataclass
class RunningPlatform:
    """A platform of its own under `folder`, and ways to look at it from outside."""

    folder: Path
    port: int = field(default_factory=lambda: _free_port())

    def __post_init__(self) -> None:
        self.lake_folder, self.home = self.folder / "lake", self.folder / "home"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CLICKSTREAM_"))}
        settings = {
            "CLICKSTREAM_LAKE_URI": str(self.lake_folder),
            "DAGSTER_HOME": str(self.home),
            "CLICKSTREAM_REJECT_THRESHOLD": "0.5",
        }
        command = [sys.executable, "-m", "clickstream_platform.cli", "dev", "--port", str(self.port)]
        self._log = (self.folder / "dev.log").open("wb")
        self._process = subprocess.Popen(
            command,
            env={**kept, **settings},
            cwd=self.folder,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )

    @property
    def instance(self) -> dg.DagsterInstance:
        """The platform's Dagster instance, as this process sees it."""
        return dg.DagsterInstance.from_config(str(self.home))

    @property
    def lake(self) -> Lake:
        """The platform's lake."""
        return Lake(str(self.lake_folder))

    def stop(self) -> None:
        """Ctrl-C, and harder if that is not heard."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGINT)
            try:
                self._process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        self._log.close()

    def log(self) -> str:
        """The end of what it printed."""
        return (self.folder / "dev.log").read_text(errors="replace")[-4000:]

    def drop(self, name: str, records: Iterable[object]) -> None:
        """Put a file into `landing/`."""
        path = self.lake_folder / "landing" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(record) + "\n" for record in records))

    def wait_until(self, holds: Callable[[], bool], what: str) -> None:
        """Look again and again until something holds."""
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert self._process.poll() is None, f"the platform ended by itself:\n{self.log()}"
            assert time.monotonic() < deadline, f"{what} did not come about:\n{self.log()}"
            time.sleep(1)

    def wait_until_quiet(self, seconds: float = 25) -> None:
        """Until no run has been under way, and no file or message waiting, for so many seconds."""
        deadline, quiet_since = time.monotonic() + PATIENCE, time.monotonic()
        while time.monotonic() - quiet_since < seconds:
            assert time.monotonic() < deadline, f"the platform does not come to rest:\n{self.log()}"
            if self._is_busy():
                quiet_since = time.monotonic()
            time.sleep(1)

    def runs(self) -> list[dg.DagsterRun]:
        """All runs so far."""
        return list(self.instance.get_runs())

    def recomputed(self, since: datetime) -> dict[str, set[str]]:
        """Partitions (or "all") of each silver and gold table that were computed since a moment."""
        found: dict[str, set[str]] = {}
        instance = self.instance
        for key in instance.all_asset_keys():
            if key.path[0] not in ("silver", "gold"):
                continue
            records = instance.fetch_materializations(
                dg.AssetRecordsFilter(asset_key=key, after_timestamp=since.timestamp()), limit=1000
            ).records
            if records:
                found[key.path[-1]] = {record.partition_key or "all" for record in records}
        return found

    def _is_busy(self) -> bool:
        waiting = [
            path for below in ("landing", "_queue") for path in (self.lake_folder / below).rglob("*") if path.is_file()
        ]
        return bool(waiting) or bool(
            self.instance.get_runs(dg.RunsFilter(statuses=list(NOT_FINISHED_STATUSES)), limit=1)
        )


def visit(who: str, start: datetime, *, order: str | None = None) -> list[dict[str, object]]:
    """The events of one visit, five minutes apart; it ends in a purchase if an order is named."""
    item = {"product_id": "p1", "price": 10.0, "quantity": 2}
    names = ["page_view", "view_item", "add_to_cart", "begin_checkout", *(["purchase"] if order else [])]
    return [
        {
            "event_id": f"{who}-{start:%Y%m%d}-{number}",
            "event_name": name,
            "event_time": (start + number * timedelta(minutes=5)).isoformat(),
            "anonymous_id": who,
            "url": "https://shop.example/?utm_source=google&utm_medium=cpc&utm_campaign=spring",
            "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36",
            **({"items": [item]} if name != "page_view" else {}),
            **({"order_id": order, "value": 20.0} if name == "purchase" else {}),
        }
        for number, name in enumerate(names)
    ]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
