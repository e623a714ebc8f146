"""Events as live state needs them, out of the columns that go to bronze: both say the same of an event."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from clickstream_platform.realtime.kinesis import StreamBatch

_CLOCK_TOLERANCE = timedelta(hours=24)
_UNKNOWN = "unknown"
_COLUMNS = (
    "event_id",
    "event_name",
    "event_time",
    "received_at",
    "entity_id",
    "user_id",
    "page_path",
    "source",
    "medium",
    "campaign",
    "channel",
    "is_touch",
    "has_source",
    "device_type",
    "is_bot",
    "country",
    "order_id",
    "value",
    "items_value",
    "currency",
    "analytics_consent",
    "ads_consent",
    "source_line",
    "event_date",
)


class LiveEvent(NamedTuple):
    """An event, with its place in the stream and in bronze.

    Attributes:
        position: Its place in the shard, see `StreamBatch`.
        arrived_at: Epoch seconds.
        time: Event time in text of fixed length, `2024-03-01T09:30:00.000000Z`: sorts as time does.
        moment: Event time.
        country: `unknown` where the event does not say.
        is_touch: A click, in the sense of attribution, of a person who allows it to be used for that.
        has_source: It came from somewhere, i.e. not directly.
        is_known_user: It has a user id.
        is_counted: Live numbers have it: no bot sent it, and silver will not refuse it.
        is_analysed: The person allows analytics: it belongs to their session.
        is_attributed: The person allows analytics and advertising: a checkout may be credited to a click.
        revenue_cents: A purchase's value (else the worth of its items), the same negative for a refund, else 0.
        object: Path of its bronze object in the lake.
        row: Its row in there, from 0.
    """

    position: str
    arrived_at: float
    event_id: str
    event_name: str
    entity_id: str
    time: str
    moment: datetime
    channel: str
    source: str
    medium: str
    campaign: str | None
    country: str
    page_path: str | None
    device_type: str | None
    order_id: str | None
    is_touch: bool
    has_source: bool
    is_known_user: bool
    is_counted: bool
    is_analysed: bool
    is_attributed: bool
    revenue_cents: int
    object: str
    row: int


def live_events(
    columns: Mapping[str, Any],
    batch: StreamBatch,
    objects: Mapping[Any, str],
    currency: str,
    *,
    consent_default: str = "granted",
) -> list[LiveEvent]:
    """The events of one batch in the order of the stream.

    Args:
        columns: Bronze columns (Arrow arrays), sorted by day; `source_line` counts the batch's records from 1.
        batch: The batch.
        objects: The object that each event day's rows went to.
        currency: The shop's.
        consent_default: `granted` or `denied`: what holds where an event says nothing.
    """
    unsaid = consent_default == "granted"
    rows: dict[Any, int] = {}
    events = []
    for values in zip(*(columns[name].to_pylist() for name in _COLUMNS), strict=True):
        event = dict(zip(_COLUMNS, values, strict=True))
        day, record = event["event_date"], event["source_line"] - 1
        row = rows[day] = rows.get(day, -1) + 1
        analysed, ads = (
            unsaid if said is None else said for said in (event["analytics_consent"], event["ads_consent"])
        )
        amount = event["value"] if event["value"] is not None else event["items_value"]
        events.append(
            LiveEvent(
                position=batch.position(record),
                arrived_at=batch.arrivals[record],
                event_id=event["event_id"],
                event_name=event["event_name"],
                entity_id=event["entity_id"],
                time=time_text(event["event_time"]),
                moment=event["event_time"],
                channel=event["channel"],
                source=event["source"],
                medium=event["medium"],
                campaign=event["campaign"],
                country=event["country"] or _UNKNOWN,
                page_path=event["page_path"],
                device_type=event["device_type"],
                order_id=event["order_id"],
                is_touch=event["is_touch"] and analysed and ads,
                has_source=event["has_source"],
                is_known_user=event["user_id"] is not None,
                is_counted=not event["is_bot"] and _is_sound(event, amount, currency),
                is_analysed=analysed,
                is_attributed=analysed and ads,
                revenue_cents=_revenue(event["event_name"], amount),
                object=objects[day],
                row=row,
            )
        )
    return sorted(events)


def _is_sound(event: dict[str, Any], amount: Decimal | None, currency: str) -> bool:
    """Whether silver takes the event: the rules of `transforms/_received_events.py`."""
    received = event["received_at"]
    return not (
        (received is not None and event["event_time"] > received + _CLOCK_TOLERANCE)
        or (amount is not None and event["currency"] is not None and event["currency"] != currency)
        or (amount is None and event["event_name"] == "purchase")
    )


def _revenue(name: str, amount: Decimal | None) -> int:
    if amount is None or name not in ("purchase", "refund"):
        return 0
    cents = int(amount * 100)
    return cents if name == "purchase" else -cents


def time_text(moment: datetime) -> str:
    """A moment (UTC) in text of fixed length that sorts as time does."""
    return moment.isoformat(timespec="microseconds")[:26] + "Z"


def moment_of(text: str) -> datetime:
    """The moment of a text of `time_text`."""
    return datetime.fromisoformat(text)
