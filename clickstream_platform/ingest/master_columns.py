"""Customers, products, orders and marketing spend as bronze columns."""

from collections.abc import Sequence
from operator import attrgetter

import pyarrow as pa

from clickstream_platform.contract import Customer, OrderLine, Product, Spend
from clickstream_platform.contract.channels import CHANNELS, NOT_SET, channel_group
from clickstream_platform.contract.phones import e164
from clickstream_platform.contract.privacy import email_hash, normalized_email, redact_text
from clickstream_platform.ingest.arrow_arrays import days_of, money_column
from clickstream_platform.ingest.bronze_schemas import CUSTOMERS, MARKETING_SPEND, ORDERS, PRODUCTS

_CHANNEL_NAMES = {channel.lower(): channel for channel in CHANNELS}


def customer_columns(
    customers: Sequence[Customer], *, pii_key: bytes | None, hash_only: bool, phone_region: str
) -> dict[str, pa.Array]:
    """All columns but the lineage. `hash_only` leaves e-mail, name and phone out and keeps the hash."""
    columns = _plain(customers, CUSTOMERS, ("customer_id", "country", "region", "signup_date", "updated_at"))
    emails = [customer.email for customer in customers]
    text = pa.string()
    columns["email_hash"] = pa.array([email and email_hash(email, pii_key) for email in emails], text)
    if hash_only:
        personal = ("email", "email_normalized", "name", "phone", "phone_e164")
        return columns | {name: pa.nulls(len(customers), text) for name in personal}
    columns |= _plain(customers, CUSTOMERS, ("email", "name", "phone"))
    columns["email_normalized"] = pa.array([email and normalized_email(email) for email in emails], text)
    phones = [
        customer.phone and e164(customer.phone, _phone_region(customer.country, phone_region)) for customer in customers
    ]
    columns["phone_e164"] = pa.array(phones, text)
    return columns


def _phone_region(country: str | None, default: str) -> str:
    return country if country is not None and len(country) == 2 else default


def product_columns(products: Sequence[Product]) -> dict[str, pa.Array]:
    """All columns but the lineage."""
    columns = _plain(products, PRODUCTS, ("product_id", "name", "category", "updated_at"))
    return columns | {"price": money_column([product.price for product in products])}


def order_columns(lines: Sequence[OrderLine]) -> dict[str, pa.Array]:
    """All columns but the lineage."""
    names = (
        "order_id",
        "customer_id",
        "product_id",
        "quantity",
        "status",
        "order_time",
        "region",
        "currency",
    )
    columns = _plain(lines, ORDERS, (*names, "updated_at"))
    columns["unit_price"] = money_column([line.unit_price for line in lines])
    columns["total_amount"] = money_column([line.total_amount for line in lines])
    columns["order_date"] = days_of(columns["order_time"])
    return columns


def spend_columns(lines: Sequence[Spend]) -> dict[str, pa.Array]:
    """All columns but the lineage.

    Source, medium, campaign and channel are written as those of events are, so that the two meet: what is not said is
    `(not set)`, and a channel is told from the others by the same rules where the line names none.
    """
    origins = [_spend_origin(line) for line in lines]
    names = ("channel", "source", "medium", "campaign")
    columns = {name: pa.array([origin[place] for origin in origins], pa.string()) for place, name in enumerate(names)}
    columns |= _plain(lines, MARKETING_SPEND, ("currency", "impressions", "clicks", "updated_at"))
    columns["spend_date"] = pa.array([line.date for line in lines], pa.date32())
    columns["cost"] = money_column([line.cost for line in lines])
    return columns


def _spend_origin(line: Spend) -> tuple[str, str, str, str]:
    source, medium, campaign, channel = (
        redact_text((text or "").strip()) for text in (line.source, line.medium, line.campaign, line.channel)
    )
    # A name of the channel list in other letters is that channel; any other name is a channel of the shop's own.
    channel = _CHANNEL_NAMES.get(channel.lower(), channel) or channel_group(
        source or NOT_SET, medium or NOT_SET, campaign or None
    )
    return channel, source or NOT_SET, medium or NOT_SET, campaign or NOT_SET


def _plain(records: Sequence[object], schema: pa.Schema, names: tuple[str, ...]) -> dict[str, pa.Array]:
    return {name: pa.array(list(map(attrgetter(name), records)), schema.field(name).type) for name in names}
