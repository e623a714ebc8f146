"""Silver `entity_activity`."""

import narwhals as nw

from clickstream_platform.transforms._activity import ACTIVITY, activity
from clickstream_platform.transforms._frames import Frame, consenting


def entity_activity(events_clean: Frame) -> Frame:
    """What each entity did on a day.

    Grain: one row an `entity_id` x `activity_date` (UTC) with an event of people who consent to analytics. Counts are
    of events of that name; `revenue` is of purchases with refunds taken off, `refund_amount` (positive) what was taken
    off, both in the shop's currency. Days add up: nothing is counted twice over midnight, as sessions would be.

    Args:
        events_clean: Silver `events_clean` of the wanted days.
    """
    return (
        consenting(events_clean)
        .group_by("entity_id", "event_date")
        .agg(
            nw.col("event_time").min().alias("first_event_at"),
            nw.col("event_time").max().alias("last_event_at"),
            *activity(~nw.col("event_date").is_null()),
        )
        .select(
            "entity_id",
            nw.col("event_date").alias("activity_date"),
            "first_event_at",
            "last_event_at",
            *ACTIVITY,
        )
    )
