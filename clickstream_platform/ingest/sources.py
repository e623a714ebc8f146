"""From what a user names (files, folders, globs, stdin) to the files to read and the dataset of each."""

import glob
import os
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePath

from clickstream_platform.contract import DATASETS
from clickstream_platform.ingest.errors import explained
from clickstream_platform.ingest.store import Store

STDIN = "-"
_READ_IN_FOLDERS = {".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".txt", ".log", ".gz", ".zst", ".zstd"}


@dataclass(frozen=True)
class Source:
    """One file or object to ingest.

    Attributes:
        path: Where its bytes are; a path of the lake's own store for `in_lake`.
        name: What the user called it; shown, and kept with rejected records.
        dataset: None when it cannot be told.
        problem: Why it cannot be read, known beforehand.
        in_lake: An object of the lake, fetched when its turn comes.
        from_stream: It holds records of a stream as the delivery service put them together (see `readers.delivered`).
        size: Bytes, where known beforehand.
        arrived: When it arrived: the clock that its events' times are held against. None: now.
    """

    path: str
    name: str
    dataset: str | None
    problem: str | None = None
    in_lake: bool = False
    from_stream: bool = False
    size: int | None = None
    arrived: datetime | None = None

    @property
    def bytes(self) -> int:
        """How much there is to read; 0 where it cannot be told."""
        try:
            return Path(self.path).stat().st_size if self.size is None else self.size
        except OSError:
            return 0


def find_sources(paths: Iterable[str | os.PathLike[str]], *, dataset: str | None, store: Store) -> list[Source]:
    """The files behind `paths`, each once, in order. Stdin is spooled next to the lake first.

    Folders are searched through; in them, hidden files and files of other kinds than text are passed over.
    """
    found: dict[str, Source] = {}
    for path in [os.fspath(given) for given in paths]:
        if path == STDIN:
            found[STDIN] = Source(str(_spooled(store)), STDIN, dataset or "events")
            continue
        for file in _files(path):
            key = os.path.realpath(file)
            problem = None if Path(file).exists() else "no such file or folder"
            found.setdefault(key, Source(file, file, dataset or dataset_of(file), problem))
    return list(found.values())


def dataset_of(path: str) -> str | None:
    """The dataset that a path tells: the folder below `landing/`, a folder of its name, or how the name begins."""
    parts = PurePath(path).parts
    folders = list(parts[:-1])
    if "landing" in folders:
        below = folders[len(folders) - folders[::-1].index("landing") :]
        if below and below[0] in DATASETS:
            return below[0]
    name = parts[-1].lower() if parts else ""
    for dataset in DATASETS:
        if name.startswith(dataset.removesuffix("s")):
            return dataset
    return next((folder for folder in reversed(folders) if folder in DATASETS), None)


def _files(path: str) -> list[str]:
    if Path(path).is_dir():
        return sorted(
            str(file)
            for file in Path(path).rglob("*")
            if file.is_file()
            and file.suffix.lower() in _READ_IN_FOLDERS
            and not any(part.startswith((".", "_")) for part in file.relative_to(path).parts)
        )
    if not Path(path).exists() and glob.has_magic(path):
        matches = sorted(match for match in glob.glob(path, recursive=True) if Path(match).is_file())  # noqa: PTH207
        return matches or [path]
    return [path]


def _spooled(store: Store) -> Path:
    """All of stdin as a file: the identity of a source is that of all its bytes.

    Raises:
        IngestError: There is no room for it.
    """
    target = store.scratch()
    try:
        with explained(target), target.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file, 1 << 20)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return target
