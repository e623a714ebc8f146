"""A disk that is full, read-only or forbidden: a clear error, nothing half-written, and a re-run that finishes."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from clickstream_platform_tests.ingest.harness import Lake, events, jsonl, run

# Root may read and write everything, so that what forbids it has to be taken from it first.
NO_OVERRIDE = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]


@pytest.fixture
def powerless() -> list[str]:
    """What to put before a command so that permissions hold for it."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("runs as root, and there is no setpriv to give that up")
    return NO_OVERRIDE


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mount.returncode:
        pytest.skip("no right to mount a small disk here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=False)


def wide(count: int) -> bytes:
    """Events that do not compress."""
    return jsonl(*(line.replace(b"u-1", os.urandom(100).hex().encode()) for line in events(count)))


def assert_only_whole_objects(lake: Lake) -> None:
    for path in lake.objects("bronze", "rejected"):
        pq.ParquetFile(lake.path / path).read()
    assert lake.objects("_ledger/events", "_queue") == []
    assert lake.staged() == []


def test_a_full_disk_is_named_and_a_rerun_finishes(lake: Lake, small_disk: Path) -> None:
    lake.path = small_disk / "lake"
    path = lake.file(wide(15_000))
    result = run(path, "--lake", lake.path, "-j1")
    assert result.returncode == 2
    assert b"the disk is full" in result.stderr
    assert b"run the same command again" in result.stderr
    assert b"Traceback" not in result.stderr
    assert_only_whole_objects(lake)
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    assert run(path, "--lake", lake.path).returncode == 0
    assert len(lake.rows()) == 15_000


def test_a_limit_on_file_sizes_is_named(lake: Lake) -> None:
    path = lake.file(wide(15_000))
    limit = ["prlimit", "--fsize=200000"] if shutil.which("prlimit") else []
    if not limit:
        pytest.skip("no prlimit")
    result = run(path, "--lake", lake.path, "-j1", prefix=limit)
    assert result.returncode == 2
    assert b"ulimit -f" in result.stderr
    assert_only_whole_objects(lake)


def test_a_lake_without_permission_is_named(lake: Lake, powerless: list[str]) -> None:
    path = lake.file(jsonl(*events(2)))
    lake.path.mkdir()
    lake.path.chmod(0o555)
    result = run(path, "--lake", lake.path, "-j1", prefix=powerless)
    assert result.returncode == 2
    assert b"permission denied" in result.stderr
    assert b"CLICKSTREAM_LAKE_URI" in result.stderr
    lake.path.chmod(0o755)


def test_a_source_without_permission_fails_alone(lake: Lake, powerless: list[str]) -> None:
    lake.file(jsonl(*events(2)))
    secret = lake.file(jsonl(*events(3)), "events-secret.jsonl")
    secret.chmod(0)
    result = run(lake.inbox, "--lake", lake.path, "-j1", prefix=powerless)
    assert result.returncode == 2
    assert b"events-secret.jsonl: cannot be read: Permission denied" in result.stderr
    assert len(lake.rows()) == 2


def test_stdin_on_a_full_disk_is_an_error_like_any(lake: Lake, small_disk: Path) -> None:
    lake.path = small_disk / "lake"
    result = run("-", "--lake", lake.path, stdin=b"x" * 3_000_000)
    assert result.returncode == 2
    assert b"the disk is full" in result.stderr
    assert b"Traceback" not in result.stderr
    assert lake.staged() == []
