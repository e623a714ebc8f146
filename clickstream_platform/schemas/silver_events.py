"""Silver tables of behaviour: events, what they refused, and sessions."""

from datetime import date as Day
from itertools import pairwise

import pandera.polars as pa
import polars as pl

from clickstream_platform.contract import EVENT_NAMES
from clickstream_platform.schemas.columns import EXPERIMENT, ITEM, Moment, Money, column, list_of, optional

EVENT_REASONS = ("clock_skew", "foreign_currency", "purchase_without_value")
START_REASONS = ("first_event", "timeout", "max_duration")
FUNNEL_STEPS = ("view_item", "add_to_cart", "begin_checkout", "purchase")


class EventsClean(pa.DataFrameModel):
    """Events without duplicates, typed, in the shop's currency.

    Of events that share an id and a day, the first received stays.
    """

    event_id: str = column("Identity of the event; unique within its day.")
    event_name: str = column("GA4 e-commerce event name.", isin=EVENT_NAMES)
    event_time: Moment = column("When it happened.")
    received_at: Moment = optional("When it was received, by the collector's clock.")
    event_date: Day = column("Day (UTC) of event_time; the partition.")
    hour: pl.Int8 = column("Hour of event_time, 0 to 23.")
    day_of_week: pl.Int8 = column("ISO day of week of event_time: Monday 1 to Sunday 7.")
    entity_id: str = column("Who did it: user_id, else anonymous_id.")
    user_id: str = optional("Signed-in user.")
    anonymous_id: str = optional("Browser or device.")
    client_session_id: str = optional("The sender's own session id; kept, not used.")
    page_url: str = optional("Page address without personal parameters; without ads_consent, without click ids.")
    page_path: str = optional("Path of the page address.")
    referrer_host: str = optional("Host of the referrer.")
    source: str = column("Traffic source; (direct) where nothing tells.")
    medium: str = column("Traffic medium; (none) where nothing tells.")
    campaign: str = optional("Campaign name.")
    term: str = optional("Campaign term.")
    content: str = optional("Campaign content.")
    click_id: str = optional("Advertiser's click id; null without ads_consent.")
    click_id_type: str = optional("Parameter that held the click id, such as gclid.")
    channel: str = column("GA4 default channel group.")
    is_touch: bool = column("Whether it carries marketing touch data, with ads_consent: ad click, UTM or click id.")
    has_source: bool = column("Whether the event itself tells a traffic source.")
    device_type: str = column("desktop, mobile, tablet, tv, bot or unknown.")
    is_bot: bool = column("Whether the user agent is a known crawler.")
    country: str = column("ISO 3166 country code, else unknown.")
    region: str = column("Region, else unknown.")
    items: pl.List = list_of(ITEM, "Goods of the event.")
    order_id: str = optional("Order of a purchase or refund.")
    value: Money = optional("Amount of the event as sent.")
    currency: str = column("ISO 4217 currency: the shop's.")
    revenue: Money = column("Value (else the goods' value) of a purchase, its negative for a refund, otherwise 0.")
    experiments: pl.List = list_of(EXPERIMENT, "Experiments the visitor takes part in, with their variants.")
    analytics_consent: bool = column("Whether the visitor's behaviour may be analysed: as sent, else the default.")
    ads_consent: bool = column("Whether the event may be used to measure advertising: as sent, else the default.")
    email_hash: str = optional("Keyed hash (HMAC-SHA-256) of the e-mail address; null without ads_consent.")
    properties: str = optional("Any further properties, as JSON.")

    @pa.dataframe_check(description="revenue is positive or zero, negative or zero for a refund, and zero elsewhere")
    def revenue_fits_event(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Signs of revenue by event name."""
        name, revenue = pl.col("event_name"), pl.col("revenue")
        sign = pl.when(name == "purchase").then(revenue >= 0).when(name == "refund").then(revenue <= 0)
        return data.lazyframe.select(sign.otherwise(revenue == 0))

    @pa.dataframe_check(description="without consent to advertising it is no touch and has no click id or email_hash")
    def ads_consent_is_kept(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """What an event without consent to advertising must not carry."""
        nothing = pl.all_horizontal(pl.col("click_id", "click_id_type", "email_hash").is_null())
        return data.lazyframe.select(pl.col("ads_consent") | (nothing & ~pl.col("is_touch")))


class EventsQuarantine(pa.DataFrameModel):
    """Events that silver refused, each with the first reason that applies."""

    event_id: str = column("Identity of the event.")
    event_name: str = column("GA4 e-commerce event name.")
    event_time: Moment = column("When it happened, as sent.")
    event_date: Day = column("Day (UTC) of event_time; the partition.")
    entity_id: str = column("Who did it: user_id, else anonymous_id.")
    order_id: str = optional("Order of a purchase or refund.")
    value: Money = optional("Amount as sent.")
    currency: str = optional("Currency as sent.")
    reason: str = column("Why it was refused.", isin=EVENT_REASONS)
    source_id: str = column("Source that brought it.")
    source_line: int = column("Line of the source.")


class Sessions(pa.DataFrameModel):
    """Visits: events of one entity with no gap longer than the session timeout.

    A visit is whole across midnight and belongs to the day it starts on. Bots and people who do not allow analytics
    have none.
    """

    session_id: str = column("Entity and start time.")
    entity_id: str = column("Whose visit it is.")
    user_id: str = optional("Signed-in user, if any.")
    session_date: Day = column("Day (UTC) it starts on; the partition.")
    started_at: Moment = column("Time of its first event.")
    ended_at: Moment = column("Time of its last event.")
    duration_seconds: float = column("From first to last event, in seconds.")
    start_reason: str = column("Why it began: first_event, timeout or max_duration.", isin=START_REASONS)
    events: int = column("Events in it.")
    page_views: int = column("page_view events in it.")
    channel: str = column("Channel of its first event that tells a source; else Direct.")
    source: str = column("Source of the same event; else (direct).")
    medium: str = column("Medium of the same event; else (none).")
    campaign: str = optional("Campaign of the same event.")
    landing_page: str = optional("Page path of its first event.")
    device_type: str = column("Device of its first event.")
    country: str = column("Country of its first event.")
    view_item_at: Moment = optional("First view_item.")
    add_to_cart_at: Moment = optional("First add_to_cart after that.")
    begin_checkout_at: Moment = optional("First begin_checkout after that.")
    purchase_at: Moment = optional("First purchase after that.")
    purchases: int = column("purchase events in it.")
    revenue: Money = column("Revenue of its events, refunds taken off.")

    @pa.dataframe_check(description="it has an event, and does not end before it starts")
    def span_fits(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Count and duration."""
        return data.lazyframe.select((pl.col("events") >= 1) & (pl.col("duration_seconds") >= 0))

    @pa.dataframe_check(description="each funnel step is strictly after the one before, and none is skipped")
    def funnel_steps_in_order(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Closed funnel."""
        steps = [pl.col(f"{step}_at") for step in FUNNEL_STEPS]
        pairs = pairwise(steps)
        return data.lazyframe.select(
            pl.all_horizontal((now.is_null() | (now > then).fill_null(False)) for then, now in pairs)
        )
