"""What an event, a customer, a product, an order line and a line of spend are, as types.

Validation and JSON Schema come from them.

Amounts are decimal numbers of the shop's currency, rounded half-even to two places on the way into bronze. A JSON
number arrives as a binary double; `MAX_AMOUNT` keeps amounts where a double still tells cents apart, so the rounding
recovers exactly the cents that were written.
"""

from datetime import date as Day
from datetime import datetime
from typing import Annotated, Final, Literal, get_args

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

MAX_AMOUNT: Final = 99_999_999_999.99
"""Largest single amount; with `MAX_QUANTITY` one item's total still fits Decimal(18, 2)."""

MAX_QUANTITY: Final = 100_000
MAX_ITEMS: Final = 1_000
MAX_ITEMS_VALUE: Final = 9_999_999_999_999_999.0
MAX_COUNT: Final = 2**53
"""Largest count of impressions or clicks: up to here a JSON number is exact in every reader."""

EventName = Literal[
    "page_view",
    "view_item_list",
    "view_item",
    "select_item",
    "search",
    "add_to_cart",
    "remove_from_cart",
    "view_cart",
    "begin_checkout",
    "add_shipping_info",
    "add_payment_info",
    "purchase",
    "refund",
    "login",
    "sign_up",
    "click",
]
Consent = Literal["granted", "denied"]
OrderStatus = Literal["pending", "completed", "shipped", "delivered", "cancelled", "refunded"]

EVENT_NAMES: tuple[str, ...] = get_args(EventName)
ORDER_STATUSES: tuple[str, ...] = get_args(OrderStatus)
CONSENTS: tuple[str, ...] = get_args(Consent)

Id = Annotated[str, Meta(min_length=1, max_length=256)]
Text = Annotated[str, Meta(max_length=1024)]
Url = Annotated[str, Meta(max_length=8192)]
Timestamp = Annotated[datetime, Meta(tz=True, description="RFC 3339 with a UTC offset.")]
Amount = Annotated[float, Meta(ge=0, le=MAX_AMOUNT, description="In the record's currency; kept to two places.")]
Quantity = Annotated[int, Meta(ge=1, le=MAX_QUANTITY)]
OrderedQuantity = Annotated[int, Meta(ge=0, le=MAX_QUANTITY)]
Count = Annotated[int, Meta(ge=0, le=MAX_COUNT)]
Country = Annotated[
    str,
    Meta(
        min_length=2,
        max_length=2,
        description="ISO 3166-1 alpha-2.",
        extra_json_schema={"pattern": "^[A-Z]{2}$"},
    ),
]
Currency = Annotated[
    str,
    Meta(min_length=3, max_length=3, description="ISO 4217.", extra_json_schema={"pattern": "^[A-Z]{3}$"}),
]
Experiments = Annotated[
    dict[Id, Id], Meta(max_length=100, description="Experiment name to the variant this visitor saw.")
]
Properties = Annotated[
    Raw | UnsetType, Meta(description="Anything else, an object.", extra_json_schema={"type": ["object", "null"]})
]
"""The JSON text of an object, as it was written; null is as good as absent."""


class Item(Struct, gc=False):
    """One product line of an event."""

    product_id: Id
    price: Amount | None = None
    quantity: Quantity = 1
    category: Text | None = None


Items = Annotated[list[Item], Meta(max_length=MAX_ITEMS)]


class Consents(Struct, gc=False, forbid_unknown_fields=True):
    """What the visitor allows, by purpose: `analytics` and `ads`, or the names of Google's consent mode.

    `analytics_storage` is analytics; `ad_storage` and `ad_user_data` are ads; the rest is taken and not used. Of
    several names for one purpose a denial wins. Other names are refused: a misspelt denial must not pass for none.
    """

    analytics: Consent | None = None
    ads: Consent | None = None
    analytics_storage: Consent | None = None
    ad_storage: Consent | None = None
    ad_user_data: Consent | None = None
    ad_personalization: Consent | None = None
    functionality_storage: Consent | None = None
    personalization_storage: Consent | None = None
    security_storage: Consent | None = None


class Event(Struct, gc=False, forbid_unknown_fields=True):
    """One thing a visitor did, in Google Analytics 4's e-commerce vocabulary. Needs `user_id` or `anonymous_id`.

    Further top-level fields are kept in `properties`.
    """

    event_id: Id
    event_name: EventName
    event_time: Timestamp
    received_at: Timestamp | None = None
    user_id: Id | None = None
    anonymous_id: Id | None = None
    session_id: Id | None = None
    url: Url | None = None
    referrer: Url | None = None
    utm_source: Text | None = None
    utm_medium: Text | None = None
    utm_campaign: Text | None = None
    utm_term: Text | None = None
    utm_content: Text | None = None
    user_agent: Url | None = None
    country: Country | None = None
    region: Text | None = None
    items: Items | None = None
    order_id: Id | None = None
    value: Amount | None = None
    currency: Currency | None = None
    experiments: Experiments | None = None
    consent: Consents | None = None
    email: Text | None = None
    ip: Text | None = None
    properties: Properties = UNSET


class Customer(Struct, gc=False):
    """One version of a customer's master data; the latest version wins."""

    customer_id: Id
    email: Text | None = None
    name: Text | None = None
    phone: Text | None = None
    country: Text | None = None
    region: Text | None = None
    signup_date: Day | None = None
    updated_at: Timestamp | None = None


class Product(Struct, gc=False):
    """One version of a product's master data; the latest version wins."""

    product_id: Id
    name: Text | None = None
    category: Text | None = None
    price: Amount | None = None
    updated_at: Timestamp | None = None


class OrderLine(Struct, gc=False):
    """One version of one product line of an order; the latest version of (order_id, product_id) wins.

    Zero amounts and quantities are accepted here and quarantined by silver, negative ones are rejected.
    """

    order_id: Id
    customer_id: Id
    product_id: Id
    quantity: OrderedQuantity
    unit_price: Amount
    total_amount: Amount
    status: OrderStatus
    order_time: Timestamp
    region: Text | None = None
    currency: Currency | None = None
    updated_at: Timestamp | None = None


class Spend(Struct, gc=False):
    """What one campaign cost on one day; the latest version of (date, channel, source, medium, campaign) wins.

    Needs `channel`, `source` or `medium`. Without `channel`, the rules that group traffic tell it from the others.
    """

    date: Day
    cost: Amount
    channel: Text | None = None
    source: Text | None = None
    medium: Text | None = None
    campaign: Text | None = None
    currency: Currency | None = None
    impressions: Count | None = None
    clicks: Count | None = None
    updated_at: Timestamp | None = None


Dataset = Literal["events", "customers", "products", "orders", "marketing_spend"]
DATASETS: tuple[Dataset, ...] = get_args(Dataset)
Record = Event | Customer | Product | OrderLine | Spend

RECORD_TYPES: dict[str, type[Event] | type[Customer] | type[Product] | type[OrderLine] | type[Spend]] = {
    "events": Event,
    "customers": Customer,
    "products": Product,
    "orders": OrderLine,
    "marketing_spend": Spend,
}
