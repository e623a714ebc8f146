"""Silver `events_clean`."""

import narwhals as nw

from clickstream_platform.transforms._frames import UNKNOWN, Frame
from clickstream_platform.transforms._money import MONEY, zero
from clickstream_platform.transforms._received_events import REASON, judged_events
from clickstream_platform.transforms._time import iso_weekday


def events_clean(events: Frame, *, currency: str) -> Frame:
    """Events, each once, with what every question needs ready to use.

    Grain: one row an `event_id` within an event day (UTC); of several records with one id the first received is kept.
    `revenue` is a purchase's value (else the worth of its items), the same negative for a refund, and 0 for all other
    events, in the shop's currency. `hour` is 0 to 23, `day_of_week` 1 for Monday to 7 for Sunday, both UTC. Bots are
    kept and marked. What is refused goes to `events_quarantine`.

    Args:
        events: Bronze `events` of the wanted days.
        currency: The shop's currency (ISO 4217).
    """
    revenue = (
        nw.when(nw.col("event_name") == "purchase")
        .then(nw.col("amount"))
        .when(nw.col("event_name") == "refund")
        .then((nw.col("amount") * -1).cast(MONEY))
    )
    good = judged_events(events, currency).filter(nw.col(REASON).is_null())
    return good.select(
        "event_id",
        "event_name",
        "event_time",
        "received_at",
        "event_date",
        nw.col("event_time").dt.hour().cast(nw.Int8).alias("hour"),
        iso_weekday(nw.col("event_date")).cast(nw.Int8).alias("day_of_week"),
        "entity_id",
        "user_id",
        "anonymous_id",
        "client_session_id",
        "page_url",
        "page_path",
        "referrer_host",
        "source",
        "medium",
        "campaign",
        "term",
        "content",
        "click_id",
        "click_id_type",
        "channel",
        "is_touch",
        "has_source",
        "device_type",
        "is_bot",
        nw.col("country").fill_null(UNKNOWN),
        nw.col("region").fill_null(UNKNOWN),
        "items",
        "order_id",
        "value",
        nw.col("currency").fill_null(currency),
        nw.coalesce(revenue, zero()).alias("revenue"),
        "experiments",
        "email_hash",
        "properties",
    )
