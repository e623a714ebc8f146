"""Events a second that one core validates: `python -m benchmarks.validation FOLDER` over the files of a simulated shop.

Bytes in memory to a typed event or a reason, nothing else: no file, no column, no URL parsing. What it is held against
is the bare msgspec decode of the same bytes into the same type, without any rule.
"""

import gzip
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from clickstream_platform.contract import Event, Limits, Rejection, parser

_RECORDS, _ROUNDS = 200_000, 7


class _BareEvent(Event, forbid_unknown_fields=False, gc=False):
    """The types of an event, without its rules."""


def validated(folder: Path) -> tuple[float, float]:
    """Records a second by our parser, and by bare msgspec of the good ones: medians of seven rounds each."""
    lines = lines_of(folder)
    parse, decode = parser("events", Limits()), msgspec.json.Decoder(_BareEvent).decode
    good = [line for line in lines if not isinstance(parse(line), Rejection)]
    rounds = [(_rate(parse, lines), _rate(decode, good)) for _ in range(_ROUNDS)]
    ours, bare = (statistics.median(rates) for rates in zip(*rounds, strict=True))
    return ours, bare


def lines_of(folder: Path) -> list[bytes]:
    """Event lines of a simulated shop."""
    lines: list[bytes] = []
    for path in sorted((folder / "landing" / "events").iterdir()):
        if path.suffix in (".jsonl", ".gz"):
            data = path.read_bytes()
            lines += (gzip.decompress(data) if path.suffix == ".gz" else data).splitlines()
        if len(lines) >= _RECORDS:
            break
    return lines[:_RECORDS]


def _rate(work: Callable[[bytes], object], lines: list[bytes]) -> float:
    begun = time.perf_counter()
    for line in lines:
        work(line)
    return len(lines) / (time.perf_counter() - begun)


if __name__ == "__main__":
    ours, bare = validated(Path(sys.argv[1]))
    print(f"validated {ours:,.0f} records/s on one core, {ours / bare:.2f} times bare msgspec ({bare:,.0f}/s)")
