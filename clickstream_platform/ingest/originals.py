"""Where the original of an ingested file is kept."""

from datetime import date
from pathlib import PurePosixPath


def original_path(dataset: str, source_id: str, name: str, day: date) -> str:
    """The original's path in the lake: a pure function of its content and name, and of the day it was put away.

    The same content put away twice on a day is kept once; another content under the same name is kept beside it.
    """
    folder = f"raw/landing/{dataset}/year={day:%Y}/month={day:%m}/day={day:%d}"
    digest, own = source_id.partition("-")[2][:12], PurePosixPath(name).name
    return f"{folder}/{own}" if own.startswith(f"{digest}-") else f"{folder}/{digest}-{own}"
