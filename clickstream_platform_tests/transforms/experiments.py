"""Events of people who see variants, buy and return; and the sums that `experiment_results` is made of."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from clickstream_platform.transforms import ExperimentSpan, entity_activity, experiment_exposures, experiment_sums
from clickstream_platform_tests.transforms.rows import clean_events, event, found

SUMMED = ("total", "squares", "before_total", "before_squares", "products")


def shows(
    when: datetime, variant: str = "B", entity: str = "ann", name: str = "page_view", **more: Any
) -> dict[str, Any]:
    return event(when, name, entity, experiments=[{"experiment": "button", "variant": variant}], **more)


def buys(when: datetime, worth: str, entity: str = "ann", **more: Any) -> dict[str, Any]:
    return event(when, "purchase", entity, value=Decimal(worth), **more)


def returns(when: datetime, worth: str, entity: str = "ann") -> dict[str, Any]:
    return event(when, "refund", entity, value=Decimal(worth))


def sums(*rows: dict[str, Any], span: ExperimentSpan | None = None) -> list[dict[str, Any]]:
    events, default = clean_events(*rows), span or ExperimentSpan()
    answer = experiment_sums(experiment_exposures(events), entity_activity(events), spans={}, default=default)
    return found(answer, "experiment", "variant", "day")


def of(rows: list[dict[str, Any]], metric: str) -> tuple[float, ...]:
    """All sums of a metric, over all rows."""
    return tuple(sum(row[f"{metric}_{kind}"] for row in rows) for kind in SUMMED)
