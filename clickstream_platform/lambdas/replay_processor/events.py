"""Bronze rows as events of the contract again: read anew, they give the same rows, but for e-mail hash and lineage."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
import pyarrow as pa

from clickstream_platform.contract.traffic import Origin, read_origin, read_page, read_referrer

_SAME_NAME = (
    "event_id",
    "event_name",
    "user_id",
    "anonymous_id",
    "referrer",
    "user_agent",
    "country",
    "region",
    "order_id",
    "currency",
)
_TAGS = {
    "source": "utm_source",
    "medium": "utm_medium",
    "campaign": "utm_campaign",
    "term": "utm_term",
    "content": "utm_content",
}


def events_of(rows: pa.Table, shop_domains: tuple[str, ...]) -> Iterator[bytes]:
    """Each row as a JSON event, in their order."""
    for row in rows.to_pylist():
        yield msgspec.json.encode(event_of(row, shop_domains))


def event_of(row: dict[str, Any], shop_domains: tuple[str, ...]) -> dict[str, Any]:
    """A row as an event.

    Marketing tags are given where the row's origin does not follow from its addresses, as when they came as fields.
    """
    event = {name: row[name] for name in _SAME_NAME}
    event |= {
        "event_time": _time(row["event_time"]),
        "received_at": _time(row["received_at"]),
        "session_id": row["client_session_id"],
        "url": row["page_url"],
        "value": _amount(row["value"]),
        "items": [_item(item) for item in row["items"] or ()] or None,
        "experiments": {pair["experiment"]: pair["variant"] for pair in row["experiments"] or ()} or None,
        "consent": _consent(row),
        "properties": msgspec.Raw(row["properties"].encode()) if row["properties"] else None,
        **_tags(row, shop_domains),
    }
    return {name: value for name, value in event.items() if value is not None}


def _consent(row: dict[str, Any]) -> dict[str, str] | None:
    """What the event said of consent; None where it said nothing."""
    said = {"analytics": row["analytics_consent"], "ads": row["ads_consent"]}
    return {
        purpose: "granted" if granted else "denied" for purpose, granted in said.items() if granted is not None
    } or None


def _tags(row: dict[str, Any], shop_domains: tuple[str, ...]) -> dict[str, str | None]:
    page, referrer = read_page(row["page_url"]), read_referrer(row["referrer"])
    read = read_origin(page, referrer, shop_domains=shop_domains)
    if (
        all(row[name] == getattr(read, name) for name in (*_TAGS, "channel"))
        and _is_touch(row, read) == row["is_touch"]
    ):
        return {}
    return {tag: row[name] for name, tag in _TAGS.items()}


def _is_touch(row: dict[str, Any], origin: Origin) -> bool:
    return origin.touched or row["event_name"] == "click"


def _item(item: dict[str, Any]) -> dict[str, Any]:
    said = {**item, "price": _amount(item["price"])}
    return {name: value for name, value in said.items() if value is not None}


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _amount(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)
