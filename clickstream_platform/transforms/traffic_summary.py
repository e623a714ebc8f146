"""Gold `traffic_summary`."""

from datetime import timedelta

import narwhals as nw

from clickstream_platform.transforms._frames import Frame, people
from clickstream_platform.transforms._money import total

WINDOW_MINUTES = 5
_WINDOWS_PER_HOUR = 60 // WINDOW_MINUTES


def traffic_summary(events_clean: Frame) -> Frame:
    """Traffic in windows of five minutes: the batch truth that live metrics are compared with.

    Grain: one row a `window_start` (UTC, event time) x `event_name` x `channel` x `country`, of people only. `sessions`
    counts distinct entities (nobody has two sessions within five minutes); `revenue` is in the shop's currency,
    refunds negative. The channel is the event's own.

    Args:
        events_clean: Silver `events_clean` of the wanted days.
    """
    key = ("event_date", "hour", "window", "event_name", "channel", "country")
    cells = (
        people(events_clean)
        .with_columns((nw.col("event_time").dt.minute() // WINDOW_MINUTES).alias("window"))
        .group_by(*key)
        .agg(
            nw.col("event_time").min().alias("first_at"),
            nw.len().cast(nw.Int64).alias("events"),
            nw.col("entity_id").n_unique().cast(nw.Int64).alias("sessions"),
            total(nw.col("revenue")).alias("revenue"),
        )
    )
    return cells.select(
        _window_start().alias("window_start"),
        nw.col("event_date").alias("date"),
        "event_name",
        "channel",
        "country",
        "events",
        "sessions",
        "revenue",
    )


def _window_start() -> nw.Expr:
    """The hour plus the window's minutes, out of all there are: engines share no way to add minutes from a column."""
    hour = nw.col("first_at").dt.truncate("1h")
    start = hour
    for window in range(1, _WINDOWS_PER_HOUR):
        begins = hour + timedelta(minutes=window * WINDOW_MINUTES)
        start = nw.when(nw.col("window") == window).then(begins).otherwise(start)
    return start
