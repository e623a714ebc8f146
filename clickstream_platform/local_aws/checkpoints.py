"""How far each shard has been processed, so that a poller that is started again goes on there."""

import json
import os
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Checkpoint:
    """Where a shard's processing stands.

    Attributes:
        after: Everything up to this sequence number is done; None before the first record.
        since: Epoch seconds from which on records count, where a mapping started at LATEST.
        ended: The shard was closed and all of it is done.
    """

    after: str | None = None
    since: float | None = None
    ended: bool = False


class Checkpoints(Protocol):
    """Keeps the checkpoints of one stream; several threads use it."""

    def all(self) -> dict[str, Checkpoint]:
        """Every checkpoint by shard."""

    def save(self, shard_id: str, checkpoint: Checkpoint) -> None:
        """Keep one; it is durable when this comes back."""


class MemoryCheckpoints:
    """Checkpoints that live as long as their owner."""

    def __init__(self) -> None:
        self._kept: dict[str, Checkpoint] = {}

    def all(self) -> dict[str, Checkpoint]:
        """Every checkpoint by shard."""
        return dict(self._kept)

    def save(self, shard_id: str, checkpoint: Checkpoint) -> None:
        """Keep one."""
        self._kept[shard_id] = checkpoint


class FileCheckpoints:
    """Checkpoints in a JSON file that is replaced whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._kept = {}
        if path.exists():
            self._kept = {shard: Checkpoint(**kept) for shard, kept in json.loads(path.read_text()).items()}

    def all(self) -> dict[str, Checkpoint]:
        """Every checkpoint by shard."""
        with self._lock:
            return dict(self._kept)

    def save(self, shard_id: str, checkpoint: Checkpoint) -> None:
        """Keep one."""
        with self._lock:
            self._kept[shard_id] = checkpoint
            staged = self._path.with_suffix(".tmp")
            staged.write_text(json.dumps({shard: asdict(kept) for shard, kept in self._kept.items()}))
            os.replace(staged, self._path)  # noqa: PTH105
