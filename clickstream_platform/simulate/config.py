"""What a simulated shop is asked to be, and the errors for what it cannot be."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal, get_args

Compression = Literal["mixed", "none", "gzip", "zstd"]
Progress = Callable[[int, int, int], None]
"""Told after each day: days done, days in all, event records written so far."""

MAX_SHOPPERS = 20_000_000
MAX_DAYS = 3_660
WEEKDAY_PERCENT = (95, 92, 94, 98, 108, 112, 101)
"""Traffic of Monday..Sunday, in percent of the mean."""

VISITS_PER_10_000_SHOPPERS = 1_000
EVENTS_PER_100_VISITS = 506
"""Measured over many seeds; only `--events` leans on it, as an aim."""


class SimulationError(ValueError):
    """An argument that no shop can be made from, or an output folder that must not be written to."""


@dataclass(frozen=True)
class ShopConfig:
    """A simulated shop: the same values always give the same bytes.

    Attributes:
        days: Days simulated, each UTC and whole.
        shoppers: People who may visit; on average one in ten comes on a given day.
        seed: Any integer >= 0; another seed is another shop.
        dirty_rate: Share (0 <= rate < 1) of event, order and customer records that are malformed. Exact duplicates
            (half of it) and quarantine cases (a fifth of it) scale with it; 0 means none of these at all.
        start: First day.
    """

    days: int = 30
    shoppers: int = 2_000
    seed: int = 1
    dirty_rate: float = 0.01
    start: date = date(2024, 3, 1)

    def __post_init__(self) -> None:
        """Refuse values outside their range.

        Raises:
            SimulationError: Naming the value and its range.
        """
        if not 1 <= self.days <= MAX_DAYS:
            raise SimulationError(f"days must be between 1 and {MAX_DAYS}, not {self.days}")
        if not 1 <= self.shoppers <= MAX_SHOPPERS:
            raise SimulationError(f"shoppers must be between 1 and {MAX_SHOPPERS}, not {self.shoppers}")
        if self.seed < 0:
            raise SimulationError(f"seed must not be negative: {self.seed}")
        if not 0 <= self.dirty_rate < 1:
            raise SimulationError(f"dirty rate must be at least 0 and below 1, not {self.dirty_rate}")
        try:
            self.day(self.days)
        except OverflowError:
            raise SimulationError(f"{self.days} days from {self.start} end after the year 9999") from None

    def day(self, index: int) -> date:
        """The day with this 0-based number."""
        return self.start + timedelta(days=index)

    @property
    def dirt_per_million(self) -> int:
        """The dirty rate as an integer, so that no draw depends on a machine's floating point."""
        return round(self.dirty_rate * 1_000_000)

    @property
    def epoch_day(self) -> int:
        """Days from 1970-01-01 to the first day."""
        return (self.start - date(1970, 1, 1)).days


def shoppers_for(events: int, days: int, start: date) -> int:
    """Shoppers whose visits in these days make up about this many events.

    Raises:
        SimulationError: If fewer than one event or day is asked for.
    """
    if events < 1:
        raise SimulationError(f"events must be at least 1, not {events}")
    if days < 1:
        raise SimulationError(f"days must be at least 1, not {days}")
    percent = sum(WEEKDAY_PERCENT[(start.weekday() + day) % 7] for day in range(days))
    per_million = VISITS_PER_10_000_SHOPPERS * EVENTS_PER_100_VISITS * percent // 100
    return max(1, events * 1_000_000 // per_million)


def check_compression(value: str) -> Compression:
    """The value as a known compression.

    Raises:
        SimulationError: If it is not one.
    """
    for known in get_args(Compression):
        if value == known:
            return known  # type: ignore[no-any-return]
    raise SimulationError(f"compress must be one of {', '.join(get_args(Compression))}, not {value}")


def delivered_at(day: date) -> float:
    """When a shop's file of that day is complete: five past midnight, seconds since 1970."""
    return datetime(day.year, day.month, day.day, 0, 5, tzinfo=UTC).timestamp() + 86_400


@dataclass(frozen=True)
class SimulationSummary:
    """What `simulate` wrote.

    Attributes:
        out_dir: The folder, with `landing/` and `truth/` in it.
        shoppers: Shoppers simulated.
        event_records: Lines in the event files, malformed and duplicate ones included.
        files: Files under `landing/`.
        bytes: Their size.
        seconds: Time taken.
        counts: The content of `truth/counts.json`.
    """

    out_dir: Path
    shoppers: int
    event_records: int
    files: int
    bytes: int
    seconds: float
    counts: dict[str, object]
