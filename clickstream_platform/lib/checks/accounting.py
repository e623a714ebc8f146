"""Every bronze row ends in exactly one of: a silver row, a quarantined row, a duplicate (or superseded version)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from clickstream_platform.lake import Lake
from clickstream_platform.lib.checks.stored import stored_days
from clickstream_platform.lib.checks.verdict import CheckInfo, Verdict
from clickstream_platform.schemas import TABLES

ROWS_ACCOUNTED_FOR = "rows_accounted_for"
DAYS_AT_ONCE = 7
"""Days whose ids are held in memory together."""


@dataclass(frozen=True)
class Step:
    """A step from bronze to silver: which rows of bronze count as one, and where the refused ones go."""

    bronze: str
    identity: tuple[str, ...]
    quarantine: str | None = None


STEPS = {
    "events_clean": Step("events", ("event_id",), "events_quarantine"),
    "orders_validated": Step("orders", ("order_id", "product_id"), "orders_quarantine"),
    "customers_clean": Step("customers", ("customer_id",)),
    "products_clean": Step("products", ("product_id",)),
    "marketing_spend_clean": Step(
        "marketing_spend", ("channel", "source", "medium", "campaign"), "marketing_spend_quarantine"
    ),
}


def accounting_info(silver: str) -> CheckInfo:
    """The check of the step that ends in a silver table."""
    step = STEPS[silver]
    return CheckInfo(
        silver,
        ROWS_ACCOUNTED_FOR,
        "error",
        f"rows of bronze {step.bronze} = {silver}"
        + (f" + {step.quarantine}" if step.quarantine else "")
        + f" + rows that repeat ({', '.join(step.identity)})",
        remedy=f"recompute {silver}" + (f" and {step.quarantine} together" if step.quarantine else ""),
    )


def check_accounting(lake: Lake, silver: str, days: Sequence[date] | None) -> Iterator[Verdict]:
    """A verdict a day (one in all for unpartitioned tables). Duplicates are counted in bronze, not taken on trust.

    Of events it also tells how many each purpose withholds for lack of consent: they are among the clean ones.
    """
    step, info = STEPS[silver], accounting_info(silver)
    bronze = _bronze_counts(lake, step, days)
    clean = _stored_rows(lake, silver, days)
    quarantined = _stored_rows(lake, step.quarantine, days) if step.quarantine else {}
    withheld = _withheld(lake, days or ()) if silver == "events_clean" else {}
    wanted: list[date | None] = list(days or ()) if TABLES[silver].partition_column else [None]
    for day in wanted:
        rows, distinct = bronze.get(day, (0, 0))
        counts = {
            "bronze rows": rows,
            f"{silver} rows": clean.get(day, 0),
            **({"quarantined rows": quarantined.get(day, 0)} if step.quarantine else {}),
            "duplicate or superseded rows": rows - distinct,
        }
        missing = distinct - clean.get(day, 0) - quarantined.get(day, 0)
        first, *rest = (f"{count:,} {name}" for name, count in counts.items())
        said = f"{first} = {' + '.join(rest)}"
        if missing:
            said = f"{abs(missing):,} rows {'lost' if missing > 0 else 'too many'}: {said.replace('=', '≠', 1)}"
        counts |= withheld.get(day, {})
        yield Verdict(info, not missing, day, rows, abs(missing), said, counts=counts)


def _stored_rows(lake: Lake, name: str, days: Sequence[date] | None) -> dict[date | None, int]:
    return {day: held.rows for day, held in stored_days(lake, TABLES[name], days).items()}


def _withheld(lake: Lake, days: Sequence[date]) -> dict[date | None, dict[str, int]]:
    """Clean events of each day without consent, by purpose."""
    purposes = {"without analytics consent": "analytics_consent", "without ads consent": "ads_consent"}
    denied = [(~pl.col(column)).sum().alias(said) for said, column in purposes.items()]
    try:
        counts = lake.scan("events_clean", days).group_by("event_date").agg(denied).collect(engine="streaming")
    except pl.exceptions.PolarsError:
        return {}  # the check of the shape says which object cannot be read
    return {row.pop("event_date"): row for row in counts.to_dicts()}


def _bronze_counts(lake: Lake, step: Step, days: Sequence[date] | None) -> dict[date | None, tuple[int, int]]:
    """Rows, and distinct identities (the ids themselves, no hashes), of each day."""
    column = TABLES[step.bronze].partition_column
    identity = pl.struct(step.identity) if len(step.identity) > 1 else pl.col(step.identity[0])
    wanted = list(days or ())
    parts = [wanted[i : i + DAYS_AT_ONCE] for i in range(0, len(wanted), DAYS_AT_ONCE)] if column else [None]
    found: dict[date | None, tuple[int, int]] = {}
    for part in parts:
        counts = (
            lake.scan(step.bronze, part)
            .group_by((pl.col(column) if column else pl.lit(None, pl.Date)).alias("day"))
            .agg(pl.len(), identity.n_unique().alias("distinct"))
            .collect(engine="streaming")
        )
        found |= {day: (rows, distinct) for day, rows, distinct in counts.iter_rows()}
    return found
