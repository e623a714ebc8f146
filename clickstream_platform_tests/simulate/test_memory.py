"""Memory follows the shoppers and the busiest day, never the length of the run."""

import subprocess
import sys
from pathlib import Path

import pytest

_SCRIPT = """
import resource, sys
from clickstream_platform.simulate import simulate
summary = simulate(sys.argv[1], int(sys.argv[2]), 8_000)
print(summary.event_records, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak(out: Path, days: int) -> tuple[int, int]:
    """Events of so many days, and the peak memory in KiB of the process that simulated them."""
    run = subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(out), str(days)], capture_output=True, text=True, check=True
    )
    events, kib = run.stdout.split()
    return int(events), int(kib)


@pytest.mark.slow
def test_peak_memory_does_not_grow_with_the_days(tmp_path: Path) -> None:
    few, low = peak(tmp_path / "short", 15)
    many, high = peak(tmp_path / "long", 75)

    assert many > 4.5 * few
    assert high < 1.15 * low
