"""Live tables as frames, in the shape of the batch tables that they are compared with."""

from datetime import timedelta
from typing import Any

import polars as pl

from clickstream_platform.realtime.metrics import read_counter
from clickstream_platform.realtime.session_parts import sessions_of
from clickstream_platform_tests.aws import Aws
from clickstream_platform_tests.lambdas.stream import rows_of

_TIMEOUT = timedelta(minutes=30)
_ORIGIN = ("channel", "source", "medium", "campaign")
TRAFFIC_KEY = ["window_start", "event_name", "channel", "country"]


def traffic(aws: Aws) -> pl.DataFrame:
    """The counters, like gold `traffic_summary`."""
    rows = [read_counter(item) for item in rows_of(aws, "metrics")]
    frame = pl.DataFrame(rows, schema={**dict.fromkeys(TRAFFIC_KEY, pl.String), **_SUMS}, orient="row")
    return frame.sort(TRAFFIC_KEY)


_SUMS = {"events": pl.Int64, "sessions": pl.Int64, "revenue_cents": pl.Int64}


def traffic_like_live(gold: pl.DataFrame) -> pl.DataFrame:
    """Gold `traffic_summary`, like the counters."""
    return gold.select(
        pl.col("window_start").dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "event_name",
        "channel",
        "country",
        "events",
        "sessions",
        _cents("revenue"),
    ).sort(TRAFFIC_KEY)


def sessions(aws: Aws) -> pl.DataFrame:
    """All sessions of all entities."""
    rows = [one for item in rows_of(aws, "sessions") for one in sessions_of(item["entity_id"], item["parts"], _TIMEOUT)]
    return _frame(rows, SESSION_COLUMNS).sort("session_id")


SESSION_COLUMNS = (
    "session_id",
    "started_at",
    "ended_at",
    "start_reason",
    "user_id",
    *_ORIGIN,
    "landing_page",
    "device_type",
    "country",
    "events",
    "page_views",
    "purchases",
    "revenue_cents",
)


def sessions_like_live(silver: pl.DataFrame) -> pl.DataFrame:
    """Silver `sessions`, like the live ones."""
    return (
        silver.with_columns(_text("started_at"), _text("ended_at"), _cents("revenue").alias("revenue_cents"))
        .select(_typed(SESSION_COLUMNS))
        .sort("session_id")
    )


CHECKOUT_COLUMNS = (
    "checkout_id",
    "checkout_time",
    "entity_id",
    "order_id",
    "is_attributed",
    "click_id",
    "click_time",
    *_ORIGIN,
    "revenue_cents",
    "milliseconds_from_click",
)


def checkouts(aws: Aws) -> pl.DataFrame:
    """The live first clicks."""
    return _frame(rows_of(aws, "attributed-checkouts"), CHECKOUT_COLUMNS).sort("checkout_id")


def checkouts_like_live(gold: pl.DataFrame) -> pl.DataFrame:
    """Gold `attributed_checkouts`, like the live ones."""
    between = pl.col("checkout_time") - pl.col("click_time")
    return (
        gold.with_columns(
            between.dt.total_milliseconds().alias("milliseconds_from_click"),
            _cents("revenue").alias("revenue_cents"),
        )
        .with_columns(_text("checkout_time"), _text("click_time"))
        .select(_typed(CHECKOUT_COLUMNS))
        .sort("checkout_id")
    )


def _text(name: str) -> pl.Expr:
    return pl.col(name).dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")


def _cents(name: str) -> pl.Expr:
    return (pl.col(name) * 100).cast(pl.Int64).alias("revenue_cents")


_TYPES: dict[str, Any] = {**_SUMS, "page_views": pl.Int64, "purchases": pl.Int64, "is_attributed": pl.Boolean}


def _typed(columns: tuple[str, ...]) -> list[pl.Expr]:
    return [
        pl.col(name).cast(_TYPES.get(name, pl.Int64 if name.startswith("milli") else pl.String)) for name in columns
    ]


def _frame(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> pl.DataFrame:
    schema = {name: _TYPES.get(name, pl.Int64 if name.startswith("milli") else pl.String) for name in columns}
    return pl.DataFrame([{name: row.get(name) for name in columns} for row in rows], schema=schema, orient="row")
