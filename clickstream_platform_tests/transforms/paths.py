"""Touches, conversions and paths for small cases, and what is credited for them."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import narwhals as nw
import polars as pl

from clickstream_platform.lib.channel_fits import channel_effects
from clickstream_platform.schemas import TABLES
from clickstream_platform.transforms import (
    channel_attribution,
    conversion_credit,
    conversion_paths,
    path_counts,
    touchpoints,
)
from clickstream_platform_tests.transforms.rows import DAY, clean_events, event

Row = dict[str, Any]
DAYS_BACK = timedelta(days=30)


def click(when: datetime, channel: str = "Email", entity: str = "ann", **fields: Any) -> Row:
    """An event that tells a source."""
    campaign = {} if channel == "Direct" else {"campaign": f"{channel.lower()}-sale"}
    return event(when, "page_view", entity, channel=channel, has_source=True, **{**campaign, **fields})


def purchase(when: datetime, value: str = "10.00", entity: str = "ann", **fields: Any) -> Row:
    """A purchase, its order named after its time unless said otherwise."""
    return event(
        when, "purchase", entity, **{"value": Decimal(value), "order_id": f"{entity}-{when.isoformat()}", **fields}
    )


def refund(when: datetime, order: Row | str, value: str, **fields: Any) -> Row:
    """Money back for an order."""
    order_id = order if isinstance(order, str) else order["order_id"]
    return event(when, "refund", **{"value": Decimal(value), "order_id": order_id, **fields})


def scan(table: str, rows: Sequence[Row] | pl.DataFrame = ()) -> nw.LazyFrame[Any]:
    """Rows of a table."""
    frame = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(rows, schema=TABLES[table].polars_schema())
    return nw.from_native(frame.lazy())


def paths_of(*rows: Row, first: date = DAY, last: date = DAY, **arguments: Any) -> pl.DataFrame:
    """Paths of these events, by end."""
    events = clean_events(*rows)
    touches = touchpoints(events, scan("sessions"))
    found = conversion_paths(
        touches, events, **{"first_day": first, "last_day": last, "lookback": DAYS_BACK, **arguments}
    )
    return found.to_native().collect().sort("ended_at", "outcome", "path_id")


def credit_of(
    *rows: Row,
    first: date = DAY,
    last: date = DAY,
    spend: Sequence[Row] = (),
    treatment: str = "unique",
    half_life: timedelta = timedelta(days=7),
    window: int = 30,
    refund_days: int = 30,
) -> pl.DataFrame:
    """Channel attribution of these events: paths, effects and credit as the assets make them."""
    reach = timedelta(days=refund_days)
    earliest = first - reach
    events = clean_events(*rows)
    paths = scan("conversion_paths", paths_of(*rows, first=earliest - timedelta(days=window), last=last))
    days = [earliest + timedelta(days=number) for number in range((last - earliest).days + 1)]
    counts = path_counts(paths, first_day=earliest - timedelta(days=window - 1), last_day=last)
    effects = channel_effects(counts.to_native().collect(), days, window, treatment)
    credit = conversion_credit(
        paths,
        events,
        first_day=first,
        last_day=last,
        refund_reach=reach,
        half_life=half_life,
        treatment=treatment,
    )
    found = channel_attribution(
        credit,
        scan("channel_effects", effects),
        scan("marketing_spend_clean", spend),
        first_day=first,
        last_day=last,
    )
    return found.to_native().collect().sort("date", "model", "channel", "campaign")


def credited(credit: pl.DataFrame, model: str, measure: str = "conversions") -> dict[str, float]:
    """What a model gives each channel, those that get nothing left out."""
    sums = credit.filter(model=model).group_by("channel").agg(pl.col(measure).cast(pl.Float64).sum())
    return {channel: round(value, 9) for channel, value in sums.sort("channel").iter_rows() if value}
