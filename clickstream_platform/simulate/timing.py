"""When the events of visits happen, and which visits are let go of as they would run into others."""

from dataclasses import dataclass

import numpy as np

from clickstream_platform.simulate.config import ShopConfig
from clickstream_platform.simulate.draws import Flags, Ints, chance, generator, positions
from clickstream_platform.simulate.journey import (
    DAY,
    HOUR,
    LONGEST_VISIT,
    SECOND,
    STEP,
    STEPS,
    TIMEOUT,
    WINDOW,
    Plan,
    waits,
)
from clickstream_platform.simulate.memory import Memory
from clickstream_platform.simulate.visits import LOYALTY, Visits

_QUIET = WINDOW + 5 * SECOND
"""Least time between two visits of a shopper: no click can then reach another visit's checkout."""


@dataclass(frozen=True)
class Outline:
    """Events of a block before the goods: units in order of (visit, start)."""

    visit: Ints
    main: Flags
    counts: Ints
    unit: Ints
    step: Ints
    place: Ints
    time: Ints
    end: Ints

    def ends(self) -> Ints:
        """When each visit ends."""
        return self.end[self.main]

    def buys(self) -> Flags:
        """Which visits have a purchase."""
        return np.isin(np.arange(int(self.main.sum())), self.visit[self.unit[self.step == STEP["purchase"]]])


def outlined(rng: np.random.Generator, planned: Plan, visits: Visits, plain: Flags) -> Outline:
    """Lay out the units' events in time; some visits get a unit before: an advertisement clicked, and left again."""
    size = len(visits.start)
    buys = planned.counts[:, STEP["purchase"]] > 0
    early = np.flatnonzero(~plain & (chance(rng, 5_000, size) | (buys & chance(rng, 200_000, size))))
    visit = np.concatenate([np.arange(size), early])
    main = np.arange(len(visit)) < size
    clicked = np.zeros((len(early), len(STEPS)), dtype=np.int64)
    clicked[:, STEP["ad"]] = 1
    clicked[:, STEP["landing"]] = chance(rng, 700_000, len(early))
    order = np.argsort(2 * visit + main, kind="stable")
    visit, main, counts = visit[order], main[order], np.concatenate([planned.counts, clicked])[order]
    cell, _ = positions(counts.ravel())
    unit, step = np.divmod(cell, len(STEPS))
    _, place = positions(counts.sum(axis=1))
    elapsed = np.cumsum(waits(rng, unit, place, step))
    first = np.flatnonzero(place == 0)
    elapsed -= elapsed[first][unit]
    length = elapsed[np.append(first[1:], len(unit)) - 1]
    bought = np.zeros(len(visit), dtype=np.int64)
    bought[unit[step == STEP["purchase"]]] = elapsed[step == STEP["purchase"]]
    start = visits.start[visit]
    second = np.flatnonzero(main & (np.append(-1, visit[:-1]) == visit))
    start[second] += _until_return(rng, length[second - 1], bought[second])
    return Outline(visit, main, counts, unit, step, place, start[unit] + elapsed, start + length)


def _until_return(rng: np.random.Generator, clicked: Ints, bought: Ints) -> Ints:
    """From the click to the visitor's return: always a new session, at times the checkout exactly an hour later."""
    size = len(clicked)
    kind = rng.integers(0, 10, size)
    least = clicked + TIMEOUT + 1
    wait = np.where(kind == 3, least, least + rng.integers(0, 7 * HOUR // 2, size))
    wait = np.where(kind >= 7, least + rng.integers(0, HOUR // 2, size), wait)
    exact = WINDOW - bought + (kind == 2)
    return np.where((kind <= 2) & (bought > 0) & (exact >= least), exact, wait)


def kept_visits(config: ShopConfig, memory: Memory, visits: Visits, outline: Outline) -> Flags:
    """Visits that neither touch another one of their shopper, nor outlast the simulated days."""
    end = outline.ends()
    last_moment = (config.epoch_day + config.days) * DAY
    fits = (end < last_moment) & (end - visits.start < LONGEST_VISIT)
    order = np.lexsort((visits.start, visits.shopper))
    shopper, start = visits.shopper[order], visits.start[order]
    new = np.append(True, shopper[1:] != shopper[:-1])
    # One running maximum serves every shopper: each gets a range of numbers above all of the shopper's before.
    base = visits.start.min()
    lift = np.cumsum(new) << 42
    reached = np.maximum.accumulate(end[order] - base + lift)
    before = np.where(new, -1, np.append(-1, reached[:-1]) - lift + base)
    free = start > np.maximum(before, memory.busy_until[shopper]) + _QUIET
    kept = np.zeros(len(start), dtype=np.bool_)
    kept[order] = free
    return kept & fits


def visits_of_those_who_stay(
    config: ShopConfig, memory: Memory, day: int, number: int, visits: Visits, outline: Outline, kept: Flags
) -> Flags:
    """Of the kept visits those of people who have not left, and of all who come for a refund; notes who leaves."""
    if memory.population is None:
        return kept
    rows = np.flatnonzero(kept)
    kept[rows] = memory.population.stays(
        generator(config.seed, LOYALTY, day, number),
        visits.shopper[rows],
        visits.start[rows],
        outline.ends()[rows],
        buys=outline.buys()[rows],
        errand=visits.refund[rows] >= 0,
    )
    memory.make_room(memory.population.size)
    return kept
