"""Files that a shop drops into `landing/` of a local lake: found, ingested, and their originals put away.

In the cloud a Lambda does this for each S3 object. Here a sensor looks into the folder and a run ingests what it found.
"""

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from clickstream_platform.ingest import IngestOptions, SourceReport, dataset_of, source_id
from clickstream_platform.ingest.ledger import Ledger
from clickstream_platform.ingest.originals import original_path
from clickstream_platform.ingest.store import open_lake_store
from clickstream_platform.lake import layout

FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS = 60, 3600


@dataclass(frozen=True)
class Dropped:
    """A file in `landing/` as it was when looked at.

    Attributes:
        name: path below `landing/`.
        stamp: size and modification time; another stamp means another content.
    """

    name: str
    stamp: str


@dataclass(frozen=True)
class Seen:
    """What the sensor remembers of a file: the stamp at the last look, and runs asked for with that stamp."""

    stamp: str
    tries: int = 0
    next_try: float = 0.0


def landing_folder(lake_uri: str) -> Path:
    """The inbox of a local lake, made when missing."""
    folder = Path(lake_uri, layout.LANDING)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def dropped_files(folder: Path) -> list[Dropped]:
    """Files in the inbox, sorted; hidden ones and ones that vanish meanwhile are passed over."""
    return sorted(_walk(folder, folder), key=lambda file: file.name)


def _walk(root: Path, folder: Path) -> Iterator[Dropped]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith((".", "_")):
                continue
            if entry.is_dir():
                yield from _walk(root, Path(entry.path))
            elif entry.is_file():
                try:
                    status = entry.stat()
                except FileNotFoundError:
                    continue
                name = Path(entry.path).relative_to(root).as_posix()
                yield Dropped(name, f"{status.st_size}@{status.st_mtime_ns}")


def due_files(files: Sequence[Dropped], seen: dict[str, Seen], now: float) -> list[Dropped]:
    """Files that are complete, so far as can be told (unchanged since the last look), and not waiting for a retry."""
    return [
        file
        for file in files
        if (before := seen.get(file.name)) is not None and before.stamp == file.stamp and before.next_try <= now
    ]


def remember(
    files: Sequence[Dropped], requested: Sequence[Dropped], seen: dict[str, Seen], now: float
) -> dict[str, Seen]:
    """The memory after a look: a file that is asked for again and again waits twice as long each time."""
    asked = {file.name for file in requested}
    memory = {}
    for file in files:
        before = seen.get(file.name)
        known = before if before is not None and before.stamp == file.stamp else Seen(file.stamp)
        if file.name in asked:
            wait = min(FIRST_RETRY_SECONDS * 2**known.tries, LONGEST_RETRY_SECONDS)
            known = Seen(file.stamp, known.tries + 1, now + wait)
        memory[file.name] = known
    return memory


def put_known_away(lake_uri: str, files: Sequence[Dropped]) -> list[Dropped]:
    """Put away the files whose content was ingested before; which they were."""
    folder, store = landing_folder(lake_uri), open_lake_store(lake_uri)
    away = []
    for file in files:
        path = folder / file.name
        dataset = dataset_of(str(path))
        try:
            if dataset is None or not Ledger(store, dataset).knows(identity := source_id(path)):
                continue
        except OSError:
            continue
        put_away(lake_uri, path, dataset, identity)
        away.append(file)
    return away


def put_away(lake_uri: str, path: Path, dataset: str, identity: str) -> str:
    """Move an ingested original to `raw/`, where it is kept for the settings' retention; its new path in the lake."""
    target = original_path(dataset, identity, path.name, datetime.fromtimestamp(time.time(), UTC).date())
    destination = Path(lake_uri, target)
    destination.parent.mkdir(parents=True, exist_ok=True)
    path.replace(destination)
    os.utime(destination)
    return target


def put_ingested_away(options: IngestOptions, reports: Sequence[SourceReport]) -> list[str]:
    """Put away every original that is wholly in bronze; growing and failed ones stay. Their new paths."""
    return [
        put_away(options.lake_uri, Path(report.source), report.dataset, report.source_id)
        for report in reports
        if report.status in ("new", "already_ingested") and report.dataset and report.source_id
    ]
