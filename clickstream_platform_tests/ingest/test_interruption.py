"""kill -9 at any moment: nothing half-written is visible, and the next run finishes the work."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from clickstream_platform.ingest import IngestError, IngestOptions, ingest_sources
from clickstream_platform.ingest.local_store import LocalStore
from clickstream_platform_tests.ingest.harness import Lake, events, jsonl, process_environment

SMALL = {"records_per_object": 500}


def bronze(lake: Lake) -> dict[str, bytes]:
    return {path: (lake.path / path).read_bytes() for path in lake.objects("bronze")}


def uninterrupted(tmp_path: Path, path: Path, **options: int) -> dict[str, bytes]:
    (tmp_path / "whole").mkdir()
    whole = Lake(tmp_path / "whole")
    whole.ingest(path, **options)
    return bronze(whole)


# Ingest in a process of its own, with objects so small that some are written long before the end.
PROGRAM = """
import sys
from clickstream_platform.ingest import IngestOptions, ingest_sources
options = IngestOptions(lake_uri=sys.argv[2], records_per_object=500)
assert not ingest_sources([sys.argv[1]], options, processes=1).failed
"""


def test_a_killed_process_is_finished_by_the_next_run(lake: Lake, tmp_path: Path) -> None:
    path = lake.file(jsonl(*events(25_000)))
    arguments = [sys.executable, "-c", PROGRAM, str(path), str(lake.path)]
    process = subprocess.Popen(arguments, env=process_environment())
    try:
        deadline = time.monotonic() + 60
        while not lake.objects("bronze") and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.002)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == -signal.SIGKILL, "it must be killed in the middle of its work"
    assert lake.objects("bronze")
    assert lake.objects("_queue") == [], "a source that is not whole must not be told of"
    for seen in lake.objects("bronze", "rejected"):
        pq.ParquetFile(lake.path / seen).read()
    subprocess.run(arguments, env=process_environment(), check=True, timeout=120)
    assert bronze(lake) == uninterrupted(tmp_path, path, **SMALL)
    assert lake.staged() == []
    assert len(lake.queue()) == 1


class Stopped(BaseException):
    """The power went off."""


@pytest.mark.parametrize("step", range(6))
def test_a_run_that_stops_at_any_write_is_finished_by_the_next(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    path = lake.file(jsonl(*events(1200), b"bad", *events(300)))
    with monkeypatch.context() as patched:
        writes = count(1)
        for name in ("put", "create", "move_in", "delete"):
            patched.setattr(LocalStore, name, _stopping(getattr(LocalStore, name), writes, step))
        with pytest.raises(Stopped):
            lake.ingest(path, **SMALL)
    is_known = bool(lake.objects("_ledger/events"))
    assert not is_known or len(lake.queue()) == 1, "the ledger must not say done before the sensor was told"
    for seen in lake.objects("bronze", "rejected"):
        pq.ParquetFile(lake.path / seen).read()
    report = lake.ingest(path, **SMALL).sources[0]
    assert report.status == ("already_ingested" if is_known else "new")
    assert bronze(lake) == uninterrupted(tmp_path, path, **SMALL)
    assert (len(lake.rejected()), len(lake.queue())) == (1, 1)


def _stopping(method: Callable[..., object], writes: Iterator[int], step: int) -> Callable[..., object]:
    def stopping(*arguments: object) -> object:
        if next(writes) > step:
            raise Stopped
        return method(*arguments)

    return stopping


def test_settings_changed_between_a_broken_run_and_the_next_leave_no_stray_rows(lake: Lake) -> None:
    path = lake.file(jsonl(*events(24_000, region="x" * 100)))
    calls = 0

    def break_off(*_: object) -> None:
        nonlocal calls
        calls += 1
        if calls > 3:
            raise Stopped

    options = IngestOptions(lake_uri=str(lake.path), records_per_object=1000)
    with pytest.raises(Stopped):
        ingest_sources([path], options, processes=1, on_progress=break_off)
    assert any("-00001" in path for path in lake.objects("bronze"))
    lake.ingest(path, records_per_object=100_000)
    assert sorted(row["source_line"] for row in lake.rows()) == list(range(1, 24_001))


def test_drafts_of_the_dead_are_swept_and_those_of_the_living_are_not(lake: Lake) -> None:
    lake.take(jsonl(*events(1)))
    staging = lake.path / "_staging" / "ingest"
    child = subprocess.Popen(["true"])
    child.wait()
    dead = LocalStore(lake.path).scratch().name.replace(f".{os.getpid()}.", f".{child.pid}.")
    living = LocalStore(lake.path).scratch().name
    for name in (dead, living):
        (staging / name).write_bytes(b"draft")
    LocalStore(lake.path)
    assert lake.staged() == [living]


def test_a_worker_that_dies_fails_its_source_alone(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clickstream_platform.ingest.many_sources._work", _die_of_the_first)
    for number in range(4):
        lake.file(jsonl(*events(2 + number)), f"events-{number}.jsonl")
    summary = lake.ingest(lake.inbox, processes=2)
    assert [source.status for source in summary.sources] == ["failed", "new", "new", "new"]
    assert "SIGKILL" in (summary.sources[0].error or "")


def test_workers_that_cannot_start_are_an_error_and_not_a_failure_of_each_source(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clickstream_platform.ingest.many_sources._work", _die_at_once)
    for number in range(4):
        lake.file(jsonl(*events(2 + number)), f"events-{number}.jsonl")
    with pytest.raises(IngestError, match="--processes 1"):
        lake.ingest(lake.inbox, processes=2)


def _die_at_once(*_: object) -> None:
    os._exit(3)


def _die_of_the_first(connection: object, options: IngestOptions) -> None:
    from clickstream_platform.ingest import many_sources, one_source

    def dying(source: object, *rest: object) -> object:
        if getattr(source, "name", "").endswith("events-0.jsonl"):
            os.kill(os.getpid(), signal.SIGKILL)
        return one_source.ingest_source(source, *rest)  # type: ignore[arg-type]

    setattr(many_sources, "ingest_source", dying)  # noqa: B010
    many_sources._work(connection, options)  # type: ignore[arg-type]
