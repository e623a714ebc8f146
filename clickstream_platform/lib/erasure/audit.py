"""What is kept of an erasure in the lake: who (by hash), when, what was removed, and what the proof found.

```
_audit/erased/<hash>.json             one object an erased id: written before anything is removed
_audit/erasures/<id>.json             one object an erasure, without personal data
_audit/erasures/<id>.unfinished.json  ids, addresses and days, for as long as it runs: what a re-run goes on with
```
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Literal

import obstore

from clickstream_platform.lake import Lake
from clickstream_platform.lib.erasure.person import Person
from clickstream_platform.realtime.erased import entity_hash

AUDIT = "_audit/erasures"
_REGISTRY = "_audit/erased"

State = Literal["running", "done", "something is left"]


@dataclass
class Record:
    """An erasure as it is kept.

    Attributes:
        entities: Keyed hashes of the ids that were asked for.
        linked: How many anonymous ids belong to nobody else and were erased with them.
        removed: By layer and table: rows, records or items.
        objects: Objects that held the person, with the records that they held; ids in names are hashed.
        live: Items by live table.
        days: Days whose tables were computed again, by the bronze table that had changed.
        old_versions: How many old versions of objects a versioned bucket was rid of.
        proof: The last search: what was searched, and what was found.
    """

    erasure: str
    began: str
    entities: list[str]
    state: State = "running"
    ended: str | None = None
    linked: int = 0
    removed: dict[str, dict[str, int]] = field(default_factory=dict)
    objects: dict[str, int] = field(default_factory=dict)
    live: dict[str, int] = field(default_factory=dict)
    days: dict[str, list[str]] = field(default_factory=dict)
    old_versions: int = 0
    proof: dict[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Where it is kept."""
        return f"{AUDIT}/{self.erasure}.json"


@dataclass
class Unfinished:
    """What a re-run needs to know, though what told it may be gone by then.

    Attributes:
        record: Path of the record.
        objects: Objects that hold, or held, the person.
        days: Days to compute again, by bronze table.
        customers: Whether customers are to be computed again.
    """

    record: str
    person: Person
    objects: set[str] = field(default_factory=set)
    days: dict[str, set[date]] = field(default_factory=dict)
    customers: bool = False


class Audit:
    """Records of erasures in a lake.

    Args:
        lake: The lake.
        key: The key of hashes.
    """

    def __init__(self, lake: Lake, key: bytes | None) -> None:
        self._lake, self._key = lake, key

    def begin(self, ids: Iterable[str]) -> Record:
        """A new record, not kept yet."""
        now, hashes = datetime.now(UTC), sorted(entity_hash(name, self._key) for name in set(ids))
        return Record(f"{now:%Y%m%dT%H%M%S}-{_digest(hashes)}", now.isoformat(timespec="seconds"), hashes)

    def unfinished(self, ids: Iterable[str]) -> Unfinished | None:
        """The erasure of these ids that broke off."""
        kept = self._read(self._unfinished_path(ids))
        if kept is None:
            return None
        person = Person(frozenset(kept["ids"]), frozenset(kept["emails"]), frozenset(kept["hashes"]), self._key)
        days = {table: set(map(date.fromisoformat, listed)) for table, listed in kept["days"].items()}
        return Unfinished(kept["record"], person, set(kept["objects"]), days, kept["customers"])

    def record(self, path: str) -> Record:
        """A record that is kept."""
        return Record(**(self._read(path) or {}))

    def keep(self, record: Record) -> None:
        """Write a record."""
        self._write(record.path, asdict(record))

    def keep_unfinished(self, ids: Iterable[str], state: Unfinished) -> None:
        """Write what a re-run needs."""
        person = state.person
        self._write(
            self._unfinished_path(ids),
            {
                "record": state.record,
                "ids": sorted(person.ids),
                "emails": sorted(person.emails),
                "hashes": sorted(person.hashes),
                "objects": sorted(state.objects),
                "days": {table: sorted(map(str, days)) for table, days in state.days.items()},
                "customers": state.customers,
            },
        )

    def forget_unfinished(self, ids: Iterable[str]) -> str:
        """The erasure has ended. Returns the path of what is gone."""
        path = self._unfinished_path(ids)
        obstore.delete(self._lake.store, path)
        return path

    def register(self, ids: Iterable[str], erasure: str) -> None:
        """Note who is erased."""
        for name in ids:
            hashed = entity_hash(name, self._key)
            now = datetime.now(UTC).isoformat(timespec="seconds")
            body = {"entity_hash": hashed, "erased_at": now, "erasure": erasure}
            self._write(f"{_REGISTRY}/{hashed}.json", body)

    def erased_at(self, entity: str) -> str | None:
        """When somebody was erased; None for who was not."""
        kept = self._read(f"{_REGISTRY}/{entity_hash(entity, self._key)}.json")
        return None if kept is None else str(kept["erased_at"])

    def _unfinished_path(self, ids: Iterable[str]) -> str:
        return f"{AUDIT}/{_digest(sorted(entity_hash(name, self._key) for name in set(ids)))}.unfinished.json"

    def _read(self, path: str) -> dict[str, Any] | None:
        try:
            found = json.loads(bytes(obstore.get(self._lake.store, path).bytes()))
        except FileNotFoundError:
            return None
        assert isinstance(found, dict)
        return found

    def _write(self, path: str, body: dict[str, Any]) -> None:
        obstore.put(self._lake.store, path, json.dumps(body, indent=1).encode("utf-8", "surrogatepass"))


def _digest(hashes: list[str]) -> str:
    return hashlib.sha256("".join(hashes).encode()).hexdigest()[:24]
