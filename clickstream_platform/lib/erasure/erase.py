"""An erasure from its search to its proof. Killed at any moment, doing it again ends it.

The order is what makes that true: who is erased is registered first; what a re-run needs is kept in the lake before
anything is removed, and goes last; each object is replaced or deleted in one step; tables are computed again after
everything they are made of is clean.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from clickstream_platform.config import get_settings
from clickstream_platform.ingest.store import open_lake_store
from clickstream_platform.lake import Lake, layout
from clickstream_platform.lib.erasure import originals, tables
from clickstream_platform.lib.erasure.audit import Audit, Record, Unfinished
from clickstream_platform.lib.erasure.known import known_of
from clickstream_platform.lib.erasure.live import LiveTables
from clickstream_platform.lib.erasure.person import Person
from clickstream_platform.lib.erasure.recompute import Tables, compute, note_days
from clickstream_platform.lib.erasure.search import (
    ErasureError,
    Holdings,
    Place,
    Watch,
    find_mentions,
    search,
    table_of,
)
from clickstream_platform.lib.erasure.versions import delete_old_versions
from clickstream_platform.realtime.erased import entity_hash

_MOST_ROUNDS = 5
"""As often what came in meanwhile is removed, too."""


class UnknownEntity(ErasureError):
    """Nothing is held of any of the ids, and none was erased before."""


@dataclass
class Erasure:
    """What an erasure found and did.

    Attributes:
        found: What the first search found.
        left: What the last one did; None before.
        resumed: Whether an earlier attempt had broken off.
    """

    record: Record
    person: Person
    found: Holdings
    left: Holdings | None = None
    resumed: bool = False
    failed_checks: list[str] = field(default_factory=list)

    @property
    def is_proven(self) -> bool:
        """Whether a search over everything found nothing."""
        return self.left is not None and not (self.left.total or self.left.unsearched or self.left.mentions)


def open_place(lake_uri: str, live: LiveTables | None, watch: Watch | None = None) -> Place:
    """The platform to erase from.

    Raises:
        LakeError: The lake cannot be used.
        IngestError: The same.
    """
    return Place(Lake(lake_uri), open_lake_store(lake_uri), live, watch or Watch())


def find(place: Place, entities: Iterable[str], *, linked: bool) -> Erasure:
    """What there is of some entities; nothing is changed.

    Args:
        place: Where to search.
        entities: Their ids.
        linked: Whether to take along the anonymous ids that only they were seen with.

    Raises:
        UnknownEntity: Nothing is, and nothing was.
        ErasureError: Something cannot be read.
    """
    ids, key = frozenset(entities), _key()
    audit = Audit(place.lake, key)
    before = audit.unfinished(ids)
    person = known_of(place.lake, ids, key, linked=linked)
    if before is not None:
        person = Person(
            person.ids | before.person.ids,
            person.emails | before.person.emails,
            person.hashes | before.person.hashes,
            key,
        )
    found = search(place, person)
    if not found.emails <= person.emails:  # only originals have addresses where bronze keeps hashes or nothing
        person = replace(person, emails=person.emails | found.emails)
        found = search(place, person)
    if before is None and not found.total and not any(map(audit.erased_at, ids)):
        raise UnknownEntity(
            f"nothing is held of {', '.join(repr(name[:80]) for name in sorted(ids))}: ids are compared whole, case "
            "and all. Ids that other systems use, and e-mail addresses, are no entities here"
        )
    record = audit.begin(ids) if before is None else audit.record(before.record)
    record.linked = len(person.ids - ids)
    return Erasure(record, person, found, resumed=before is not None)


def erase(
    place: Place,
    entities: Iterable[str],
    erasure: Erasure,
    tables_of: Callable[[], Tables],
    *,
    thorough: bool = False,
) -> None:
    """Remove what was found, compute what depends on it again, and prove that nothing is left.

    The proof is the last search, after everything else. What a stream or a shop brought meanwhile is found by it and
    removed, too, as often as `_MOST_ROUNDS`; what comes later is new data.

    Args:
        place: Where from.
        entities: The ids that were asked for.
        erasure: From `find`; filled as it goes on.
        tables_of: Gives what computes tables, when it is needed.
        thorough: Whether to search the texts of others' rows as well; what is found there is told, not removed.

    Raises:
        ErasureError: Tables could not be computed again; the same erasure again goes on there.
        IngestError: An object could not be read or written.
        DynamoError: A live table could not be changed.
    """
    ids = frozenset(entities)
    audit, record = Audit(place.lake, _key()), erasure.record
    state = audit.unfinished(ids) or Unfinished(record.path, erasure.person)
    state.person = erasure.person
    audit.keep(record)
    audit.keep_unfinished(ids, state)
    audit.register(erasure.person.ids, record.erasure)
    if place.live is not None:
        place.live.register(erasure.person.ids)
    found = erasure.found
    for number in range(1, _MOST_ROUNDS + 1):
        _note(record, state, found, erasure.person)
        audit.keep(record)
        audit.keep_unfinished(ids, state)
        _remove(place, erasure.person, found)
        if state.days or state.customers:
            computed = compute(place.lake, state, tables_of(), record.erasure, place.watch)
            erasure.failed_checks = computed.failed_checks
            state.objects |= computed.objects
        if place.live is not None:
            place.live.take_out(erasure.person.ids)
        erasure.left = found = search(place, erasure.person)
        if not found.total:
            found.mentions = find_mentions(place, erasure.person) if thorough else {}
        record.proof = _proof(found, number)
        if not found.total:
            break
    record.old_versions = delete_old_versions(place.lake.uri, state.objects, (layout.STAGING, layout.LANDING))
    record.state = "done" if erasure.is_proven else "something is left"
    record.ended = datetime.now(UTC).isoformat(timespec="seconds")
    audit.keep(record)
    if not found.total:
        gone = audit.forget_unfinished(ids)
        delete_old_versions(place.lake.uri, [gone, record.path])


def _note(record: Record, state: Unfinished, found: Holdings, person: Person) -> None:
    """Keep in mind what was found: what goes, and what has to follow. A re-run's counts replace no higher ones."""
    state.objects |= set(found.objects)
    note_days(state, found)
    for path, count in found.objects.items():
        name = _unnamed(path, person)
        record.objects[name] = max(count, record.objects.get(name, 0))
    for table, items in found.live.items():
        record.live[table] = max(items, record.live.get(table, 0))
    record.removed = {}
    for path, count in record.objects.items():
        layer, table = table_of(path)
        counts = record.removed.setdefault(layer, {})
        counts[table] = counts.get(table, 0) + count
    record.days = {table: sorted(map(str, days)) for table, days in state.days.items()}


def _remove(place: Place, person: Person, found: Holdings) -> None:
    """Take out what was found, from everything that is not computed."""
    store, bronze = place.store, found.of_layer("bronze")
    place.watch.phase("removing", len(found.originals) + len(found.refused) + sum(map(len, bronze.values())))
    for path in found.originals:
        originals.take_out(store, path, person)
        place.watch.step("")
    for path in found.refused:
        tables.take_out(store, path, tables.refused_mask(person))
        place.watch.step("")
    for table, held in bronze.items():
        for path in held:
            tables.take_out(store, path, tables.rows_mask(table, person))
            place.watch.step("")
    tables.drop_staged(place.lake, person)


def _proof(left: Holdings, rounds: int) -> dict[str, object]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "rounds": rounds,
        "searched": left.searched,
        "found": {f"{layer}.{table}": count for layer, table, count, _ in left.counts()},
        "unsearched": len(left.unsearched),
        "mentions": left.mentions,
    }


def _unnamed(path: str, person: Person) -> str:
    """A path that does not name the person: shops call files what they like."""
    for name in sorted(person.ids | person.emails, key=len, reverse=True):
        path = path.replace(name, entity_hash(name, person.key)[:16])
    return path


def _key() -> bytes | None:
    key = get_settings().pii_key
    return key.get_secret_value().encode() if key else None
