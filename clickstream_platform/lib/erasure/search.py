"""Where a person is: in which objects of which layer, and in which live tables."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from clickstream_platform.ingest.store import Store
from clickstream_platform.lake import Lake, layout, list_paths
from clickstream_platform.lib.erasure import originals, tables
from clickstream_platform.lib.erasure.live import LiveTables
from clickstream_platform.lib.erasure.mentions import mentions
from clickstream_platform.lib.erasure.person import Person
from clickstream_platform.lib.erasure.tables import Found
from clickstream_platform.schemas import TABLES


class ErasureError(Exception):
    """An erasure cannot go on; the message says why and what to do."""


@dataclass(frozen=True)
class Watch:
    """Who is told how far it is: a phase with its number of steps, and each step."""

    phase: Callable[[str, int | None], None] = lambda name, steps: None
    step: Callable[[str], None] = lambda name: None


@dataclass
class Place:
    """The platform that is searched.

    Attributes:
        live: None where there are no live tables.
    """

    lake: Lake
    store: Store
    live: LiveTables | None = None
    watch: Watch = field(default_factory=Watch)


@dataclass
class Holdings:
    """What is held of a person.

    Attributes:
        originals: Records in objects of `raw/` and `landing/`.
        emails: Addresses that these tell of the person.
        tables: Rows by table and object.
        refused: Rows in objects of `rejected/`.
        staged: Objects that a writer has left in staging.
        live: Items by live table.
        unsearched: Objects that nobody can look into, with the reason.
        mentions: Values that speak of the person in other people's rows, by table and column, where asked for.
        searched: How many objects (or live tables) were looked into, by layer.
    """

    originals: dict[str, int] = field(default_factory=dict)
    emails: frozenset[str] = frozenset()
    tables: dict[str, dict[str, Found]] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    staged: dict[str, int] = field(default_factory=dict)
    live: dict[str, int] = field(default_factory=dict)
    unsearched: dict[str, str] = field(default_factory=dict)
    searched: dict[str, int] = field(default_factory=dict)
    mentions: dict[str, int] = field(default_factory=dict)

    def counts(self) -> Iterator[tuple[str, str, int, int]]:
        """Layer, table, records and objects, for each that holds something."""
        by_folder: dict[tuple[str, str], list[int]] = {}
        for path, count in (*self.originals.items(), *self.refused.items(), *self.staged.items()):
            by_folder.setdefault(table_of(path), []).append(count)
        for (layer, table), found in sorted(by_folder.items()):
            yield layer, table, sum(found), len(found)
        for name in TABLES:
            if held := self.tables.get(name):
                yield TABLES[name].layer, name, sum(one.rows for one in held.values()), len(held)
        for name, items in self.live.items():
            yield "live", name, items, items

    @property
    def total(self) -> int:
        """Records, rows and items in all."""
        return sum(count for _, _, count, _ in self.counts())

    @property
    def objects(self) -> dict[str, int]:
        """Records by object, of all layers."""
        rows = {path: one.rows for held in self.tables.values() for path, one in held.items()}
        return {**self.originals, **self.refused, **rows}

    def of_layer(self, layer: str) -> dict[str, dict[str, Found]]:
        """Rows by table and object, of one layer."""
        return {name: held for name, held in self.tables.items() if TABLES[name].layer == layer and held}

    def days(self, table: str) -> set[date]:
        """Days of a table that the person is on."""
        return {day for path in self.tables.get(table, {}) if (day := layout.day_of(path)) is not None}


def table_of(path: str) -> tuple[str, str]:
    """Layer and table of an object."""
    first, _, rest = path.partition("/")
    if path.startswith("raw/year="):
        return "raw", "streams"
    if path.startswith(layout.STAGING):
        return "staging", "tables"
    return first, rest.removeprefix(f"{layout.LANDING}/").partition("/")[0]


def search(place: Place, person: Person) -> Holdings:
    """All that is held of a person, layer by layer.

    Raises:
        ErasureError: An object of a table cannot be read.
        IngestError: The lake cannot be read.
        DynamoError: A live table cannot be read.
    """
    found = Holdings()
    _search_originals(place, person, found)
    place.watch.phase("searching tables", len(TABLES))
    for name, table in TABLES.items():
        try:
            found.tables[name] = tables.rows_in(place.lake, name, person)
        except pl.exceptions.PolarsError as error:
            raise unreadable(f"{table.layer}/{name}", error) from error
        found.searched[table.layer] = found.searched.get(table.layer, 0) + len(place.lake.objects(name))
        place.watch.step(name)
    _search_refused(place, person, found)
    for path, _ in list_paths(place.lake.store, layout.STAGING):
        if rows := tables.staged_rows(place.lake, path, person):
            found.staged[path] = rows
        found.searched["staging"] = found.searched.get("staging", 0) + 1
    if place.live is not None:
        found.live = place.live.items_of(person.ids)
        found.searched["live"] = 4
    return found


def find_mentions(place: Place, person: Person) -> dict[str, int]:
    """Values that speak of a person, by table and column.

    Raises:
        ErasureError: An object of a table cannot be read.
    """
    place.watch.phase("searching texts", len(TABLES))
    found = {}
    for name, table in TABLES.items():
        try:
            for column, count in mentions(place.lake, name, person).items():
                found[f"{table.layer}.{name}.{column}"] = count
        except pl.exceptions.PolarsError as error:
            raise unreadable(f"{table.layer}/{name}", error) from error
        place.watch.step(name)
    return found


def _search_originals(place: Place, person: Person, found: Holdings) -> None:
    paths = [path for folder in originals.FOLDERS for path in place.store.list(folder)]
    place.watch.phase("searching raw and landing", len(paths))

    def look(path: str) -> tuple[str, originals.Looked | str]:
        try:
            return path, originals.look_into(place.store, path, person)
        except originals.Unsearchable as reason:
            return path, str(reason)
        except FileNotFoundError:
            return path, originals.Looked(0)

    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as threads:
        for path, looked in threads.map(look, sorted(paths)):
            layer = path.partition("/")[0]
            found.searched[layer] = found.searched.get(layer, 0) + 1
            if isinstance(looked, str):
                found.unsearched[path] = looked
            elif looked.records:
                found.originals[path] = looked.records
                found.emails |= looked.emails
            place.watch.step("")


def _search_refused(place: Place, person: Person, found: Holdings) -> None:
    paths = tables.rejected_objects(place.lake)
    place.watch.phase("searching rejected", len(paths))
    for path in paths:
        try:
            if rows := tables.rejected_rows(place.lake, path, person):
                found.refused[path] = rows
        except FileNotFoundError:
            continue
        except pl.exceptions.PolarsError as error:
            raise unreadable(path, error) from error
        place.watch.step("")
    found.searched["rejected"] = len(paths)


def unreadable(what: str, error: Exception) -> ErasureError:
    """The error of an object that cannot be read."""
    said = (str(error).splitlines() or [type(error).__name__])[0]
    return ErasureError(f"{what} cannot be read: {said}. Repair or delete the object, and run the same command again")
