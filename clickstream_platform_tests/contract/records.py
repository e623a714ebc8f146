"""Good records to start from."""

import json
from typing import Any

EVENT: dict[str, Any] = {
    "event_id": "e-1",
    "event_name": "page_view",
    "event_time": "2024-03-01T10:00:00Z",
    "user_id": "u-1",
}
CUSTOMER: dict[str, Any] = {"customer_id": "c-1"}
PRODUCT: dict[str, Any] = {"product_id": "p-1"}
ORDER: dict[str, Any] = {
    "order_id": "o-1",
    "customer_id": "c-1",
    "product_id": "p-1",
    "quantity": 2,
    "unit_price": 9.99,
    "total_amount": 19.98,
    "status": "completed",
    "order_time": "2024-03-01T10:00:00Z",
}
SPEND: dict[str, Any] = {"date": "2024-03-01", "cost": 12.5, "source": "google", "medium": "cpc"}
RECORDS = {
    "events": EVENT,
    "customers": CUSTOMER,
    "products": PRODUCT,
    "orders": ORDER,
    "marketing_spend": SPEND,
}


def event(**fields: Any) -> bytes:
    """A good event with other fields; a field that is `...` is left out."""
    return record("events", **fields)


def record(dataset: str, **fields: Any) -> bytes:
    """A good record of a dataset with other fields; a field that is `...` is left out."""
    merged = {**RECORDS[dataset], **fields}
    return json.dumps({name: value for name, value in merged.items() if value is not ...}).encode()
