"""The shop live: events of a span of time."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from clickstream_platform.simulate import ShopConfig, SimulationError, events_between

SHOP = ShopConfig(days=3, shoppers=400, seed=4, start=date(2024, 3, 1))
BEGIN = datetime(2024, 3, 1, tzinfo=UTC)


def between(begin: float, end: float) -> list[dict[str, object]]:
    """Events from so many to so many hours after the beginning."""
    spans = (BEGIN + timedelta(hours=hours) for hours in (begin, end))
    return [json.loads(line) for line in events_between(SHOP, *spans)]


def test_adjoining_spans_neither_repeat_nor_lose_an_event() -> None:
    whole = between(0, 72)

    parts = [event for hour in range(0, 72, 4) for event in between(hour, hour + 4)]

    assert parts == whole
    assert len({event["event_id"] for event in whole}) == len(whole) > 500


def test_events_come_in_order_of_time_and_within_the_span() -> None:
    times = [datetime.fromisoformat(str(event["event_time"])) for event in between(20.5, 26.25)]

    assert times == sorted(times)
    assert times[0] >= BEGIN + timedelta(hours=20.5)
    assert times[-1] < BEGIN + timedelta(hours=26.25)


def test_outside_the_shops_days_nothing_happens() -> None:
    assert between(-48, 0) == []
    assert between(96, 120) == []
    assert between(10, 10) == []


def test_times_without_an_offset_are_refused() -> None:
    with pytest.raises(SimulationError, match="UTC offset"):
        next(events_between(SHOP, datetime(2024, 3, 1), BEGIN))
