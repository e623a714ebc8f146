"""Journeys of shoppers, by hand and drawn by Hypothesis, as events."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from clickstream_platform_tests.transforms.paths import click, purchase, refund
from clickstream_platform_tests.transforms.rows import at

CHANNELS = ("Email", "Display", "Direct", "Affiliates", "Paid Search")

JOURNEY = st.lists(st.tuples(st.sampled_from(CHANNELS), st.integers(0, 600)), min_size=0, max_size=6)
SHOP = st.lists(
    st.tuples(JOURNEY, st.booleans(), st.integers(0, 100_000), st.lists(st.integers(1, 150_000), max_size=2)),
    min_size=1,
    max_size=6,
)


def path(*channels: str, entity: str = "ann", value: str = "10.00", hour: int = 10, buys: bool = True) -> list[Any]:
    """A click a minute, and a purchase at the next full hour."""
    clicks = [click(at(f"{hour - 1:02}:{minute:02}"), name, entity) for minute, name in enumerate(channels)]
    return [*clicks, purchase(at(f"{hour:02}:00"), value, entity)] if buys else clicks


def shop(journeys: list[Any]) -> list[Any]:
    """Clicks so many hours before noon of DAY, a purchase at noon, refunds in the afternoon; an entity a journey."""
    rows: list[Any] = []
    noon = at("12:00")
    for number, (touches, buys, cents, refunds) in enumerate(journeys):
        who = f"v{number}"
        rows += [
            click(noon - timedelta(hours=hours, seconds=place), channel, who)
            for place, (channel, hours) in enumerate(touches)
        ]
        if buys:
            order = purchase(noon, str(Decimal(cents) / 100), who)
            rows.append(order)
            rows += [
                refund(noon + timedelta(hours=1 + place), order, str(Decimal(back) / 100), event_id=f"{who}-{place}")
                for place, back in enumerate(refunds)
            ]
    return rows
