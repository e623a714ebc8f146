"""The counts that `truth/counts.json` states: what was written, and what must become of it.

By file and in all, `records = accepted + rejected` (by reason). By the day that events, orders and spend happened on,
`accepted` are the rows of bronze: for events `clean + quarantined` (by reason) `+ duplicates`, for orders
`validated + quarantined + superseded`, for spend `clean + quarantined + superseded`. `late`, `bots`, and those without
consent, `analytics_denied` and `ads_denied`, are some of the clean ones.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from clickstream_platform.simulate.config import ShopConfig
from clickstream_platform.simulate.draws import Ints

DATASETS = ("customers", "events", "marketing_spend", "orders", "products")


def _numbers() -> dict[str, int]:
    return defaultdict(int)


@dataclass
class Tally:
    """Counts by file (as delivered) and by day (as it happened).

    Attributes:
        files: Records and rejected records by reason, for each file under `landing/`.
        days: Counts by dataset and UTC day of the event or order.
        totals: Counts by dataset over everything.
        notes: Single facts, such as purchases without an order.
    """

    config: ShopConfig
    files: dict[str, dict[str, dict[str, int]]] = field(
        default_factory=lambda: {name: defaultdict(_numbers) for name in DATASETS}
    )
    days: dict[str, dict[str, dict[str, int]]] = field(
        default_factory=lambda: {name: defaultdict(_numbers) for name in ("events", "marketing_spend", "orders")}
    )
    totals: dict[str, dict[str, int]] = field(default_factory=lambda: {name: _numbers() for name in DATASETS})
    notes: dict[str, int] = field(default_factory=_numbers)

    def records(self, dataset: str, day: int, count: int) -> None:
        """So many records that must be accepted went into the file of that day."""
        name = self.config.day(day).isoformat()
        self.files[dataset][name]["records"] += count
        self.files[dataset][name]["accepted"] += count

    def rejected(self, dataset: str, day: int, reasons: list[str]) -> None:
        """Records for which the contract must give these reasons went into the file of that day."""
        entry = self.files[dataset][self.config.day(day).isoformat()]
        for reason in reasons:
            entry["records"] += 1
            entry[f"rejected.{reason}"] += 1

    def happened(self, dataset: str, what: str, days: Ints) -> None:
        """One record each on these days (0-based) became this."""
        for day, count in enumerate(np.bincount(days, minlength=1).tolist()):
            if count:
                self.days[dataset][self.config.day(day).isoformat()][what] += count

    def as_json(self) -> dict[str, Any]:
        """Everything as nested dictionaries, sorted, reasons grouped."""
        result: dict[str, Any] = {
            "arguments": {
                "days": self.config.days,
                "dirty_rate": self.config.dirty_rate,
                "seed": self.config.seed,
                "shoppers": self.config.shoppers,
                "start": self.config.start.isoformat(),
            },
            "notes": dict(sorted(self.notes.items())),
        }
        for dataset in DATASETS:
            files = {name: _grouped(entry) for name, entry in sorted(self.files[dataset].items())}
            days = {name: _grouped(entry) for name, entry in sorted(self.days.get(dataset, {}).items())}
            total = _summed([*self.files[dataset].values(), *self.days.get(dataset, {}).values(), self.totals[dataset]])
            if days:
                total["accepted"] = sum(entry["accepted"] for entry in self.files[dataset].values())
            result[dataset] = {"total": _grouped(total), "files": files, **({"days": days} if days else {})}
        return result


def _summed(entries: list[dict[str, int]]) -> dict[str, int]:
    total = _numbers()
    for entry in entries:
        for name, count in entry.items():
            total[name] += count
    return total


def _grouped(entry: dict[str, int]) -> dict[str, Any]:
    """`rejected.wrong_type` becomes an entry `wrong_type` of `rejected`."""
    result: dict[str, Any] = {}
    for name, count in sorted(entry.items()):
        group, _, reason = name.partition(".")
        if reason:
            result.setdefault(group, {})[reason] = count
        else:
            result[name] = count
    return result
