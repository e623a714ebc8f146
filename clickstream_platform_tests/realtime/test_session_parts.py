"""Sessions of one entity are those of its events in the order of time, whatever order they come in."""

import random
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream_platform.realtime.attributes import from_wire, to_wire
from clickstream_platform.realtime.live_events import LiveEvent
from clickstream_platform.realtime.session_parts import sessions_of, with_event
from clickstream_platform_tests.realtime.events import (
    GAPS,
    HALF_HOUR,
    MICROSECOND,
    START,
    expected_sessions,
    histories,
    live_event,
)

LONG = timedelta(hours=12)


def sessions_after(events: list[LiveEvent], timeout: timedelta) -> list[dict[str, object]]:
    parts: list[dict[str, object]] = []
    for event in events:
        parts = with_event(parts, event, timeout)
        # As they come back from the table.
        parts = from_wire(to_wire({"parts": parts}))["parts"]
    return sessions_of("ann", parts, timeout)


@settings(max_examples=300, deadline=None)
@given(histories())
def test_any_order_of_arrival_gives_the_sessions_of_the_order_of_time(events: list[LiveEvent]) -> None:
    assert sessions_after(events, HALF_HOUR) == expected_sessions(events, HALF_HOUR)


@settings(max_examples=150, deadline=None)
@given(histories(gaps=[*GAPS, LONG, LONG + MICROSECOND], most=20))
def test_the_same_with_activity_over_many_days(events: list[LiveEvent]) -> None:
    assert sessions_after(events, LONG) == expected_sessions(events, LONG)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000))
def test_days_of_clicks_without_rest_are_cut_at_the_third_midnight_and_after(seed: int) -> None:
    events = [live_event(number, START + number * HALF_HOUR) for number in range(4 * 48)]
    random.Random(seed).shuffle(events)
    sessions = sessions_after(events, HALF_HOUR)
    assert sessions == expected_sessions(events, HALF_HOUR)
    assert [session["start_reason"] for session in sessions] == ["first_event", *["max_duration"] * 3]


def test_a_gap_of_exactly_the_timeout_stays_in_the_session() -> None:
    for gap, count in ((HALF_HOUR, 1), (HALF_HOUR + MICROSECOND, 2)):
        for start in (START, START.replace(hour=23, minute=45)):  # also over midnight
            events = [live_event(0, start), live_event(1, start + gap)]
            assert len(sessions_after(events, HALF_HOUR)) == len(sessions_after(events[::-1], HALF_HOUR)) == count


def test_a_late_event_joins_two_sessions_into_one() -> None:
    events = [live_event(number, START + minutes * timedelta(minutes=1)) for number, minutes in enumerate([0, 60, 30])]
    assert len(sessions_after(events[:2], HALF_HOUR)) == 2
    (session,) = sessions_after(events, HALF_HOUR)
    assert session["events"] == 3
