"""Bronze: records as received, valid by the contract, free of personal data but for customers."""

from datetime import date as Day

import pandera.polars as pa
import polars as pl

from clickstream_platform.schemas.columns import (
    EXPERIMENT,
    ITEM,
    Moment,
    Money,
    column,
    list_of,
    optional,
    personal,
)


class Events(pa.DataFrameModel):
    """Every valid event as received, duplicates included."""

    event_id: str = column("Identity of the event, given by the sender.")
    event_name: str = column("GA4 e-commerce event name.")
    event_time: Moment = column("When it happened.")
    received_at: Moment = optional("When it was received, by the collector's clock.")
    entity_id: str = column("Who did it: user_id, else anonymous_id.")
    user_id: str = optional("Signed-in user.")
    anonymous_id: str = optional("Browser or device.")
    client_session_id: str = optional("The sender's own session id; kept, not used.")
    page_url: str = optional("Page address without personal parameters.")
    page_path: str = optional("Path of the page address.")
    referrer: str = optional("Referring address without personal parameters.")
    referrer_host: str = optional("Host of the referrer.")
    source: str = column("Traffic source; (direct) where nothing tells.")
    medium: str = column("Traffic medium; (none) where nothing tells.")
    campaign: str = optional("Campaign name.")
    term: str = optional("Campaign term.")
    content: str = optional("Campaign content.")
    click_id: str = optional("Advertiser's click id.")
    click_id_type: str = optional("Parameter that held the click id, such as gclid.")
    channel: str = column("GA4 default channel group.")
    is_touch: bool = column("Whether it carries marketing touch data: an ad click, UTM parameters or a click id.")
    has_source: bool = column("Whether the event itself tells a traffic source.")
    device_type: str = column("desktop, mobile, tablet, tv, bot or unknown.")
    is_bot: bool = column("Whether the user agent is a known crawler.")
    user_agent: str = optional("User agent as sent.")
    country: str = optional("ISO 3166 country code.")
    region: str = optional("Region.")
    items: pl.List = list_of(ITEM, "Goods of the event.")
    items_value: Money = optional("Sum of price times quantity over the goods, where all have prices.")
    order_id: str = optional("Order of a purchase or refund.")
    value: Money = optional("Amount of the event as sent.")
    currency: str = optional("ISO 4217 currency of the amounts; the shop's when null.")
    experiments: pl.List = list_of(EXPERIMENT, "Experiments the visitor takes part in, with their variants.")
    analytics_consent: bool = optional("Whether the visitor granted analytics; null where the event does not say.")
    ads_consent: bool = optional("Whether the visitor granted advertising; null where the event does not say.")
    email_hash: str = optional("Keyed hash (HMAC-SHA-256) of the lower-case e-mail address.")
    properties: str = optional("Any further properties, as JSON.")
    record_hash: int = column("Hash of the record's content.")
    event_date: Day = column("Day (UTC) of event_time; the partition.")
    source_id: str = column("Identity of the source's content: its size and BLAKE2b hash.")
    source_line: int = column("Line (or record) of the source, from 1.")


class Customers(pa.DataFrameModel):
    """Every version of a customer as received. Holds personal data."""

    customer_id: str = column("Identity of the customer.")
    email: str = personal("E-mail address as sent.")
    email_normalized: str = personal("Valid, trimmed, lower-case e-mail address.")
    email_hash: str = optional("Keyed hash of the normalised address, to join on.")
    name: str = personal("Full name.")
    phone: str = personal("Phone number as sent.")
    phone_e164: str = personal("Valid phone number in E.164.")
    country: str = optional("ISO 3166 country code.")
    region: str = optional("Region.")
    signup_date: Day = optional("Day of sign-up.")
    updated_at: Moment = optional("When this version was made, as sent.")
    source_time: Moment = column("Time of the source that brought the version.")
    record_hash: int = column("Hash of the record's content.")
    source_id: str = column("Identity of the source's content: its size and BLAKE2b hash.")
    source_line: int = column("Line (or record) of the source, from 1.")


class Products(pa.DataFrameModel):
    """Every version of a product as received."""

    product_id: str = column("Identity of the product.")
    name: str = optional("Name.")
    category: str = optional("Category.")
    price: Money = optional("List price.")
    updated_at: Moment = optional("When this version was made, as sent.")
    source_time: Moment = column("Time of the source that brought the version.")
    record_hash: int = column("Hash of the record's content.")
    source_id: str = column("Identity of the source's content: its size and BLAKE2b hash.")
    source_line: int = column("Line (or record) of the source, from 1.")


class Orders(pa.DataFrameModel):
    """Every version of an order line as received."""

    order_id: str = column("Identity of the order.")
    customer_id: str = column("Who ordered.")
    product_id: str = column("What was ordered.")
    quantity: int = column("How many.")
    unit_price: Money = column("Price of one.")
    total_amount: Money = column("Price of the line.")
    status: str = column("pending, completed, shipped, delivered, cancelled or refunded.")
    order_time: Moment = column("When it was ordered.")
    region: str = optional("Region of the order.")
    currency: str = optional("ISO 4217 currency; the shop's when null.")
    updated_at: Moment = optional("When this version was made, as sent.")
    order_date: Day = column("Day (UTC) of order_time; the partition.")
    source_time: Moment = column("Time of the source that brought the version.")
    record_hash: int = column("Hash of the record's content.")
    source_id: str = column("Identity of the source's content: its size and BLAKE2b hash.")
    source_line: int = column("Line (or record) of the source, from 1.")


class MarketingSpend(pa.DataFrameModel):
    """Every version of a line of marketing spend as received."""

    spend_date: Day = column("Day that the money was spent on, as the advertiser counts days; the partition.")
    channel: str = column("Channel as sent, else told from source, medium and campaign by the rules for traffic.")
    source: str = column("Traffic source of the campaign's visits; (not set) where not sent.")
    medium: str = column("Traffic medium of the campaign's visits; (not set) where not sent.")
    campaign: str = column("Campaign name; (not set) where not sent.")
    cost: Money = column("What it cost.")
    currency: str = optional("ISO 4217 currency; the shop's when null.")
    impressions: int = optional("Times the advertisement was shown.")
    clicks: int = optional("Clicks that the advertiser counted.")
    updated_at: Moment = optional("When this version was made, as sent.")
    source_time: Moment = column("Time of the source that brought the version.")
    record_hash: int = column("Hash of the record's content.")
    source_id: str = column("Identity of the source's content: its size and BLAKE2b hash.")
    source_line: int = column("Line (or record) of the source, from 1.")
