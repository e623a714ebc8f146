"""A command's time and the memory that it and its children hold at most."""

import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

_SAMPLE_SECONDS = 0.02


@dataclass(frozen=True)
class Measured:
    """Wall-clock seconds, and the highest sum of resident memory (bytes) over the process and its children."""

    seconds: float
    peak_bytes: int


def run(module: str, *arguments: str, env: Mapping[str, str]) -> Measured:
    """Run `python -m module arguments`; its output goes to stderr's file.

    Raises:
        RuntimeError: it failed; the message has the end of what it said.
    """
    begun = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments], env=dict(env), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    peak = _Peak(process.pid)
    said, _ = process.communicate()
    seconds = time.monotonic() - begun
    if process.returncode:
        raise RuntimeError(f"{module} {' '.join(arguments)} failed:\n{said.decode(errors='replace')[-3000:]}")
    return Measured(seconds, peak.stop())


class _Peak:
    """Samples the memory of a process tree. Shared pages of forked children count once a process: an upper bound."""

    def __init__(self, pid: int) -> None:
        self._process, self._over, self._bytes = psutil.Process(pid), threading.Event(), 0
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(_SAMPLE_SECONDS):
            try:
                tree = [self._process, *self._process.children(recursive=True)]
                self._bytes = max(self._bytes, sum(process.memory_info().rss for process in tree))
            except psutil.Error:
                continue

    def stop(self) -> int:
        self._over.set()
        self._thread.join()
        return self._bytes


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
