"""What holds for any events: nothing counts twice, nothing is lost, order and range of reading do not matter."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clickstream_platform.transforms import (
    attributed_checkouts,
    conversion_funnel,
    events_clean,
    events_quarantine,
    sessions,
    traffic_summary,
)
from clickstream_platform_tests.transforms.conftest import Shop
from clickstream_platform_tests.transforms.rows import DAY, HALF_HOUR, at, bronze_events, event, found

FIRST, LAST = DAY - timedelta(days=2), DAY + timedelta(days=3)
WINDOW = timedelta(hours=1)
STEPS = ("view_item", "add_to_cart", "begin_checkout", "purchase")
few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def journeys(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Events of a few entities whose pauses lie around the timeout, some over midnight, some for days on end."""
    pause = st.sampled_from(
        [
            *(timedelta(0), timedelta(microseconds=1), timedelta(minutes=1), timedelta(minutes=29)),
            *(HALF_HOUR, HALF_HOUR + timedelta(microseconds=1), timedelta(hours=5), timedelta(hours=26)),
        ]
    )
    rows: list[dict[str, Any]] = []
    for entity in draw(st.lists(st.sampled_from(["ann", "bob", "cyd"]), min_size=1, max_size=3, unique=True)):
        when = at(draw(st.sampled_from(["00:00", "09:00", "23:40", "23:59:59.999999"])), FIRST)
        for _ in range(draw(st.integers(1, 25))):
            when += draw(pause)
            if when.date() > LAST:
                break
            rows.append(_event(draw, when, entity, len(rows)))
        if draw(st.booleans()):
            every = timedelta(minutes=draw(st.integers(20, 30)))
            start, count = at("12:00", FIRST + timedelta(days=1)), draw(st.integers(1, 130))
            rows += [_event(draw, start + step * every, entity, len(rows) + step) for step in range(count)]
    return rows


def _event(draw: st.DrawFn, when: Any, entity: str, number: int) -> dict[str, Any]:
    name = draw(st.sampled_from(["page_view", "page_view", *STEPS, "refund", "click"]))
    touch = draw(st.booleans())
    worth = {"value": draw(st.sampled_from([None, Decimal("0.01"), Decimal("19.99")]))} if name in STEPS[3:] else {}
    origin = draw(st.sampled_from(["google", "news", "social"])) if touch else "(direct)"
    return event(
        when,
        name,
        entity,
        event_id=f"e{number}",
        source_line=number,
        is_bot=entity == "cyd",
        is_touch=touch,
        has_source=touch,
        source=origin,
        received_at=draw(st.sampled_from([None, when, when - timedelta(hours=25)])),
        **worth,
    )


@st.composite
def with_duplicates(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Journeys of which some events arrived again: the same, or with other content, or in another file."""
    rows = draw(journeys())
    for row in draw(st.lists(st.sampled_from(rows), max_size=6)):
        other = draw(st.sampled_from([{}, {"record_hash": 2, "page_path": "/again"}, {"source_id": "file-2"}]))
        rows.append({**row, "source_line": len(rows) + 2, **other})
    return rows


def clean(rows: list[dict[str, Any]]) -> Any:
    return events_clean(bronze_events(*rows), currency="USD")


def sessions_from(events: Any, first: date = FIRST, last: date = LAST) -> list[dict[str, Any]]:
    return found(sessions(events, first_day=first, last_day=last, timeout=HALF_HOUR), "session_id")


@few
@given(with_duplicates())
def test_every_bronze_row_is_clean_or_quarantined_or_a_duplicate(rows: list[dict[str, Any]]) -> None:
    good = found(clean(rows))
    bad = found(events_quarantine(bronze_events(*rows), currency="USD"))
    kept = [(row["event_id"], row["event_date"]) for row in good + bad]
    assert len(set(kept)) == len(kept)
    assert set(kept) == {(row["event_id"], row["event_date"]) for row in rows}


@few
@given(with_duplicates(), st.randoms(use_true_random=False))
def test_order_of_input_changes_nothing(rows: list[dict[str, Any]], random: Any) -> None:
    shuffled = random.sample(rows, len(rows))
    one, two = clean(rows), clean(shuffled)
    assert found(one, "event_date", "event_id") == found(two, "event_date", "event_id")
    assert sessions_from(one) == sessions_from(two)
    attributed = [attributed_checkouts(e, first_day=FIRST, last_day=LAST, window=WINDOW) for e in (one, two)]
    assert found(attributed[0], "date", "checkout_id") == found(attributed[1], "date", "checkout_id")


@few
@given(with_duplicates(), st.integers(1, 3))
def test_deduplication_is_idempotent(rows: list[dict[str, Any]], times: int) -> None:
    again = [{**row, "source_id": f"copy-{copy}"} for copy in range(times) for row in rows]
    assert found(clean(rows), "event_date", "event_id") == found(clean(rows + again), "event_date", "event_id")


@few
@given(journeys())
def test_every_event_of_people_belongs_to_exactly_one_session(rows: list[dict[str, Any]]) -> None:
    events = clean(rows)
    answer = sessions_from(events)
    for row in found(events):
        homes = [
            s
            for s in answer
            if s["entity_id"] == row["entity_id"] and s["started_at"] <= row["event_time"] <= s["ended_at"]
        ]
        assert len(homes) == (0 if row["is_bot"] else 1)
    assert sum(s["events"] for s in answer) == sum(not row["is_bot"] for row in found(events))
    assert len({s["session_id"] for s in answer}) == len(answer)


@few
@given(journeys())
def test_pauses_within_sessions_are_short_and_between_them_long(rows: list[dict[str, Any]]) -> None:
    events = clean(rows)
    times: dict[str, list[Any]] = {}
    for row in found(events, "event_time"):
        if not row["is_bot"]:
            times.setdefault(row["entity_id"], []).append(row["event_time"])
    starts = {(s["entity_id"], s["started_at"]): s["start_reason"] for s in sessions_from(events)}
    for entity, moments in times.items():
        assert starts[entity, moments[0]] == "first_event"
        for before, now in pairwise(moments):
            reason = starts.get((entity, now)) if now > before else None
            if now - before > HALF_HOUR:
                assert reason in {"timeout", "first_event"}
                assert (reason == "timeout") == (now.date() - before.date() <= timedelta(days=1))
            else:
                assert reason in {None, "max_duration"}


@few
@given(journeys())
def test_sessions_cover_two_days_at_most_and_are_cut_at_the_first_event_of_a_day(rows: list[dict[str, Any]]) -> None:
    events = clean(rows)
    for session in sessions_from(events):
        assert session["session_date"] == session["started_at"].date()
        assert session["ended_at"].date() - session["session_date"] <= timedelta(days=1)
        if session["start_reason"] == "max_duration":
            same_day = [
                row["event_time"]
                for row in found(events)
                if row["entity_id"] == session["entity_id"] and row["event_date"] == session["session_date"]
            ]
            assert session["started_at"] == min(same_day)


@settings(few, max_examples=10)
@given(journeys())
def test_a_day_is_answered_alike_in_whichever_range_it_is_computed(rows: list[dict[str, Any]]) -> None:
    events = found(clean(rows))
    days = [FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1)]

    def read(first: date, last: date, before: int, after: int) -> Any:
        """Silver as the lake hands it over: of the days around the range, and no others."""
        wanted = {event["event_id"] for event in events if -before <= (event["event_date"] - first).days}
        wanted &= {event["event_id"] for event in events if (event["event_date"] - last).days <= after}
        return clean([row for row in rows if row["event_id"] in wanted])

    for table, reach, arguments, key in (
        (sessions, (2, 1), {"timeout": HALF_HOUR}, "session_id"),
        (attributed_checkouts, (1, 0), {"window": WINDOW}, "checkout_id"),
    ):
        whole = found(table(clean(rows), first_day=FIRST, last_day=LAST, **arguments), key)
        for length in (1, 2):
            parts = [
                row
                for start in range(0, len(days), length)
                for first, last in [(days[start], days[min(start + length, len(days)) - 1])]
                for row in found(table(read(first, last, *reach), first_day=first, last_day=last, **arguments))
            ]
            assert sorted(parts, key=lambda row: row[key]) == whole


@few
@given(journeys())
def test_funnel_counts_never_rise_and_account_for_every_session(rows: list[dict[str, Any]]) -> None:
    answer = sessions(clean(rows), first_day=FIRST, last_day=LAST, timeout=HALF_HOUR)
    for session in found(answer):
        reached = [session[f"{step}_at"] for step in STEPS]
        assert all(later is None or (before and before < later) for before, later in pairwise(reached))
    cells = found(conversion_funnel(answer))
    for cell in cells:
        counts = [cell["sessions"], *(cell[step] for step in STEPS)]
        assert counts == sorted(counts, reverse=True)
        assert sum(cell[f"{step}_dropoff"] for step in STEPS) == counts[0] - counts[-1]
        assert all(rate is None or 0 <= rate <= 1 for rate in (cell[f"{step}_rate"] for step in STEPS))
    assert sum(cell["sessions"] for cell in cells) == len(found(answer))


@few
@given(journeys())
def test_each_checkout_is_credited_to_one_click_at_most_and_none_is_lost(rows: list[dict[str, Any]]) -> None:
    events = found(clean(rows), "event_time", "event_id")
    people = [row for row in events if not row["is_bot"]]
    answer = {
        row["checkout_id"]: row
        for row in found(attributed_checkouts(clean(rows), first_day=FIRST, last_day=LAST, window=WINDOW))
    }
    assert set(answer) == {row["event_id"] for row in people if row["event_name"] == "purchase"}
    for row in answer.values():
        clicks = [
            event["event_id"]
            for event in people
            if event["is_touch"]
            and event["entity_id"] == row["entity_id"]
            and row["checkout_time"] - WINDOW <= event["event_time"] < row["checkout_time"]
        ]
        assert row["click_id"] == (clicks[0] if clicks else None)
        assert row["is_attributed"] == bool(clicks)


@few
@given(journeys())
def test_sessions_and_traffic_share_out_the_same_events_and_money(rows: list[dict[str, Any]]) -> None:
    events = clean(rows)
    people = [row for row in found(events) if not row["is_bot"]]
    windows, answer = found(traffic_summary(events)), sessions_from(events)
    for rows_of_table in (windows, answer):
        assert sum(row["events"] for row in rows_of_table) == len(people)
        assert sum(row["revenue"] for row in rows_of_table) == sum(row["revenue"] for row in people)
    kinds = Counter(row["event_name"] for row in people)
    assert sum(row["page_views"] for row in answer) == kinds["page_view"]
    assert sum(row["purchases"] for row in answer) == kinds["purchase"]


def test_bronze_is_clean_and_quarantine_and_duplicates_in_a_simulated_shop(shop: Shop) -> None:
    tables = shop.tables
    bronze = tables["events"]
    duplicates = bronze.height - bronze.select("event_date", "event_id").n_unique()
    assert duplicates > 0
    assert tables["events_clean"].height + tables["events_quarantine"].height + duplicates == bronze.height
    orders = tables["orders"]
    superseded = orders.height - orders.select("order_date", "order_id", "product_id").n_unique()
    assert superseded > 0
    assert tables["orders_validated"].height + tables["orders_quarantine"].height + superseded == orders.height
