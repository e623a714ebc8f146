"""What `entity_activity` and `experiment_exposures` count of events in the same way."""

import narwhals as nw

from clickstream_platform.transforms._money import MONEY, total, zero

_COUNTED = {
    "page_view": "page_views",
    "view_item": "item_views",
    "add_to_cart": "carts",
    "purchase": "purchases",
    "refund": "refunds",
}
ACTIVITY = ("events", *_COUNTED.values(), "revenue", "refund_amount")
"""The figures of a group of events, in order."""


def activity(counts: nw.Expr) -> list[nw.Expr]:
    """The figures of those events of a group that count; all 0 where none does.

    Args:
        counts: Whether an event does.
    """
    one = nw.when(counts).then(1).otherwise(0)
    returned = counts & (nw.col("event_name") == "refund")
    return [
        one.sum().cast(nw.Int64).alias("events"),
        *(
            nw.when(counts & (nw.col("event_name") == event)).then(1).otherwise(0).sum().cast(nw.Int64).alias(figure)
            for event, figure in _COUNTED.items()
        ),
        total(nw.when(counts).then(nw.col("revenue")).otherwise(zero())).alias("revenue"),
        total(nw.when(returned).then((nw.col("revenue") * -1).cast(MONEY)).otherwise(zero())).alias("refund_amount"),
    ]
