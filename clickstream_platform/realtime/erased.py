"""Who was erased, by a hash of the id: what no replay brings back.

The registry outlives the person's data and so must not name the person. With a key (the settings' `pii_key`) a hash
says nothing to whoever has no key; without one, whoever can guess an id can test the guess. A changed key makes
hashes that were kept before unknown: then `clickstream erase` is run again for those who are to stay erased.
"""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import UTC, datetime

from clickstream_platform.realtime.dynamodb import Dynamo, DynamoError
from clickstream_platform.realtime.tables import ERASED_ENTITIES

_DOMAIN = b"clickstream erased entity\0"
"""Keeps these hashes apart from those of e-mail addresses under the same key."""


def entity_hash(entity_id: str, key: bytes | None) -> str:
    """HMAC-SHA-256 (hex) of an id under the key; without one SHA-256."""
    message = _DOMAIN + entity_id.encode("utf-8", "surrogatepass")
    return hashlib.sha256(message).hexdigest() if key is None else hmac.digest(key, message, "sha256").hex()


class ErasedEntities:
    """The registry in the live tables; its items stay for good.

    Args:
        dynamo: The live tables.
        key: The key of the hashes, None for none.
    """

    def __init__(self, dynamo: Dynamo, key: bytes | None) -> None:
        self._dynamo, self._key = dynamo, key

    def erased_of(self, entities: Iterable[str]) -> set[str]:
        """Those of some entities that were erased.

        Raises:
            DynamoError: The registry cannot be read.
        """
        by_hash = {entity_hash(entity, self._key): entity for entity in set(entities)}
        if not by_hash:
            return set()
        keys = [{"entity_hash": name} for name in by_hash]
        found = self._dynamo.get_many(ERASED_ENTITIES.name, keys, ("entity_hash",))
        return {by_hash[item["entity_hash"]] for item in found}

    def add(self, entities: Iterable[str]) -> None:
        """Register entities as erased; those that were before are so still.

        Raises:
            DynamoError: Some could not be registered.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        items = [{"entity_hash": entity_hash(entity, self._key), "erased_at": now} for entity in sorted(set(entities))]
        left = self._dynamo.put_many(ERASED_ENTITIES.name, items) if items else []
        if left:
            raise self._dynamo.last_error or DynamoError("Timeout", f"{len(left)} entities are not registered")
