"""Upstream tables of made-up people, and the results of one experiment with them."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl

from clickstream_platform.lib.experiments import Plan, Plans, experiment_results
from clickstream_platform.schemas import TABLES

START = date(2024, 3, 1)
METRICS = ("conversion", "orders_per_visitor", "revenue_per_visitor")


def results(exposures: pl.DataFrame, activity: pl.DataFrame, plan: Plan | None = None) -> dict[tuple[str, str], Any]:
    """The rows of one experiment by metric and variant, held against the schema."""
    plans = Plans({"button": plan} if plan else {})
    frames = (nw.from_native(frame.lazy()) for frame in (exposures, activity))
    answer = experiment_results(*frames, plans).to_native().collect()
    TABLES["experiment_results"].model.validate(answer)
    for row in answer.to_dicts():
        assert not [name for name, value in row.items() if isinstance(value, float) and not np.isfinite(value)]
    return {(row["metric"], row["variant"]): row for row in answer.to_dicts()}


def table(name: str, rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Rows of a table; counts that they leave out are 0."""
    schema = TABLES[name].polars_schema()
    zeros = {column: 0 for column, kind in schema.items() if kind == pl.Int64 or isinstance(kind, pl.Decimal)}
    return pl.DataFrame([{**zeros, **row} for row in rows], schema=schema)


def exposed(entity: str, variant: str, day: int = 0, orders: int = 0, worth: str = "0") -> dict[str, Any]:
    when = START + timedelta(days=day)
    return {
        "exposure_date": when,
        "experiment": "button",
        "variant": variant,
        "entity_id": entity,
        "exposed_at": datetime.fromisoformat(f"{when}T12:00:00+00:00"),
        "purchases_after": orders,
        "revenue_after": Decimal(worth),
    }


def active(entity: str, day: int, orders: int = 1, worth: str = "0", refunds: int = 0) -> dict[str, Any]:
    return {
        "entity_id": entity,
        "activity_date": START + timedelta(days=day),
        "purchases": orders,
        "refunds": refunds,
        "revenue": Decimal(worth),
    }


def shop(size: int, seed: int, lift: float = 0.0) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """People of habits in two variants, over ten days: exposures, activity, and what it came to, a row a person."""
    rng = np.random.default_rng(seed)
    habit = rng.gamma(1.0, 0.25, 2 * size)
    variant = np.repeat(["A", "B"], size)
    day = rng.integers(0, 10, 2 * size)
    more = np.where(variant == "B", 1 + lift, 1.0)
    exposures, activity, people = [], [], []
    for number in range(2 * size):
        entity = f"e{number}"
        orders = {-3: rng.poisson(2 * habit[number]), 0: 0, 2: rng.poisson(habit[number] * more[number])}
        worth = {shift: round(float(rng.gamma(2, 15)) * count, 2) for shift, count in orders.items()}
        exposures.append(exposed(entity, str(variant[number]), int(day[number])))
        activity += [
            active(entity, int(day[number]) + shift, int(count), f"{worth[shift]:.2f}")
            for shift, count in orders.items()
            if count
        ]
        people.append(
            {
                "variant": str(variant[number]),
                "conversion": int(orders[2] > 0),
                "conversion_before": int(orders[-3] > 0),
                "orders_per_visitor": int(orders[2]),
                "orders_per_visitor_before": int(orders[-3]),
                "revenue_per_visitor": worth[2],
                "revenue_per_visitor_before": worth[-3],
            }
        )
    return table("experiment_exposures", exposures), table("entity_activity", activity), pl.DataFrame(people)
