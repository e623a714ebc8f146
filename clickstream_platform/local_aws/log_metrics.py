"""The metrics in functions' logs, added up as CloudWatch would: functions print them in the embedded metric format."""

import json
from collections import Counter
from pathlib import Path


class LogMetrics:
    """Sums of the metrics in a log file that grows.

    Attributes:
        sums: By metric, of everything read so far.
    """

    def __init__(self, path: Path) -> None:
        self.sums: Counter[str] = Counter()
        self._path = path
        self._read = 0

    def refresh(self) -> Counter[str]:
        """Read what has been added since the last call; the sums."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._read)
                lines = file.read()
        except FileNotFoundError:
            return self.sums
        whole = lines.rfind(b"\n") + 1
        self._read += whole
        for line in lines[:whole].splitlines():
            if line.startswith(b"{") and b'"_aws"' in line:
                self._add(line)
        return self.sums

    def _add(self, line: bytes) -> None:
        try:
            entry = json.loads(line)
            for directive in entry["_aws"]["CloudWatchMetrics"]:
                for metric in directive["Metrics"]:
                    self.sums[metric["Name"]] += entry[metric["Name"]]
        except (ValueError, KeyError, TypeError):
            return  # a line that two processes wrote into each other
