"""What the delivery service (Firehose) keeps of the streams: `raw/year=YYYY/month=MM/day=DD/[HH/]`, by arrival day."""

from collections.abc import Collection, Iterable
from datetime import date

from clickstream_platform.ingest.errors import IngestError
from clickstream_platform.ingest.sources import Source
from clickstream_platform.ingest.store import Store
from clickstream_platform.ingest.stored import StoredObject


def raw_objects(store: Store, days: Iterable[date]) -> list[StoredObject]:
    """Objects that arrived on these days (UTC), in order of their names; hidden and empty ones are none."""
    found = []
    for day in sorted(set(days)):
        listed = store.described(f"raw/year={day:%Y}/month={day:%m}/day={day:%d}")
        found += sorted(one for one in listed if one.size and not one.path.rpartition("/")[2].startswith((".", "_")))
    return found


def raw_sources(store: Store, days: Iterable[date], paths: Collection[str] | None = None) -> list[Source]:
    """The same as sources of events, all or those among `paths`.

    Events' times are held against the arrival of their object: what was in range then is so whenever it is read.

    Raises:
        IngestError: One of `paths` is not there.
    """
    objects = raw_objects(store, days)
    if paths is not None:
        objects = [one for one in objects if one.path in set(paths)]
        if missing := set(paths) - {one.path for one in objects}:
            raise IngestError(f"{min(missing)}: no such object among those that arrived on the days asked for")
    return [
        Source(one.path, one.path, "events", in_lake=True, from_stream=True, size=one.size, arrived=one.modified)
        for one in objects
    ]
