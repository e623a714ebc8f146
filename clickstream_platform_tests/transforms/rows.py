"""Bronze and silver rows for small cases: a few fields by hand, the rest as the tables have them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import narwhals as nw
import polars as pl

from clickstream_platform.transforms import events_clean, sessions

MONEY = pl.Decimal(18, 2)
MOMENT = pl.Datetime("us", "UTC")
ITEM = pl.Struct({"product_id": pl.String, "price": MONEY, "quantity": pl.Int64, "category": pl.String})
DAY = date(2024, 3, 2)
HALF_HOUR = timedelta(minutes=30)

_TEXTS = (
    *("event_id", "event_name", "entity_id", "user_id", "anonymous_id", "client_session_id"),
    *("page_url", "page_path", "referrer", "referrer_host"),
    *("source", "medium", "campaign", "term", "content", "click_id", "click_id_type", "channel"),
    *(
        "device_type",
        "user_agent",
        "country",
        "region",
        "order_id",
        "currency",
        "email_hash",
        "properties",
        "source_id",
    ),
)
_CUSTOMER_TEXTS = (
    *("customer_id", "email", "email_normalized", "email_hash", "name", "phone", "phone_e164", "country", "region"),
)
_ORDER_TEXTS = ("order_id", "customer_id", "product_id", "status", "region", "currency")
BRONZE_EVENTS: dict[str, Any] = {
    **dict.fromkeys(_TEXTS, pl.String),
    "event_time": MOMENT,
    "received_at": MOMENT,
    "event_date": pl.Date,
    **dict.fromkeys(("is_touch", "has_source", "is_bot", "analytics_consent", "ads_consent"), pl.Boolean),
    "items": pl.List(ITEM),
    **dict.fromkeys(("items_value", "value"), MONEY),
    "experiments": pl.List(pl.Struct({"experiment": pl.String, "variant": pl.String})),
    **dict.fromkeys(("record_hash", "source_line"), pl.Int64),
}
_VERSION = {
    "updated_at": MOMENT,
    "source_time": MOMENT,
    "record_hash": pl.Int64,
    "source_id": pl.String,
    "source_line": pl.Int64,
}
BRONZE_CUSTOMERS: dict[str, Any] = {
    **dict.fromkeys(_CUSTOMER_TEXTS, pl.String),
    "signup_date": pl.Date,
    **_VERSION,
}
BRONZE_PRODUCTS: dict[str, Any] = {
    **dict.fromkeys(("product_id", "name", "category"), pl.String),
    "price": MONEY,
    **_VERSION,
}
BRONZE_ORDERS: dict[str, Any] = {
    **dict.fromkeys(_ORDER_TEXTS, pl.String),
    "quantity": pl.Int64,
    **dict.fromkeys(("unit_price", "total_amount"), MONEY),
    "order_time": MOMENT,
    "order_date": pl.Date,
    **_VERSION,
}


def at(clock: str, day: date = DAY) -> datetime:
    """`09:30` or `09:30:00.000001` on a day, UTC."""
    return datetime.fromisoformat(f"{day.isoformat()}T{clock}").replace(tzinfo=UTC)


def event(when: datetime, name: str = "page_view", entity: str = "ann", **fields: Any) -> dict[str, Any]:
    """A bronze event; its id tells what it is unless one is given."""
    return {
        "event_id": f"{entity}-{name}-{when.isoformat()}",
        "event_name": name,
        "event_time": when,
        "event_date": when.date(),
        "entity_id": entity,
        "anonymous_id": entity,
        "channel": "Direct",
        "source": "(direct)",
        "medium": "(none)",
        "is_touch": False,
        "has_source": False,
        "device_type": "desktop",
        "is_bot": False,
        "items": [],
        "experiments": [],
        "record_hash": 1,
        "source_id": "file-1",
        **fields,
    }


def item(product: str, price: str | None = None, quantity: int = 1, category: str | None = None) -> dict[str, Any]:
    """An item of an event."""
    return {
        "product_id": product,
        "price": None if price is None else Decimal(price),
        "quantity": quantity,
        "category": category,
    }


def customer(customer_id: str, **fields: Any) -> dict[str, Any]:
    """A version of a customer."""
    return {"customer_id": customer_id, **_version(), **fields}


def product(product_id: str, **fields: Any) -> dict[str, Any]:
    """A version of a product."""
    return {"product_id": product_id, **_version(), **fields}


def order(order_id: str, amount: str = "10.00", when: datetime | None = None, **fields: Any) -> dict[str, Any]:
    """A version of an order line."""
    when = when or at("12:00")
    return {
        "order_id": order_id,
        "customer_id": "c1",
        "product_id": "p1",
        "quantity": 1,
        "unit_price": Decimal(amount),
        "total_amount": Decimal(amount),
        "status": "completed",
        "order_time": when,
        "order_date": when.date(),
        **_version(),
        **fields,
    }


def _version() -> dict[str, Any]:
    return {"source_time": at("23:00"), "record_hash": 1, "source_id": "file-1", "source_line": 1}


def frame(rows: list[dict[str, Any]], schema: Mapping[str, Any]) -> nw.LazyFrame[pl.LazyFrame]:
    """The rows as a lazy frame with all of the schema's columns."""
    return nw.from_native(pl.DataFrame(rows, schema=dict(schema)).lazy())


def bronze_events(*rows: dict[str, Any]) -> nw.LazyFrame[pl.LazyFrame]:
    """Bronze events, one a line of their file unless they say otherwise."""
    return frame([{"source_line": line, **row} for line, row in enumerate(rows)], BRONZE_EVENTS)


def clean_events(*rows: dict[str, Any]) -> nw.LazyFrame[pl.LazyFrame]:
    """Bronze events that went through `events_clean`, for a shop that sells in dollars."""
    return events_clean(bronze_events(*rows), currency="USD")


def sessions_of(*rows: dict[str, Any], first: date = DAY, last: date = DAY) -> list[dict[str, Any]]:
    """Sessions of these events by start, with a timeout of half an hour."""
    return found(sessions(clean_events(*rows), first_day=first, last_day=last, timeout=HALF_HOUR), "started_at")


def found(result: nw.LazyFrame[Any], *order_by: str) -> list[dict[str, Any]]:
    """What a transform answers, as dictionaries in a certain order."""
    answer: pl.DataFrame = result.to_native().collect()
    return answer.sort(*order_by).to_dicts() if order_by else answer.to_dicts()


def only(result: nw.LazyFrame[Any]) -> dict[str, Any]:
    """The one row that a transform answers."""
    (row,) = found(result)
    return row
