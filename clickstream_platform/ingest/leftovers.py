"""Objects of a source that a broken run left and its repetition did not write again (the settings had changed)."""

import re
from collections.abc import Iterator
from datetime import date

from clickstream_platform.ingest.store import Store

_DAY = re.compile(r"/year=(\d{4})/month=(\d{2})/day=(\d{2})/")


def leftovers(store: Store, dataset: str, source_id: str, kept: set[str]) -> Iterator[str]:
    """Paths of the source's objects that are not among `kept`. Lists the whole table: only for repetitions."""
    paths = [*store.list(f"bronze/{dataset}"), *store.list(f"rejected/{dataset}")]
    for path in paths:
        if path.rpartition("/")[2].startswith(source_id) and path not in kept:
            yield path


def day_in(path: str) -> date | None:
    """The day of an object's folder."""
    found = _DAY.search(path)
    return date(int(found[1]), int(found[2]), int(found[3])) if found else None
