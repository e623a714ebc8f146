"""Memory does not grow with the input."""

import subprocess
import sys
from pathlib import Path

from clickstream_platform_tests.contract.records import event
from clickstream_platform_tests.ingest.harness import Lake, events, jsonl, packed, process_environment

PROGRAM = """
import re, sys
from clickstream_platform.ingest import IngestOptions, ingest_sources
options = IngestOptions(lake_uri=sys.argv[2], records_per_object=5000)
summary = ingest_sources([sys.argv[1]], options, processes=1)
# Not ru_maxrss: that of the process which started this one is inherited.
peak = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) // 1024
print(summary.accepted, summary.rejected.total(), peak)
"""


def ingest_apart(path: Path, lake: Path) -> tuple[int, int, int]:
    """Accepted, rejected and peak MiB of an ingest in its own process."""
    arguments = [sys.executable, "-c", PROGRAM, str(path), str(lake)]
    result = subprocess.run(arguments, env=process_environment(), capture_output=True, check=True, timeout=120)
    accepted, rejected, peak = map(int, result.stdout.split())
    return accepted, rejected, peak


def test_the_peak_of_a_large_file_is_that_of_a_small_one(lake: Lake, tmp_path: Path) -> None:
    small, large = jsonl(*events(8_000, region="x" * 500)), jsonl(*events(40_000, region="x" * 500))
    _, _, low = ingest_apart(lake.file(small, "events-small.jsonl"), tmp_path / "a")
    accepted, _, high = ingest_apart(lake.file(large, "events-large.jsonl"), tmp_path / "b")
    assert accepted == 40_000
    assert high < low + 80, f"{high} MiB for {len(large) >> 20} MiB, {low} MiB for {len(small) >> 20} MiB"


def test_a_bomb_of_one_line_is_refused_in_bounded_memory(lake: Lake, tmp_path: Path) -> None:
    data = packed(event() + b"\n" + b" x" * 150_000_000, "zstd")
    assert len(data) < 1_000_000
    accepted, rejected, peak = ingest_apart(lake.file(data, "events.jsonl.zst"), tmp_path / "a")
    assert (accepted, rejected) == (1, 1)
    assert peak < 400
