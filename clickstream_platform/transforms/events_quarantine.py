"""Silver `events_quarantine`."""

import narwhals as nw

from clickstream_platform.transforms._frames import Frame
from clickstream_platform.transforms._received_events import REASON, judged_events


def events_quarantine(events: Frame, *, currency: str) -> Frame:
    """Events that `events_clean` refuses, each with the first reason that applies.

    Grain: one row an `event_id` within an event day (UTC). Reasons, in this order: `clock_skew` (it claims to have
    happened more than 24 hours after it was received), `foreign_currency` (an amount in another currency than the
    shop's), `purchase_without_value` (a purchase that names neither a value nor a price).

    Args:
        events: Bronze `events` of the wanted days.
        currency: The shop's currency (ISO 4217).
    """
    return (
        judged_events(events, currency)
        .filter(~nw.col(REASON).is_null())
        .select(
            "event_id",
            "event_name",
            "event_time",
            "event_date",
            "entity_id",
            "order_id",
            "value",
            "currency",
            REASON,
            "source_id",
            "source_line",
        )
    )
