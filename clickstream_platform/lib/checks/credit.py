"""Does the credit of each attribution model add up to what there is to credit?"""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

import polars as pl

from clickstream_platform.lake import Lake
from clickstream_platform.lib.checks.verdict import CheckInfo, Verdict
from clickstream_platform.schemas.attribution import ATTRIBUTION_MODELS

CREDIT_ADDS_UP = "credit_adds_up"
TOLERANCE = 1e-6
"""Of a day's conversions: credits are sums of floats with nine decimal places."""

_MEASURES = ("conversions", "revenue", "refunds")
_NOTHING = (0.0, Decimal(0), Decimal(0))
_Sums = tuple[float, Decimal, Decimal]


def credit_info() -> CheckInfo:
    """The check on `channel_attribution`. It blocks: wrong sums are wrong budgets."""
    return CheckInfo(
        "channel_attribution",
        CREDIT_ADDS_UP,
        "error",
        "each model's conversions and revenue of a day are those of conversion_paths, and its refunds those of "
        "events_clean, to the cent",
        blocking=True,
        remedy="recompute channel_attribution, after conversion_paths and channel_effects of the days that it reads",
    )


def check_credit(lake: Lake, days: Sequence[date]) -> Iterator[Verdict]:
    """A verdict a day."""
    paths = _sums(
        lake.scan("conversion_paths", days).filter(pl.col("outcome") == "conversion"),
        ["date"],
        pl.len().cast(pl.Float64),
        pl.col("revenue").sum(),
    )
    refunds = _sums(
        lake.scan("events_clean", days).filter((pl.col("event_name") == "refund") & ~pl.col("is_bot")),
        ["event_date"],
        -pl.col("revenue").sum(),
    )
    credit = _sums(
        lake.scan("channel_attribution", days), ["date", "model"], *(pl.col(name).sum() for name in _MEASURES)
    )
    for day in days:
        due: _Sums = (*paths.get((day,), _NOTHING[:2]), *refunds.get((day,), _NOTHING[2:]))
        found = {model: credit.get((day, model), _NOTHING) for model in ATTRIBUTION_MODELS}
        yield _verdict(day, due, found)


def _verdict(day: date, due: _Sums, found: dict[str, _Sums]) -> Verdict:
    off = [
        f"{model}: {name} {got:,} instead of {wanted:,}"
        for model, sums in found.items()
        for name, got, wanted in zip(_MEASURES, sums, due, strict=True)
        if abs(got - wanted) > (TOLERANCE if name == "conversions" else 0)  # type: ignore[operator]
    ]
    totals = ", ".join(f"{value:,} {name}" for name, value in zip(_MEASURES, due, strict=True))
    counts = {"conversions": due[0], "revenue": float(due[1]), "refunds": float(due[2])}
    said = "; ".join(off) or f"{totals} by each of {len(found)} models"
    return Verdict(credit_info(), not off, day, len(found) * len(_MEASURES), len(off), said, counts=counts)


def _sums(frame: pl.LazyFrame, by: list[str], *sums: pl.Expr) -> dict[tuple, tuple]:  # type: ignore[type-arg]
    named = (one.alias(f"sum_{place}") for place, one in enumerate(sums))
    found = frame.group_by(by).agg(*named).collect(engine="streaming")
    return {row[: len(by)]: row[len(by) :] for row in found.iter_rows()}
