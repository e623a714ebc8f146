"""An experiment from its first day to its last, as arrays: the sums of each variant up to each day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from clickstream_platform.lib.experiments.plans import Plan, Plans
from clickstream_platform.models.comparison import Array, Sample
from clickstream_platform.models.cuped import PairedSample

CENTS = {"revenue_per_visitor": 100.0}
"""Metrics whose sums are in hundredths."""


@dataclass(frozen=True)
class Course:
    """An experiment day by day.

    Attributes:
        experiment: Its name.
        plan: What was planned.
        variants: Those seen or planned, by name; their order is that of the last axis of all arrays.
        control: Place of the control among them.
        weights: Planned weight of each; 0 of one that was not planned.
        sums: Of each column of sums, what it came to until each day (first axis).
        first_exposed_at: By variant; None where it has no entities.
        last_exposed_at: The same.
        mixed_entities: Entities that saw several variants.
        days: Days from the first exposure's to the last one's.
    """

    experiment: str
    plan: Plan
    variants: list[str]
    control: int
    weights: Array
    sums: dict[str, Array]
    first_exposed_at: list[datetime | None]
    last_exposed_at: list[datetime | None]
    mixed_entities: int
    days: int

    @property
    def entities(self) -> Array:
        """Entities until each day."""
        return self.sums["entities"]

    @property
    def is_control(self) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Of each variant."""
        return np.asarray(np.arange(len(self.variants)) == self.control)

    def values(self, metric: str) -> Sample:
        """A metric's values until each day."""
        scale = CENTS.get(metric, 1.0)
        return Sample(self.entities, self.sums[f"{metric}_total"] / scale, self.sums[f"{metric}_squares"] / scale**2)

    def paired(self, metric: str) -> "Variants":
        """A metric's values at the end, with what the same entities did before."""
        scale, whole = CENTS.get(metric, 1.0), self.values(metric)
        end = {name: self.sums[f"{metric}_{name}"][-1] for name in ("before_total", "before_squares", "products")}
        return Variants(
            Sample(whole.size[-1], whole.total[-1], whole.squares[-1]),
            Sample(whole.size[-1], end["before_total"] / scale, end["before_squares"] / scale**2),
            end["products"] / scale**2,
        )


class Variants(PairedSample):
    """Paired samples of all variants."""

    def at(self, place: int) -> PairedSample:
        """One variant's."""
        value, before = (Sample(s.size[place], s.total[place], s.squares[place]) for s in (self.value, self.before))
        return PairedSample(value, before, self.products[place])


def courses(sums: pl.DataFrame, plans: Plans) -> Iterator[Course]:
    """The experiments by name, from the rows of `experiment_sums` (one a variant and day)."""
    for rows in sums.sort("experiment").partition_by("experiment", maintain_order=True):
        name = str(rows["experiment"][0])
        yield _course(name, rows, plans.of(name))


def _course(name: str, rows: pl.DataFrame, plan: Plan) -> Course:
    variants = sorted({*rows["variant"], *(plan.allocation or {}), *([plan.control] if plan.control else [])})
    clock = rows.group_by("variant").agg(pl.col("first_exposed_at").min(), pl.col("last_exposed_at").max())
    first, last = (dict(clock.select("variant", f"{end}_exposed_at").iter_rows()) for end in ("first", "last"))
    exposed = [moment for moment in (*first.values(), *last.values()) if moment is not None]
    return Course(
        name,
        plan,
        variants,
        variants.index(_control(variants, plan)),
        np.array([1.0 if plan.allocation is None else plan.allocation.get(one, 0.0) for one in variants]),
        _until_each_day(rows, variants),
        [first.get(one) for one in variants],
        [last.get(one) for one in variants],
        int(rows["mixed_entities"].sum()),
        (max(exposed).date() - min(exposed).date()).days + 1 if exposed else 0,
    )


def _control(variants: list[str], plan: Plan) -> str:
    return plan.control or ("control" if "control" in variants else variants[0])


def _until_each_day(rows: pl.DataFrame, variants: list[str]) -> dict[str, Array]:
    """The running totals of every column of sums, by day and variant; a day on which nothing happened has no place."""
    days, places = rows["day"].unique().sort(), {variant: place for place, variant in enumerate(variants)}
    where: Any = (days.search_sorted(rows["day"]).to_numpy(), [places[variant] for variant in rows["variant"]])
    totals: dict[str, Array] = {}
    for column in rows.columns:
        if column == "entities" or column.endswith(("_total", "_squares", "_products")):
            changes = np.zeros((len(days), len(variants)))
            changes[where] = rows[column].cast(pl.Float64).to_numpy()
            totals[column] = changes.cumsum(axis=0)
    return totals
