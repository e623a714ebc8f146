"""What a record must mean besides having the right types: times in range, identities, totals that fit."""

from datetime import UTC, datetime, time
from typing import NamedTuple

from clickstream_platform.contract.fields import FieldError
from clickstream_platform.contract.privacy import redact_emails
from clickstream_platform.contract.records import MAX_ITEMS_VALUE, Event, Item, OrderLine, Record, Spend

# Times outside may become other than four-digit years in UTC, which readers of Parquet choke on.
FIRST_YEAR, LAST_YEAR = 2, 9998

_IDS = ("event_id", "user_id", "anonymous_id", "session_id", "order_id")


class Limits(NamedTuple):
    """What is accepted besides the types.

    Attributes:
        earliest: Times of events and orders before this are rejected.
        latest: Times after this are rejected; the caller's clock plus its tolerance.
        max_record_bytes: Longer records are rejected.
    """

    earliest: datetime = datetime(2015, 1, 1, tzinfo=UTC)
    latest: datetime = datetime(9999, 1, 1, tzinfo=UTC)
    max_record_bytes: int = 1_048_576


def check_meaning(record: Record, limits: Limits) -> None:
    """Let a record of the right types pass, or say what is wrong with it.

    Raises:
        FieldError: What it says cannot be.
    """
    if isinstance(record, Event):
        _check_time("event_time", record.event_time, limits)
        _check_readable("received_at", record.received_at)
        if record.user_id is None and record.anonymous_id is None:
            raise FieldError("missing_field", "user_id", "needs user_id or anonymous_id")
        if name := email_as_id(record):
            raise FieldError("invalid_value", name, "is an e-mail address; send an opaque id instead")
        if record.items is not None and not sound_items(record.items):
            for number, item in enumerate(record.items):
                if item.product_id.isspace():
                    raise FieldError("missing_field", f"items[{number}].product_id", "is blank")
            raise FieldError("invalid_value", "items", "their total is too large")
        return
    _check_readable("updated_at", record.updated_at)
    if isinstance(record, OrderLine):
        _check_time("order_time", record.order_time, limits)
    elif isinstance(record, Spend):
        _check_time("date", datetime.combine(record.date, time(), UTC), limits)
        if not any(told and not told.isspace() for told in (record.channel, record.source, record.medium)):
            raise FieldError("missing_field", "source", "needs channel, source or medium to say what the money was for")


def email_as_id(event: Event) -> str | None:
    """The id that is an e-mail address: event tables hold none, and an id cannot be redacted without merging others."""
    for name in _IDS:
        value = getattr(event, name)
        if value and redact_emails(value) != value:
            return name
    return None


def _check_readable(field: str, time: datetime | None) -> None:
    if time is not None and not FIRST_YEAR <= time.year <= LAST_YEAR:
        raise FieldError("invalid_value", field, f"{time.isoformat()} can be no time")


def _check_time(field: str, time: datetime, limits: Limits) -> None:
    try:
        early, late = time < limits.earliest, time > limits.latest
    except OverflowError:
        early = late = True
    if early:
        raise FieldError("event_time_out_of_range", field, f"{time.isoformat()} is before {limits.earliest:%Y-%m-%d}")
    if late:
        raise FieldError("event_time_out_of_range", field, f"{time.isoformat()} is too far in the future")


def sound_items(items: list[Item]) -> bool:
    """Whether every item names its product and the total of all items still fits Decimal(18, 2)."""
    total = 0.0
    for item in items:
        if item.product_id.isspace():
            return False
        if item.price is not None:
            total += item.price * item.quantity
    return total <= MAX_ITEMS_VALUE
