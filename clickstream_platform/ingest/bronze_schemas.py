"""The columns of bronze tables and of `rejected/`, as Arrow schemas."""

from typing import Final

import pyarrow as pa

TIME: Final = pa.timestamp("us", tz="UTC")
MONEY: Final = pa.decimal128(18, 2)


ITEMS: Final = pa.list_(
    pa.struct(
        [
            pa.field("product_id", pa.string()),
            pa.field("price", MONEY),
            pa.field("quantity", pa.int64()),
            pa.field("category", pa.string()),
        ]
    )
)
EXPERIMENTS: Final = pa.list_(pa.struct([pa.field("experiment", pa.string()), pa.field("variant", pa.string())]))

EVENTS: Final = pa.schema(
    [
        ("event_id", pa.string()),
        ("event_name", pa.string()),
        ("event_time", TIME),
        ("received_at", TIME),
        ("entity_id", pa.string()),
        ("user_id", pa.string()),
        ("anonymous_id", pa.string()),
        ("client_session_id", pa.string()),
        ("page_url", pa.string()),
        ("page_path", pa.string()),
        ("referrer", pa.string()),
        ("referrer_host", pa.string()),
        ("source", pa.string()),
        ("medium", pa.string()),
        ("campaign", pa.string()),
        ("term", pa.string()),
        ("content", pa.string()),
        ("click_id", pa.string()),
        ("click_id_type", pa.string()),
        ("channel", pa.string()),
        ("is_touch", pa.bool_()),
        ("has_source", pa.bool_()),
        ("device_type", pa.string()),
        ("is_bot", pa.bool_()),
        ("user_agent", pa.string()),
        ("country", pa.string()),
        ("region", pa.string()),
        ("items", ITEMS),
        ("items_value", MONEY),
        ("order_id", pa.string()),
        ("value", MONEY),
        ("currency", pa.string()),
        ("experiments", EXPERIMENTS),
        ("analytics_consent", pa.bool_()),
        ("ads_consent", pa.bool_()),
        ("email_hash", pa.string()),
        ("properties", pa.string()),
        ("record_hash", pa.int64()),
        ("event_date", pa.date32()),
        ("source_id", pa.string()),
        ("source_line", pa.int64()),
    ]
)
CUSTOMERS: Final = pa.schema(
    [
        ("customer_id", pa.string()),
        ("email", pa.string()),
        ("email_normalized", pa.string()),
        ("email_hash", pa.string()),
        ("name", pa.string()),
        ("phone", pa.string()),
        ("phone_e164", pa.string()),
        ("country", pa.string()),
        ("region", pa.string()),
        ("signup_date", pa.date32()),
        ("updated_at", TIME),
        ("source_time", TIME),
        ("record_hash", pa.int64()),
        ("source_id", pa.string()),
        ("source_line", pa.int64()),
    ]
)
PRODUCTS: Final = pa.schema(
    [
        ("product_id", pa.string()),
        ("name", pa.string()),
        ("category", pa.string()),
        ("price", MONEY),
        ("updated_at", TIME),
        ("source_time", TIME),
        ("record_hash", pa.int64()),
        ("source_id", pa.string()),
        ("source_line", pa.int64()),
    ]
)
ORDERS: Final = pa.schema(
    [
        ("order_id", pa.string()),
        ("customer_id", pa.string()),
        ("product_id", pa.string()),
        ("quantity", pa.int64()),
        ("unit_price", MONEY),
        ("total_amount", MONEY),
        ("status", pa.string()),
        ("order_time", TIME),
        ("region", pa.string()),
        ("currency", pa.string()),
        ("updated_at", TIME),
        ("order_date", pa.date32()),
        ("source_time", TIME),
        ("record_hash", pa.int64()),
        ("source_id", pa.string()),
        ("source_line", pa.int64()),
    ]
)
MARKETING_SPEND: Final = pa.schema(
    [
        ("spend_date", pa.date32()),
        ("channel", pa.string()),
        ("source", pa.string()),
        ("medium", pa.string()),
        ("campaign", pa.string()),
        ("cost", MONEY),
        ("currency", pa.string()),
        ("impressions", pa.int64()),
        ("clicks", pa.int64()),
        ("updated_at", TIME),
        ("source_time", TIME),
        ("record_hash", pa.int64()),
        ("source_id", pa.string()),
        ("source_line", pa.int64()),
    ]
)
REJECTED: Final = pa.schema(
    [
        ("dataset", pa.string()),
        ("source_id", pa.string()),
        ("source", pa.string()),
        ("line", pa.int64()),
        ("reason", pa.string()),
        ("field", pa.string()),
        ("detail", pa.string()),
        ("record", pa.string()),
        ("record_bytes", pa.int64()),
        ("rejected_at", TIME),
    ]
)

SCHEMAS: Final = {
    "events": EVENTS,
    "customers": CUSTOMERS,
    "products": PRODUCTS,
    "orders": ORDERS,
    "marketing_spend": MARKETING_SPEND,
}
DAY_COLUMN: Final = {"events": "event_date", "orders": "order_date", "marketing_spend": "spend_date"}
"""The column that a dataset's day folders come from; datasets without one are not partitioned."""
