"""Objects of a source that a broken run left and its repetition did not write again (the settings had changed)."""

import re
from collections.abc import Iterable, Iterator
from datetime import date

from clickstream_platform.ingest.store import Store

_DAY = re.compile(r"/year=(\d{4})/month=(\d{2})/day=(\d{2})/")


def leftovers(
    store: Store, dataset: str, source_id: str, kept: set[str], known: Iterable[str] | None = None
) -> Iterator[str]:
    """Paths of the source's objects that are not among `kept`.

    Those in bronze are the `known` ones of the ledger, which may bear an earlier identity of the source; where it does
    not say, the whole table is listed for them.
    """
    if known is None:
        known = (path for path in store.list(f"bronze/{dataset}") if path.rpartition("/")[2].startswith(source_id))
    for path in dict.fromkeys([*known, f"rejected/{dataset}/{source_id}.parquet"]):
        if path not in kept:
            yield path


def day_in(path: str) -> date | None:
    """The day of an object's folder."""
    found = _DAY.search(path)
    return date(int(found[1]), int(found[2]), int(found[3])) if found else None
