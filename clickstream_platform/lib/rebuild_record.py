"""The state before a rebuild, kept in the lake until it has ended: a killed one is still held against its beginning."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple

import obstore
import polars as pl

from clickstream_platform.lake import Lake
from clickstream_platform.lake.figures import Figure
from clickstream_platform.lib.differences import Snapshot

_FOLDER = "_audit/rebuilds"


class Before(NamedTuple):
    """The state of tables when a rebuild began."""

    began: datetime
    figures: Snapshot


def record_path(first: date, last: date, *, raw: bool) -> str:
    """Where the state before a rebuild of these days is kept."""
    return f"{_FOLDER}/{first}..{last}{'-raw' if raw else ''}.json"


def read_before(lake: Lake, path: str) -> Before | None:
    """The state that an unfinished rebuild left; None without one, or where another version of Polars hashed it."""
    try:
        kept = json.loads(bytes(obstore.get(lake.store, path).bytes()))
    except FileNotFoundError:
        return None
    if kept["polars"] != pl.__version__:
        return None
    figures: Snapshot = {
        table: {
            date.fromisoformat(day) if day else None: {name: _figure(text) for name, text in measures.items()}
            for day, measures in days.items()
        }
        for table, days in kept["figures"].items()
    }
    return Before(datetime.fromisoformat(kept["began"]), figures)


def write_before(lake: Lake, path: str, figures: Snapshot) -> Before:
    """Keep the state that a rebuild begins with."""
    before = Before(datetime.now(UTC), figures)
    kept = {
        "began": before.began.isoformat(),
        "polars": pl.__version__,
        "figures": {
            table: {
                day.isoformat() if day else "": {name: str(value) for name, value in measures.items()}
                for day, measures in days.items()
            }
            for table, days in figures.items()
        },
    }
    obstore.put(lake.store, path, json.dumps(kept).encode())
    return before


def forget_before(lake: Lake, path: str) -> None:
    """The rebuild has ended."""
    obstore.delete(lake.store, path)


def _figure(text: str) -> Figure:
    return Decimal(text) if "." in text or "E" in text else int(text)
