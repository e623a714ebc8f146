"""What an event, a customer, a product and an order line are, and what makes a record acceptable.

Imports nothing heavier than msgspec, so that a Lambda loads it in milliseconds.
"""

from clickstream_platform.contract.meaning import Limits
from clickstream_platform.contract.reasons import DESCRIPTIONS, REASONS, Reason, Rejection
from clickstream_platform.contract.records import (
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
)
from clickstream_platform.contract.validation import Parse, examine, from_text, parser

__all__ = [
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
    "examine",
    "from_text",
    "parser",
]
