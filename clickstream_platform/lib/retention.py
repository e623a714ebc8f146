"""How long originals are kept: `raw/` is the only place with personal data of events."""

from datetime import date
from pathlib import Path
from typing import Any

import obstore

from clickstream_platform.lake import layout, list_paths, open_store
from clickstream_platform.lake.store import list_folders

_ROOT = "raw"


def purge_raw(lake_uri: str, before: date, *, dry_run: bool = False) -> list[str]:
    """Delete the originals below `raw/` whose day folder is earlier than a day.

    Doing it twice is harmless, and what is not in a day folder is left alone.

    Args:
        lake_uri: the lake's root.
        before: the first day that is kept.
        dry_run: only tell.

    Returns:
        Paths of what was (or would be) deleted, sorted.

    Raises:
        LakeError: the lake cannot be used.
        OSError: an original cannot be deleted; those before it are gone.
    """
    if "://" not in lake_uri and not Path(lake_uri).is_dir():
        return []
    store = open_store(lake_uri)
    folders = [folder for folder in _day_folders(store, _ROOT) if (day := layout.day_of(folder)) and day < before]
    doomed = sorted(path for folder in folders for path, _ in list_paths(store, folder))
    if doomed and not dry_run:
        obstore.delete(store, doomed)
    return doomed


def _day_folders(store: Any, folder: str) -> list[str]:
    """Day folders below a folder: lists folders, so that the cost follows the days and not the objects kept."""
    names = list_folders(store, folder)
    days = [f"{folder}/{name}" for name in names if name.startswith("day=")]
    deeper = [f"{folder}/{name}" for name in names if not name.startswith("day=")]
    return days + [found for below in deeper for found in _day_folders(store, below)]
