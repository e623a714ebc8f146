"""Typed columns from the simulator's integers, and the tables' schemas."""

import numpy as np
import polars as pl
import pyarrow as pa

from clickstream_platform.simulate.draws import Flags, Ints

MONEY = pl.Decimal(18, 2)
MOMENT = pl.Datetime("us", "UTC")
_STEPS = ("view_item", "add_to_cart", "begin_checkout", "purchase")

SCHEMAS: dict[str, dict[str, pl.DataType | type[pl.DataType]]] = {
    "sessions": {
        "session_id": pl.String,
        "entity_id": pl.String,
        "user_id": pl.String,
        "session_date": pl.Date,
        "started_at": MOMENT,
        "ended_at": MOMENT,
        "duration_seconds": pl.Float64,
        "start_reason": pl.String,
        "events": pl.Int64,
        "page_views": pl.Int64,
        "channel": pl.String,
        "source": pl.String,
        "medium": pl.String,
        "campaign": pl.String,
        "landing_page": pl.String,
        "device_type": pl.String,
        "country": pl.String,
        **{f"{step}_at": MOMENT for step in _STEPS},
        "purchases": pl.Int64,
        "revenue": MONEY,
    },
    "marketing_spend_clean": {
        "spend_date": pl.Date,
        **dict.fromkeys(("channel", "source", "medium", "campaign"), pl.String),
        "cost": MONEY,
        "impressions": pl.Int64,
        "clicks": pl.Int64,
    },
    "daily_sales_summary": {
        "date": pl.Date,
        "product_category": pl.String,
        "region": pl.String,
        "total_orders": pl.Int64,
        "total_revenue": MONEY,
        "avg_order_value": MONEY,
        "unique_customers": pl.Int64,
    },
    "product_performance": {
        "date": pl.Date,
        "product_id": pl.String,
        "product_name": pl.String,
        "category": pl.String,
        "views": pl.Int64,
        "carts": pl.Int64,
        "purchases": pl.Int64,
        "units_sold": pl.Int64,
        "revenue": MONEY,
        "view_to_cart_rate": pl.Float64,
        "conversion_rate": pl.Float64,
        "refunds": pl.Int64,
        "refund_amount": MONEY,
    },
    "conversion_funnel": {
        "date": pl.Date,
        "channel": pl.String,
        "device_type": pl.String,
        "sessions": pl.Int64,
        **dict.fromkeys(_STEPS, pl.Int64),
        **{f"{step}_rate": pl.Float64 for step in _STEPS},
        "conversion_rate": pl.Float64,
        **{f"{step}_dropoff": pl.Int64 for step in _STEPS},
        **{f"median_seconds_to_{step}": pl.Float64 for step in _STEPS},
    },
    "attributed_checkouts": {
        "checkout_id": pl.String,
        "checkout_time": MOMENT,
        "date": pl.Date,
        "entity_id": pl.String,
        "order_id": pl.String,
        "revenue": MONEY,
        "is_attributed": pl.Boolean,
        "click_id": pl.String,
        "click_time": MOMENT,
        "seconds_from_click": pl.Float64,
        "channel": pl.String,
        "source": pl.String,
        "medium": pl.String,
        "campaign": pl.String,
    },
    "traffic_summary": {
        "window_start": MOMENT,
        "date": pl.Date,
        "event_name": pl.String,
        "channel": pl.String,
        "country": pl.String,
        "events": pl.Int64,
        "sessions": pl.Int64,
        "revenue": MONEY,
    },
    "customer_lifetime_value": {
        "customer_id": pl.String,
        "total_orders": pl.Int64,
        "total_spent": MONEY,
        "avg_order_value": MONEY,
        "first_order_at": MOMENT,
        "last_order_at": MOMENT,
        "days_since_first_order": pl.Int64,
        "recency_days": pl.Int64,
        "recency_score": pl.Int8,
        "frequency_score": pl.Int8,
        "monetary_score": pl.Int8,
        "rfm_segment": pl.String,
        "as_of": pl.Date,
        "rfm_score": pl.String,
        "repeat_purchases": pl.Int64,
    },
    "customer_traits": {
        "customer_id": pl.String,
        "purchases": pl.Int64,
        "purchase_rate": pl.Float64,
        "dropout_probability": pl.Float64,
        "spending_factor": pl.Float64,
        "left_at": MOMENT,
    },
}
"""Columns of the tables that have a truth, as the platform's own tables must have them; and what no table can know."""


def money(cents: Ints) -> pl.Series:
    """Cents as decimals with two places, exactly: the 128-bit numbers are laid out by hand."""
    words = np.empty((len(cents), 2), dtype=np.int64)
    words[:, 0] = cents
    words[:, 1] = cents >> 63
    return pl.Series(pa.Array.from_buffers(pa.decimal128(18, 2), len(cents), [None, pa.py_buffer(words)]))


def half_up(total: Ints, count: Ints) -> Ints:
    """Cents of the average of positive amounts, halves upwards."""
    return (2 * total + count) // (2 * count)


def moments(micros: Ints, known: Flags | None = None) -> pl.Series:
    """UTC times; null where not known."""
    series = pl.Series(micros).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return series if known is None else series.zip_with(pl.Series(known), pl.Series([None], dtype=MOMENT))


def dates(epoch_days: Ints) -> pl.Series:
    """Days since 1970 as dates."""
    return pl.Series(epoch_days.astype(np.int32)).cast(pl.Date)


def typed(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The table's columns in their order, checked: a column of another type is a mistake of the simulator."""
    frame = frame.select(list(SCHEMAS[table]))
    for (name, dtype), found in zip(SCHEMAS[table].items(), frame.dtypes, strict=True):
        if found != dtype:
            raise TypeError(f"{table}.{name} is {found}, not {dtype}")
    return frame
