"""What `events_clean` and `events_quarantine` share: each event once, judged."""

from datetime import timedelta

import narwhals as nw

from clickstream_platform.transforms._frames import Frame

REASON = "reason"
CLOCK_TOLERANCE = timedelta(hours=24)
"""An event may claim to have happened this long after it was received, before its clock is disbelieved."""

_KEY = ("event_date", "event_id")
_RECEIVED = "first_known_at"
_ORDER = (_RECEIVED, "record_hash", "source_id", "source_line")
"""Earlier in this order wins. It is total, so no order of arrival or of reading changes the answer."""

_TELLING_END = 12
"""Characters of an id that Polars keeps without a pointer; that many random ones hardly ever repeat."""

_WINNER = ("winning_source", "winning_line")


def judged_events(events: Frame, currency: str) -> Frame:
    """Each event once, with its `reason` for quarantine (null for the good ones) and `amount`.

    `amount` is the event's value, else what its items are worth. The first reason that applies is given.
    """
    amount = nw.coalesce("value", "items_value")
    reason = (
        nw.when(nw.col("event_time") > nw.col("received_at") + CLOCK_TOLERANCE)
        .then(nw.lit("clock_skew"))
        .when((nw.col("currency") != currency) & ~amount.is_null())
        .then(nw.lit("foreign_currency"))
        .when((nw.col("event_name") == "purchase") & amount.is_null())
        .then(nw.lit("purchase_without_value"))
    )
    return first_received(events).with_columns(amount.alias("amount"), reason.alias(REASON))


def first_received(events: Frame) -> Frame:
    """Each event of a day once: of several with one id, the one that was received first.

    A bronze row is known by its source and line. Only the ids that occur more than once, a small share, are compared,
    and of them only what decides: all other columns pass by in one stream, whose rows are kept unless another row won.
    To find them, the ends of ids will do: that takes less memory, and an id that merely ends as another one is compared
    for nothing.
    """
    end = nw.col("event_id").str.tail(_TELLING_END).alias("id_end")
    marks = events.select(
        *_KEY, end, "source_id", "source_line", "record_hash", nw.coalesce("received_at", "event_time").alias(_RECEIVED)
    )
    ends = events.select("event_date", end).group_by("event_date", "id_end").agg(nw.len().alias("copies"))
    winners = (
        marks.join(ends.filter(nw.col("copies") > 1), on=["event_date", "id_end"], how="semi")
        .unique([*_KEY], keep="first", order_by=[*_ORDER])
        .select(*_KEY, nw.col("source_id").alias(_WINNER[0]), nw.col("source_line").alias(_WINNER[1]))
    )
    unopposed = nw.col(_WINNER[0]).is_null()
    won = (nw.col("source_id") == nw.col(_WINNER[0])) & (nw.col("source_line") == nw.col(_WINNER[1]))
    return events.join(winners, on=[*_KEY], how="left").filter(unopposed | won).drop(*_WINNER)
