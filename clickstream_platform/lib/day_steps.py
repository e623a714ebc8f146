"""Which tables are computed on which days, and in which order, when days of bronze have changed.

All of it follows from the assets' windows: a table that reads its upstream from two days before to one day after
changes on the day before a changed day, on that day, and on the two days after it; what reads that table changes
further around.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from typing import NamedTuple, TypeAlias

import dagster as dg

from clickstream_platform.config import get_settings
from clickstream_platform.lib.day_ranges import day_batches
from clickstream_platform.lib.table_asset import table_key
from clickstream_platform.schemas import TABLES

MASTER = ("customers_clean", "products_clean")

Window: TypeAlias = tuple[int, int]
"""From so many days before (negative) to so many after."""

DaysOf: TypeAlias = Mapping[str, Collection[date]]
"""Days by the name of a table."""


class Step(NamedTuple):
    """Tables of one run: unpartitioned ones, or partitioned ones on the days from first to last."""

    tables: Sequence[dg.AssetKey]
    days: tuple[date, date] | None = None


Days: TypeAlias = Mapping[dg.AssetKey, Collection[date]]
"""Days by the key of a table."""


def merged(*parts: Days) -> Days:
    """The days of each table in any of the parts."""
    keys = dict.fromkeys(key for part in parts for key in part)
    return {key: frozenset().union(*(part.get(key, ()) for part in parts)) for key in keys}


class TableGroups:
    """The computed tables of a job in the order they are computed in.

    Attributes:
        masters: Unpartitioned silver tables that orders look things up in.
        partitioned: Everything by day, upstream first.
        summaries: Unpartitioned gold tables.
    """

    def __init__(self, job: dg.JobDefinition) -> None:
        self._graph = job.asset_layer.asset_graph
        keys = [key for key in self._graph.toposorted_asset_keys if key in self._graph.materializable_asset_keys]
        self.masters = [dg.AssetKey(["silver", name]) for name in MASTER]
        self.partitioned = [key for key in keys if self._by_day(key)]
        self.summaries = [key for key in keys if not self._by_day(key) and key.path[0] == "gold"]
        self.reach = cache(self._reach)
        self.stage = cache(self._stage)

    def below(self, table: dg.AssetKey) -> set[dg.AssetKey]:
        """All tables that are made of a table, directly or not."""
        found: set[dg.AssetKey] = set()
        left = [table]
        while left:
            children = set(self._graph.get(left.pop()).child_keys) - found
            found |= children
            left += children
        return found

    def changed_days(self, table: dg.AssetKey, changed: DaysOf) -> set[date]:
        """The days of a partitioned table that change when days of bronze tables have changed."""
        days: set[date] = set()
        for fact, of_fact in changed.items():
            reach = self.reach(table_key(TABLES[fact]), table)
            if reach is not None:
                offsets = [timedelta(days=offset) for offset in range(reach[0], reach[1] + 1)]
                days |= {day + offset for day in of_fact for offset in offsets}
        return days

    def on(self, days: Iterable[date]) -> Days:
        """All partitioned tables on the same days."""
        return dict.fromkeys(self.partitioned, frozenset(days))

    def after(self, changed: DaysOf, among: Iterable[date]) -> Days:
        """Each partitioned table on those of the days that change when days of bronze tables have changed."""
        possible = frozenset(among)
        return {key: possible & self.changed_days(key, changed) for key in self.partitioned}

    def steps(self, days: Days) -> Iterator[Step]:
        """Runs over as many days each as the settings say, in an order in which every table finds what it reads.

        A table that reads days to come needs these computed first, over all days, which is what stages are for. Within
        a stage, tables on the same days are computed together, and upstream ones first.
        """
        wanted = {key: frozenset(days[key]) for key in self.partitioned if days.get(key)}
        for stage in sorted({self.stage(key) for key in wanted}):
            for of_tables, tables in self._together({k: d for k, d in wanted.items() if self.stage(k) == stage}):
                for span in day_batches(of_tables, get_settings().run_batch_days):
                    yield Step(tables, span)

    def _together(self, days: Mapping[dg.AssetKey, frozenset[date]]) -> list[tuple[frozenset[date], list[dg.AssetKey]]]:
        """Tables on the same days, each in the first group that does not come before what it reads."""
        groups: list[tuple[frozenset[date], list[dg.AssetKey]]] = []
        place: dict[dg.AssetKey, int] = {}
        for key, wanted in days.items():
            earliest = max((place[parent] for parent in self.windows(key) if parent in place), default=0)
            number = next((n for n in range(earliest, len(groups)) if groups[n][0] == wanted), len(groups))
            if number == len(groups):
                groups.append((wanted, []))
            groups[number][1].append(key)
            place[key] = number
        return groups

    def _by_day(self, key: dg.AssetKey) -> bool:
        return self._graph.get(key).partitions_def is not None

    def _reach(self, fact: dg.AssetKey, table: dg.AssetKey) -> Window | None:
        """Which days of a table change with a day of a bronze table, as days around it; None where it is not below."""
        if table == fact:
            return 0, 0
        found: list[Window] = []
        for parent, (before, after) in self.windows(table).items():
            reach = self.reach(fact, parent)
            if reach is not None:
                found.append((reach[0] - after, reach[1] - before))
        return (min(low for low, _ in found), max(high for _, high in found)) if found else None

    def _stage(self, table: dg.AssetKey) -> int:
        """How many times something upstream has to be computed over all days before."""
        return max((self.stage(parent) + (after > 0) for parent, (_, after) in self.windows(table).items()), default=0)

    def windows(self, table: dg.AssetKey) -> dict[dg.AssetKey, Window]:
        """The tables by day that a table reads, each with the days around its own that it reads."""
        node = self._graph.get(table)
        parents = [parent for parent in node.parent_keys if self._by_day(parent)]
        return {parent: _window(node.partition_mappings.get(parent)) for parent in parents}


def _window(mapping: dg.PartitionMapping | None) -> Window:
    return (mapping.start_offset, mapping.end_offset) if isinstance(mapping, dg.TimeWindowPartitionMapping) else (0, 0)
