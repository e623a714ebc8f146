"""Gold `attributed_checkouts`."""

from datetime import date, timedelta

import narwhals as nw

from clickstream_platform.transforms._frames import Frame, consenting, people
from clickstream_platform.transforms._origin import ORIGIN, direct
from clickstream_platform.transforms._time import midnight, seconds_between

_CHECKOUT = ("checkout_id", "checkout_time", "date", "entity_id", "order_id", "revenue")


def attributed_checkouts(events_clean: Frame, *, first_day: date, last_day: date, window: timedelta) -> Frame:
    """Every checkout with the first click in the window before it.

    Grain: one row a purchase event of people, within an event day (UTC). A click is any event with marketing touch
    data (`is_touch`) of the same entity at `checkout_time - window <= time < checkout_time`; the earliest counts, of
    several at one moment the one with the lowest `event_id`. `click_id` is that event's id. Checkouts without a click
    are kept: not attributed, channel Direct. So are those without consent: a click counts only where both it and the
    checkout allow analytics and advertising. Revenue is in the shop's currency.

    Args:
        events_clean: Silver `events_clean` of `first_day - 1` to `last_day`; other days are ignored.
        first_day: First day (UTC) of checkouts wanted.
        last_day: Last day of checkouts wanted.
        window: How long before a checkout a click may lie, a day at most.

    Raises:
        ValueError: The window is longer than a day.
    """
    if window > timedelta(days=1):
        raise ValueError(f"the attribution window is longer than a day: {window}")
    events = people(events_clean)
    checkouts = events.filter(
        nw.col("event_name") == "purchase", nw.col("event_date") >= first_day, nw.col("event_date") <= last_day
    ).select(
        nw.col("event_id").alias("checkout_id"),
        nw.col("event_time").alias("checkout_time"),
        nw.col("event_date").alias("date"),
        "entity_id",
        "order_id",
        "revenue",
        (nw.col("analytics_consent") & nw.col("ads_consent")).alias("may_be_credited"),
    )
    clicks = (
        consenting(events_clean)
        .filter(
            nw.col("is_touch"),
            nw.col("event_time") >= midnight(first_day) - window,
            nw.col("event_time") < midnight(last_day + timedelta(days=1)),
        )
        .select("entity_id", nw.col("event_id").alias("click_id"), nw.col("event_time").alias("click_time"), *ORIGIN)
    )
    credited = _first_clicks(checkouts, clicks, window)
    hit = ~nw.col("click_id").is_null()
    return checkouts.join(credited, on=["date", "checkout_id"], how="left").select(
        *_CHECKOUT,
        hit.alias("is_attributed"),
        "click_id",
        "click_time",
        seconds_between(nw.col("click_time"), nw.col("checkout_time")).alias("seconds_from_click"),
        *(nw.when(hit).then(nw.col(name)).otherwise(otherwise).alias(name) for name, otherwise in direct().items()),
    )


def _first_clicks(checkouts: Frame, clicks: Frame, window: timedelta) -> Frame:
    """For checkouts that have one: the first click within the window."""
    creditable = checkouts.filter(nw.col("may_be_credited"))
    pairs = creditable.select("date", "checkout_id", "checkout_time", "entity_id").join(clicks, on="entity_id")
    within = pairs.filter(
        nw.col("click_time") < nw.col("checkout_time"), nw.col("click_time") >= nw.col("checkout_time") - window
    )
    first = within.unique(["date", "checkout_id"], keep="first", order_by=["click_time", "click_id"])
    return first.select("date", "checkout_id", "click_id", "click_time", *ORIGIN)
