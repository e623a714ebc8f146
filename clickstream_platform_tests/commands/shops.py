"""A small shop's lake, built once a test file and copied for each test, and commands run on it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from click.testing import CliRunner, Result

from clickstream_platform.config import get_settings
from clickstream_platform.ingest import IngestOptions, ingest_sources
from clickstream_platform.lake import Lake
from clickstream_platform.lib.build import BuildReport, bronze_days, build

KEY = "a key for tests"
_BOUND = ("clickstream_platform.definitions", "clickstream_platform.defs.resources")


class Shop:
    """A lake, in a folder or in a bucket, and a Dagster home."""

    def __init__(self, folder: Path, uri: str | None = None) -> None:
        self.folder = folder
        self.lake = Lake(uri or str(folder / "lake"))

    @property
    def environment(self) -> dict[str, str]:
        return {
            "CLICKSTREAM_LAKE_URI": self.lake.uri,
            "CLICKSTREAM_PII_KEY": KEY,
            "DAGSTER_HOME": str(self.folder / "home"),
            "COLUMNS": "200",
        }

    def copied(self, to: Path) -> "Shop":
        """Times of objects stay as they are."""
        shutil.copytree(self.folder, to, dirs_exist_ok=True)
        return Shop(to)

    def use(self, monkeypatch: pytest.MonkeyPatch) -> "Shop":
        """Make it the shop of this process' settings, and of the definitions, which read them when they are loaded."""
        for name, value in self.environment.items():
            monkeypatch.setitem(os.environ, name, value)
        for name in [name for name in sys.modules if name.startswith(_BOUND)]:
            monkeypatch.delitem(sys.modules, name)
        get_settings.cache_clear()
        return self

    def ingest(self, *paths: Path) -> None:
        options = IngestOptions(lake_uri=self.lake.uri, pii_key=KEY.encode(), notify=False)
        ingest_sources(paths, options, processes=1)

    def build(self) -> BuildReport:
        """Every day; the process' settings have to be those of this shop."""
        from clickstream_platform.definitions import defs
        from clickstream_platform.lib.home import ensure_home

        ensure_home()
        report = build(self.lake, bronze_days(self.lake), [], defs)
        assert report.succeeded, report.failed_steps
        return report

    def run(self, command: str, *arguments: str) -> Result:
        """A command in this process."""
        get_settings.cache_clear()
        found = getattr(import_module(f"clickstream_platform.commands.{command}"), command)
        return CliRunner().invoke(found, arguments, env=self.environment, catch_exceptions=True)

    def start(self, *arguments: str, program: str | None = None) -> "subprocess.Popen[str]":
        """The command line in a process of its own, or a program instead of it."""
        what = ["-c", program] if program else ["-m", "clickstream_platform.cli"]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CLICKSTREAM_")}
        return subprocess.Popen(
            [sys.executable, *what, *arguments],
            env={**kept, **self.environment},
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def files(self, *layers: str) -> dict[str, tuple[int, int, bytes]]:
        """Inode, time and content of the lake's objects in some folders."""
        root = Path(self.lake.uri)
        return {
            path.relative_to(root).as_posix(): (path.stat().st_ino, path.stat().st_mtime_ns, path.read_bytes())
            for layer in layers
            for path in sorted((root / layer).rglob("*"))
            if path.is_file()
        }


def rewrite(path: Path, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    """Change an object's rows behind the platform's back."""
    frame = pl.read_parquet(path, hive_partitioning=False)
    changed = change(frame)
    assert changed.schema == frame.schema
    changed.write_parquet(path)


def run_job(shop: Shop, job: str, config: Mapping[str, object], op: str) -> dict[str, object] | None:
    """A job of one op, run as Dagster runs what the UI asks for: what its output says; None when it failed."""
    written = shop.folder / f"{job}.yaml"
    written.write_text(json.dumps({"ops": {op: {"config": dict(config)}}}))
    command = ["job", "execute", "-m", "clickstream_platform.definitions", "-j", job, "--config", str(written)]
    process = shop.start(*command, program="from dagster._cli import main; main()")
    process.communicate(timeout=300)
    if process.returncode:
        return None
    with dg.DagsterInstance.from_config(shop.environment["DAGSTER_HOME"]) as instance:
        (run,) = instance.get_runs(dg.RunsFilter(job_name=job), limit=1)
        records = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_OUTPUT)
    (output,) = [entry.get_dagster_event().step_output_data for entry in records]
    return {name: value.value for name, value in output.metadata.items()}
