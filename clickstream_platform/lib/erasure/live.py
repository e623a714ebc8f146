"""A person in the live tables."""

from collections.abc import Iterable, Iterator
from typing import Final

from clickstream_platform.config import get_settings
from clickstream_platform.realtime.attributes import Item
from clickstream_platform.realtime.dynamodb import Dynamo, DynamoError
from clickstream_platform.realtime.erased import ErasedEntities
from clickstream_platform.realtime.tables import (
    ATTRIBUTED_CHECKOUTS,
    EVENT_INDEX,
    REPLAYED_ENTITIES,
    SESSIONS,
    LiveTable,
)

_OF_PEOPLE: Final = (SESSIONS, EVENT_INDEX, ATTRIBUTED_CHECKOUTS, REPLAYED_ENTITIES)
"""Tables whose partition key is an entity."""
_PATIENCE = 30.0


class NoLiveTables(LookupError):
    """Live tables were asked for, and there are none."""


class LiveTables:
    """The live tables of a platform.

    Args:
        prefix: Beginning of their names.
        key: The key of the registry's hashes.
    """

    def __init__(self, prefix: str, key: bytes | None) -> None:
        self.prefix = prefix
        self._dynamo = Dynamo(prefix, patience=_PATIENCE)
        self._erased = ErasedEntities(self._dynamo, key)

    def are_there(self) -> bool:
        """Whether there are any under this prefix.

        Raises:
            DynamoError: Nobody can tell.
        """
        try:
            self._dynamo.get(SESSIONS.name, {SESSIONS.partition_key: "-"})
        except DynamoError as error:
            if error.code == "ResourceNotFoundException":
                return False
            raise
        return True

    def register(self, ids: Iterable[str]) -> None:
        """Note who is erased: from here on no replay brings them back.

        Raises:
            DynamoError: They are not all noted.
        """
        self._erased.add(ids)

    def items_of(self, ids: Iterable[str]) -> dict[str, int]:
        """How many items there are of some entities, by table.

        Raises:
            DynamoError: They cannot be read.
        """
        names = _keys(ids)
        counts = {table.name: sum(1 for name in names for _ in self._of(table, name)) for table in _OF_PEOPLE}
        return {name: count for name, count in counts.items() if count}

    def take_out(self, ids: Iterable[str]) -> dict[str, int]:
        """Delete the items of some entities; how many, by table.

        Raises:
            DynamoError: Some are not deleted.
        """
        names, counts = _keys(ids), {}
        for table in _OF_PEOPLE:
            keys = [_key(table, item) for name in names for item in self._of(table, name)]
            if keys:
                self._dynamo.delete_many(table.name, keys)
                counts[table.name] = len(keys)
        return counts

    def _of(self, table: LiveTable, entity: str) -> Iterator[Item]:
        return self._dynamo.query(table.name, f"{table.partition_key} = :entity", {":entity": entity})


def _keys(ids: Iterable[str]) -> list[str]:
    """Ids that a key can be: DynamoDB knows none that is longer."""
    return sorted(name for name in set(ids) if 0 < len(name.encode("utf-8", "replace")) <= 2048)


def _key(table: LiveTable, item: Item) -> Item:
    return {name: item[name] for name in (table.partition_key, table.sort_key) if name}


def live_tables(lake_uri: str, *, wanted: bool | None) -> LiveTables | None:
    """The live tables of the settings, or None for none.

    Args:
        lake_uri: The lake; one on S3 has live tables beside it, unless nobody has made them.
        wanted: Whether there have to be some; None where the lake decides.

    Raises:
        NoLiveTables: There have to be some, and there are none.
        DynamoError: Nobody can tell.
    """
    if wanted is False or (wanted is None and not lake_uri.startswith("s3://")):
        return None
    settings = get_settings()
    key = settings.pii_key.get_secret_value().encode() if settings.pii_key else None
    tables = LiveTables(settings.table_prefix, key)
    if tables.are_there():
        return tables
    if wanted:
        raise NoLiveTables(f"there is no table {settings.table_prefix}{SESSIONS.name}: set CLICKSTREAM_TABLE_PREFIX")
    return None
