"""Live events as Hypothesis draws them, and what must come of them by a computation that shares no code with ours."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from clickstream_platform.realtime.live_events import LiveEvent, time_text

START = datetime(2024, 2, 28, 22, 30, tzinfo=UTC)  # a leap day is not far
HALF_HOUR = timedelta(minutes=30)
MICROSECOND = timedelta(microseconds=1)
GAPS = [
    timedelta(),
    timedelta(minutes=4),
    timedelta(minutes=29),
    HALF_HOUR,
    HALF_HOUR + MICROSECOND,
    timedelta(hours=3),
    timedelta(hours=23, minutes=45),
    timedelta(days=2),
]
SOURCES = [
    ("Paid Search", "google", "cpc", "spring"),
    ("Email", "news", "email", None),
]


def live_event(number: int, moment: datetime, **fields: Any) -> LiveEvent:
    """An event of one entity; `number` is its place in the stream."""
    values: dict[str, Any] = {
        "position": f"{number:056d}.000000",
        "arrived_at": 1_800_000_000.0 + number,
        "event_id": f"e{number}",
        "event_name": "page_view",
        "entity_id": "ann",
        "time": time_text(moment),
        "moment": moment,
        "channel": "Direct",
        "source": "(direct)",
        "medium": "(none)",
        "campaign": None,
        "country": "DE",
        "page_path": "/",
        "device_type": "desktop",
        "order_id": None,
        "is_touch": False,
        "has_source": False,
        "is_known_user": False,
        "is_counted": True,
        "is_analysed": True,
        "is_attributed": True,
        "revenue_cents": 0,
        "object": "bronze/events/x.parquet",
        "row": number,
    }
    return LiveEvent(**{**values, **fields})


@st.composite
def histories(draw: st.DrawFn, gaps: Sequence[timedelta] = tuple(GAPS), most: int = 12) -> list[LiveEvent]:
    """What one entity does, in any order of arrival; places in the stream are by arrival.

    The entity may change its mind about analytics and advertising with every event.
    """
    consents = draw(st.dictionaries(st.integers(0, 5), st.tuples(st.booleans(), st.booleans()), max_size=3))
    moment, drawn = START, []
    for gap in draw(st.lists(st.sampled_from(gaps), min_size=1, max_size=most)):
        moment += gap
        drawn.append((moment, *draw(st.tuples(st.sampled_from(["page_view", "click", "purchase"]), st.integers(0, 5)))))
    events = []
    for number, (when, name, choice) in enumerate(draw(st.permutations(drawn))):
        fields: dict[str, Any] = {
            "event_name": name,
            "event_id": f"{choice}-{number}",
            "country": ["DE", "FR"][choice % 2],
        }
        if name == "click":
            channel, source, medium, campaign = SOURCES[choice % 2]
            fields |= {"channel": channel, "source": source, "medium": medium, "campaign": campaign}
            fields |= {"has_source": True, "is_touch": True}
        if name == "purchase":
            fields |= {"revenue_cents": 100 + number, "order_id": f"o{number}"}
        fields |= {"page_path": f"/{number}", "is_known_user": choice == 5}
        if choice in consents:
            analytics, ads = consents[choice]
            fields |= {"is_analysed": analytics, "is_attributed": analytics and ads}
            fields |= {"is_touch": fields.get("is_touch", False) and analytics and ads}
        events.append(live_event(number, when, **fields))
    return events


def expected_sessions(events: Sequence[LiveEvent], timeout: timedelta) -> list[dict[str, Any]]:
    """Sessions by walking over the sorted events once, as the table's description has it."""
    walks: list[tuple[str, list[LiveEvent]]] = []
    before: LiveEvent | None = None
    began = date.min
    for event in sorted(events, key=lambda one: (one.moment, one.event_id[-12:])):
        day = event.moment.date()
        if before is None or event.moment - before.moment > timeout:
            seen_lately = before is not None and day - before.moment.date() <= timedelta(days=1)
            walks.append(("timeout" if seen_lately else "first_event", []))
            began = day
        elif day != before.moment.date() and day - began >= timedelta(days=2):
            walks.append(("max_duration", []))
        walks[-1][1].append(event)
        before = event
    return [_expected_session(reason, walk) for reason, walk in walks]


def _expected_session(reason: str, walk: list[LiveEvent]) -> dict[str, Any]:
    first = walk[0]
    origin = next((event for event in walk if event.has_source), None)
    return {
        "session_id": f"ann@{first.moment:%Y%m%dT%H%M%S%f}",
        "started_at": first.time,
        "ended_at": walk[-1].time,
        "start_reason": reason,
        "events": len(walk),
        "page_views": sum(event.event_name == "page_view" for event in walk),
        "purchases": sum(event.event_name == "purchase" for event in walk),
        "revenue_cents": sum(event.revenue_cents for event in walk),
        "channel": origin.channel if origin else "Direct",
        "source": origin.source if origin else "(direct)",
        "medium": origin.medium if origin else "(none)",
        "campaign": origin.campaign if origin else None,
        "user_id": "ann" if first.is_known_user else None,
        "landing_page": first.page_path,
        "device_type": "desktop",
        "country": first.country,
    }
