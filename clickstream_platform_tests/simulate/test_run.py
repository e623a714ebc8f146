"""Runs that end early, and folders that hold something already: no half-written file, nobody's files lost."""

import errno
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest

from clickstream_platform.simulate import SimulationError, blocks, simulate
from clickstream_platform.simulate.config import ShopConfig, shoppers_for
from clickstream_platform.simulate.landing import Landing
from clickstream_platform_tests.simulate.conftest import tree

SMALL = {"days": 2, "shoppers": 30}


def stop(done: int, _days: int, _records: int) -> None:
    if done == 1:
        raise KeyboardInterrupt


def test_an_interrupted_run_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        simulate(tmp_path / "out", **SMALL, on_progress=stop)

    assert not (tmp_path / "out").exists()


def test_an_interrupted_replacement_leaves_what_was_there(tmp_path: Path) -> None:
    simulate(tmp_path, **SMALL)
    before = tree(tmp_path)

    with pytest.raises(KeyboardInterrupt):
        simulate(tmp_path, **SMALL, seed=9, force=True, on_progress=stop)

    assert tree(tmp_path) == before


@pytest.mark.parametrize("move", range(4))
def test_an_interruption_while_results_are_put_in_place_takes_them_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, move: int
) -> None:
    simulate(tmp_path, **SMALL)
    before, moves, rename = tree(tmp_path), iter(range(100)), Path.rename

    def interrupted(self: Path, target: Path) -> Path:
        if next(moves) == move:
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        simulate(tmp_path, **SMALL, seed=9, force=True)

    assert tree(tmp_path) == before


def test_a_full_disk_leaves_nothing_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Landing, dataset: str, day: int, data: bytes) -> None:
        if day == 1:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Landing, "write", full)
    with pytest.raises(OSError, match="No space left"):
        simulate(tmp_path / "out", **SMALL)

    assert not (tmp_path / "out").exists()


def test_a_killed_run_shows_nothing_and_the_next_one_completes(tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = f"{str(out)!r}, days=400, shoppers=60"
    script = f"from clickstream_platform.simulate import simulate; simulate({arguments})"
    process = subprocess.Popen([sys.executable, "-c", script])
    deadline = time.monotonic() + 60
    while not list(out.glob(".simulating/landing/events/*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()

    assert [path.name for path in out.iterdir()] == [".simulating"]
    simulate(out, **SMALL)
    simulate(tmp_path / "undisturbed", **SMALL)
    assert tree(out) == tree(tmp_path / "undisturbed")


def test_a_run_killed_with_only_the_files_in_place_can_be_repeated(tmp_path: Path) -> None:
    simulate(tmp_path / "whole", **SMALL)
    out = tmp_path / "out"
    simulate(out, **SMALL, seed=9)
    (out / ".simulating").mkdir()
    (out / "truth").rename(out / ".simulating" / "truth")

    simulate(out, **SMALL)

    assert tree(out) == tree(tmp_path / "whole")


@pytest.mark.parametrize("name", ["landing", "truth"])
def test_other_results_are_not_overwritten_unasked(tmp_path: Path, name: str) -> None:
    (tmp_path / name / "events").mkdir(parents=True)

    with pytest.raises(SimulationError, match="--force"):
        simulate(tmp_path, **SMALL)

    simulate(tmp_path, **SMALL, force=True)
    assert (tmp_path / "truth" / "counts.json").exists()


def test_everything_else_in_the_folder_stays(tmp_path: Path) -> None:
    (tmp_path / "bronze").mkdir()
    (tmp_path / "bronze" / "kept").write_text("mine")

    simulate(tmp_path, **SMALL)
    simulate(tmp_path, **SMALL, force=True)

    assert {path.name for path in tmp_path.iterdir()} == {"bronze", "landing", "truth"}
    assert (tmp_path / "bronze" / "kept").read_text() == "mine"


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")

    with pytest.raises(SimulationError, match="not a folder"):
        simulate(tmp_path / "out", **SMALL)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"days": 0}, "days must be between 1 and"),
        ({"days": 100_000}, "days must be between 1 and"),
        ({"shoppers": 0}, "shoppers must be between 1 and"),
        ({"seed": -1}, "seed must not be negative"),
        ({"dirty_rate": 1.0}, "at least 0 and below 1"),
        ({"dirty_rate": float("nan")}, "at least 0 and below 1"),
        ({"events": 0}, "events must be at least 1"),
        ({"compress": "lzma"}, "compress must be one of mixed, none, gzip, zstd"),
        ({"start": date(9999, 12, 30), "days": 30}, "after the year 9999"),
    ],
)
def test_what_cannot_be_simulated_is_named(tmp_path: Path, wrong: dict[str, object], words: str) -> None:
    with pytest.raises(SimulationError, match=words):
        simulate(tmp_path / "out", **wrong)  # type: ignore[arg-type]

    assert not (tmp_path / "out").exists()


def test_progress_is_told_day_by_day(tmp_path: Path) -> None:
    told: list[tuple[int, int, int]] = []

    summary = simulate(tmp_path / "out", **SMALL, on_progress=lambda *each: told.append(each))

    assert [(done, days) for done, days, _ in told] == [(1, 2), (2, 2)]
    assert told[-1][2] == summary.event_records


def test_as_many_events_as_asked_for_more_or_less(tmp_path: Path) -> None:
    summary = simulate(tmp_path / "out", 3, events=12_000)

    assert summary.event_records == pytest.approx(12_000, rel=0.12)
    assert summary.shoppers == shoppers_for(12_000, 3, date(2024, 3, 1))


def test_every_day_is_drawn_whatever_the_month(tmp_path: Path) -> None:
    """Leap days and years' ends included."""
    simulate(tmp_path / "leap", 3, 20, start=date(2024, 2, 28))
    simulate(tmp_path / "year", 3, 20, start=date(2023, 12, 30))

    days = {path.name[:10] for path in (tmp_path / "leap" / "landing" / "events").iterdir()}
    assert days == {"2024-02-28", "2024-02-29", "2024-03-01"}
    days = {path.name[:10] for path in (tmp_path / "year" / "landing" / "events").iterdir()}
    assert days == {"2023-12-30", "2023-12-31", "2024-01-01"}


def test_a_day_of_many_visits_is_made_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    make = blocks.make_block

    def noted(*args: object) -> object:
        block = make(*args)  # type: ignore[arg-type]
        sizes.append(len(block.units))
        return block

    monkeypatch.setattr(blocks, "VISITS_PER_BLOCK", 10)
    monkeypatch.setattr(blocks, "make_block", noted)
    simulate(tmp_path / "out", 2, 500)

    assert len(sizes) > 8
    assert max(sizes) <= 20  # a visit has two stays at most


def test_config_is_checked_wherever_it_comes_from() -> None:
    with pytest.raises(SimulationError):
        ShopConfig(days=0)
