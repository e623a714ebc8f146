"""Customers, products and orders as bronze columns."""

from collections.abc import Sequence
from operator import attrgetter

import pyarrow as pa

from clickstream_platform.contract import Customer, OrderLine, Product
from clickstream_platform.contract.phones import e164
from clickstream_platform.contract.privacy import email_hash, normalized_email
from clickstream_platform.ingest.arrow_arrays import days_of, money_column
from clickstream_platform.ingest.bronze_schemas import CUSTOMERS, ORDERS, PRODUCTS


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


def _plain(records: Sequence[object], schema: pa.Schema, names: tuple[str, ...]) -> dict[str, pa.Array]:
    return {name: pa.array(list(map(attrgetter(name), records)), schema.field(name).type) for name in names}
