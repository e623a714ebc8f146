"""Silver `events_clean`."""

import narwhals as nw

from clickstream_platform.contract import CONSENTS
from clickstream_platform.contract.traffic import CLICK_IDS
from clickstream_platform.transforms._frames import UNKNOWN, Frame
from clickstream_platform.transforms._money import MONEY, zero
from clickstream_platform.transforms._received_events import REASON, judged_events
from clickstream_platform.transforms._time import iso_weekday

_CLICK_IDS = "(?i)" + "|".join(CLICK_IDS)


def events_clean(events: Frame, *, currency: str, consent_default: str = "granted") -> Frame:
    """Events, each once, with what every question needs ready to use.

    Grain: one row an `event_id` within an event day (UTC); of several records with one id the first received is kept.
    `revenue` is a purchase's value (else the worth of its items), the same negative for a refund, and 0 for all other
    events, in the shop's currency. `hour` is 0 to 23, `day_of_week` 1 for Monday to 7 for Sunday, both UTC. Bots are
    kept and marked. What is refused goes to `events_quarantine`.

    Consent is settled here: `analytics_consent` and `ads_consent` are what the event says, else the default. An event
    without consent to advertising is no touch and loses its click id (in the page's address too) and `email_hash`.

    Args:
        events: Bronze `events` of the wanted days.
        currency: The shop's currency (ISO 4217).
        consent_default: `granted` or `denied`: what holds where an event says nothing.

    Raises:
        ValueError: The default is neither.
    """
    if consent_default not in CONSENTS:
        raise ValueError(f"the consent default is granted or denied, not {consent_default!r}")
    analytics, ads = (
        nw.col(name).fill_null(consent_default == "granted") for name in ("analytics_consent", "ads_consent")
    )
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
        nw.when(ads | ~_names_click()).then(nw.col("page_url")).otherwise(_without_query("page_url")).alias("page_url"),
        "page_path",
        "referrer_host",
        "source",
        "medium",
        "campaign",
        "term",
        "content",
        nw.when(ads).then(nw.col("click_id")).alias("click_id"),
        nw.when(ads).then(nw.col("click_id_type")).alias("click_id_type"),
        "channel",
        (nw.col("is_touch") & ads).alias("is_touch"),
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
        analytics.alias("analytics_consent"),
        ads.alias("ads_consent"),
        nw.when(ads).then(nw.col("email_hash")).alias("email_hash"),
        "properties",
    )


def _names_click() -> nw.Expr:
    """Whether the page's address may hold a click id: one was found in it, or it names a parameter for one."""
    return ~nw.col("click_id").is_null() | nw.col("page_url").str.contains(_CLICK_IDS).fill_null(False)


def _without_query(url: str) -> nw.Expr:
    return nw.col(url).str.replace_all(r"(?s)[?].*", "")
