"""Dagster's UI and daemon beside the emulation, as a group of processes that is ended as a whole."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from clickstream_platform.local_aws.server import open_log

STOP_SECONDS = 20.0
"""How long Dagster may take to end its own processes."""


class DagsterProcess:
    """`dagster dev` over the platform's definitions."""

    def __init__(self, host: str, port: int, environment: Mapping[str, str], log: Path) -> None:
        command = [sys.executable, "-m", "dagster", "dev", "-m", "clickstream_platform.definitions"]
        with open_log(log) as output:
            self._process = subprocess.Popen(
                [*command, "--host", host, "--port", str(port)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment,
                # A group of its own: it is told to end by us, after what feeds it, and nothing of it stays behind.
                start_new_session=True,
            )

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def stop(self) -> None:
        """Ask it to end, and kill what is left of its group."""
        self._tell(signal.SIGINT, only_leader=True)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)
        deadline = time.monotonic() + STOP_SECONDS / 4
        while self._group_alive() and time.monotonic() < deadline:
            time.sleep(0.1)
        self._tell(signal.SIGKILL)
        self._process.wait()

    def _tell(self, what: signal.Signals, *, only_leader: bool = False) -> None:
        with contextlib.suppress(ProcessLookupError):
            if only_leader:
                self._process.send_signal(what)
            else:
                os.killpg(self._process.pid, what)

    def _group_alive(self) -> bool:
        try:
            os.killpg(self._process.pid, 0)
        except ProcessLookupError:
            return False
        return True
