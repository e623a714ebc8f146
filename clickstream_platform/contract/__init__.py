"""What an event, a customer, a product, an order line and a line of spend are, and what makes a record acceptable.

Imports nothing heavier than msgspec, so that a Lambda loads it in milliseconds.
"""

from clickstream_platform.contract.meaning import Limits
from clickstream_platform.contract.reasons import DESCRIPTIONS, REASONS, Reason, Rejection
from clickstream_platform.contract.records import (
    CONSENTS,
    DATASETS,
    EVENT_NAMES,
    ORDER_STATUSES,
    Customer,
    Dataset,
    Event,
    Item,
    OrderLine,
    Product,
    Record,
    Spend,
)
from clickstream_platform.contract.validation import Parse, examine, from_text, parser

__all__ = [
    "CONSENTS",
    "DATASETS",
    "DESCRIPTIONS",
    "EVENT_NAMES",
    "ORDER_STATUSES",
    "REASONS",
    "Customer",
    "Dataset",
    "Event",
    "Item",
    "Limits",
    "OrderLine",
    "Parse",
    "Product",
    "Reason",
    "Record",
    "Rejection",
    "Spend",
    "examine",
    "from_text",
    "parser",
]
