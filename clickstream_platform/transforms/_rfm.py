"""Recency, frequency and monetary value: scores and segments.

Quintiles as `pandas.qcut` makes them where its edges are distinct; the segments are the ten-segment grid in common use
of (R, F) scores, with champions asked for before loyal customers.
"""

import narwhals as nw

from clickstream_platform.transforms._frames import Frame

_SEGMENTS = (
    ("hibernating", (1, 2), (1, 2)),
    ("at_risk", (1, 2), (3, 4)),
    ("cant_lose", (1, 2), (5,)),
    ("about_to_sleep", (3,), (1, 2)),
    ("need_attention", (3,), (3,)),
    ("champions", (5,), (4, 5)),
    ("loyal_customers", (3, 4), (4, 5)),
    ("promising", (4,), (1,)),
    ("new_customers", (5,), (1,)),
    ("potential_loyalists", (4, 5), (2, 3)),
)
"""Segment, its recency scores, its frequency scores; together they cover all 25 pairs once."""

_PLACE = {"recency": "recency_place", "frequency": "frequency_place", "monetary": "monetary_place"}


def rfm_scores(customers: Frame) -> Frame:
    """Adds `recency_score`, `frequency_score` and `monetary_score` (1 to 5, 5 the best).

    A score is `max(1, ceil(5 * place / (n - 1)))` of the customer's place from 0 to n - 1. Customers who are equally
    recent, or have spent the same, share the lowest of their places. Frequencies are few numbers, so each customer has
    a place: of as many orders, who ordered first comes first (then the lower `customer_id`), which keeps bins even.
    Recency is turned around: the fewest days score 5.

    Args:
        customers: Columns `customer_id`, `as_of` (the same in all rows), `recency_days`, `total_orders`,
            `first_order_at`, `total_spent`.
    """
    placed = (
        customers.with_row_index(_PLACE["recency"], order_by=["recency_days", "customer_id"])
        .with_row_index(_PLACE["frequency"], order_by=["total_orders", "first_order_at", "customer_id"])
        .with_row_index(_PLACE["monetary"], order_by=["total_spent", "customer_id"])
        .with_columns(
            nw.len().over("as_of").cast(nw.Int64).alias("customers"),
            nw.col(_PLACE["recency"]).min().over("recency_days").alias(_PLACE["recency"]),
            nw.col(_PLACE["monetary"]).min().over("total_spent").alias(_PLACE["monetary"]),
        )
    )
    return placed.with_columns(
        (6 - _score(_PLACE["recency"])).cast(nw.Int8).alias("recency_score"),
        _score(_PLACE["frequency"]).cast(nw.Int8).alias("frequency_score"),
        _score(_PLACE["monetary"]).cast(nw.Int8).alias("monetary_score"),
    )


def rfm_segment() -> nw.Expr:
    """The segment of `recency_score` and `frequency_score`."""
    segment = nw.lit(_SEGMENTS[0][0])
    for name, recencies, frequencies in _SEGMENTS[1:]:
        fits = nw.col("recency_score").is_in(recencies) & nw.col("frequency_score").is_in(frequencies)
        segment = nw.when(fits).then(nw.lit(name)).otherwise(segment)
    return segment


def rfm_score() -> nw.Expr:
    """The three scores as one text: `543` is recency 5, frequency 4, monetary 3."""
    return nw.concat_str(*(nw.col(f"{name}_score").cast(nw.String) for name in ("recency", "frequency", "monetary")))


def _score(place: str) -> nw.Expr:
    """The fifth that a place is in: 1 to 5."""
    steps = nw.when(nw.col("customers") > 1).then(nw.col("customers") - 1).otherwise(1)
    fifth = (5 * nw.col(place).cast(nw.Int64) + steps - 1) // steps
    return nw.when(fifth > 1).then(fifth).otherwise(1)
