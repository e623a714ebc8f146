"""What a machine with another time zone says: a process of its own, for the zone holds for a process as a whole."""

import os
import subprocess
import sys
from pathlib import Path

ELSEWHERE = ("Pacific/Kiritimati", "America/Los_Angeles")
"""The first day of all begins 14 hours before UTC's, or 8 after: whoever takes a day from local time is off."""


def said_in(zone: str, code: str) -> str:
    """What Python code prints where the machine has a time zone.

    Raises:
        AssertionError: It failed; with what it said.
    """
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "TZ": zone},
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
