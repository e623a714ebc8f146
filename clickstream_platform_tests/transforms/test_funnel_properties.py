"""Funnels against a reference that follows each attempt by itself, and what must hold of any."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import narwhals as nw
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from clickstream_platform.contract.funnels import Funnel
from clickstream_platform.transforms import funnel_steps, sessions
from clickstream_platform_tests.transforms.conftest import FIRST_DAY, Shop
from clickstream_platform_tests.transforms.funnels import FIRST, LAST, few, funnel_of, reached, steps_of
from clickstream_platform_tests.transforms.rows import HALF_HOUR, at, clean_events, event, found


@st.composite
def journeys(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Events of a few entities around the timeout and around midnight, several at one moment among them."""
    pauses = (0, 0, 1, 60, 1_799, 1_800, 1_801, 7_200, 50_000)
    rows: list[dict[str, Any]] = []
    for entity in draw(st.lists(st.sampled_from(["ann", "bob"]), min_size=1, max_size=2, unique=True)):
        when = at(draw(st.sampled_from(["00:00", "09:00", "23:40"])), FIRST)
        for _ in range(draw(st.integers(1, 25))):
            when += timedelta(seconds=draw(st.sampled_from(pauses)))
            name = draw(st.sampled_from(["view_item", "view_item", "add_to_cart", "begin_checkout", "page_view"]))
            fields = {"device_type": draw(st.sampled_from(["desktop", "mobile"])), "event_id": f"e{len(rows)}"}
            rows.append(event(when, name, entity, **fields))
    return rows


def attempts_by_hand(funnel: Funnel, rows: Sequence[dict[str, Any]]) -> Iterator[tuple[date, list[datetime]]]:
    """Each attempt's day, and when it reached the steps that it did."""
    events = clean_events(*rows)
    spans = found(sessions(events, first_day=FIRST, last_day=LAST, timeout=HALF_HOUR))
    ordered = sorted(rows, key=lambda row: row["event_time"])
    groups: dict[Any, tuple[date, datetime, str]] = {}
    for row in ordered:
        if row["event_name"] != funnel.steps[0].event:
            continue
        when, entity = row["event_time"], row["entity_id"]
        homes = [s for s in spans if s["entity_id"] == entity and s["started_at"] <= when <= s["ended_at"]]
        if not homes:  # of a day after those that are asked for
            continue
        (home,) = homes
        if funnel.days is None:
            groups.setdefault(home["session_id"], (home["session_date"], home["ended_at"], entity))
        else:
            groups.setdefault((entity, when.date()), (when.date(), when + timedelta(days=funnel.days), entity))
    for key, (day, end, entity) in groups.items():
        start = min(
            row["event_time"]
            for row in ordered
            if row["entity_id"] == entity
            and row["event_name"] == funnel.steps[0].event
            and (
                row["event_time"].date() == day
                if funnel.days is not None
                else any(
                    s["session_id"] == key and s["started_at"] <= row["event_time"] <= s["ended_at"] for s in spans
                )
            )
        )
        times = [start]
        for step in funnel.steps[1:]:
            later = [
                row["event_time"]
                for row in ordered
                if row["entity_id"] == entity
                and row["event_name"] == step.event
                and times[-1] < row["event_time"] <= end
            ]
            if not later:
                break
            times.append(min(later))
        yield day, times


FUNNELS = st.sampled_from(
    [
        funnel_of(*steps, days=days)
        for days in (None, 1, 2)
        for steps in (
            ("view_item", "add_to_cart"),
            ("view_item", "add_to_cart", "begin_checkout"),
            ("view_item", "view_item", "add_to_cart", "view_item"),
        )
    ]
)


@few
@given(journeys(), FUNNELS)
def test_funnel_is_what_following_each_attempt_gives(rows: list[dict[str, Any]], funnel: Funnel) -> None:
    expected: dict[date, list[int]] = {}
    for day, times in attempts_by_hand(funnel, rows):
        if FIRST <= day <= LAST:
            counts = expected.setdefault(day, [0] * len(funnel.steps))
            for number in range(len(times)):
                counts[number] += 1
    assert reached(funnel, *rows) == expected


@few
@given(journeys(), FUNNELS, st.randoms(use_true_random=False))
def test_order_of_input_changes_nothing_and_segments_and_days_add_up(
    rows: list[dict[str, Any]], funnel: Funnel, random: Any
) -> None:
    funnel = replace(funnel, breakdowns=("device_type",))
    answer = steps_of(funnel, *rows)
    assert steps_of(funnel, *random.sample(rows, len(rows))) == answer

    def summed(table: list[dict[str, Any]], *by: str) -> dict[Any, int]:
        sums: dict[Any, int] = {}
        for row in table:
            key = (row["dimension"] if "dimension" in by else "", row["step"])
            sums[key] = sums.get(key, 0) + row["reached"]
        return sums

    by_dimension = summed(answer, "dimension")
    for step in range(1, len(funnel.steps) + 1):
        assert by_dimension.get(("all", step)) == by_dimension.get(("device_type", step))
    assert summed(steps_of(funnel, *rows, daily=False), "dimension") == by_dimension
    for row in answer:
        assert 0 <= row["reached"] <= row["entered"]
        assert row["dropped"] >= 0


@few
@given(journeys(), FUNNELS)
def test_a_day_is_answered_alike_in_whichever_range_it_is_computed(rows: list[dict[str, Any]], funnel: Funnel) -> None:
    whole = steps_of(funnel, *rows)
    days = [FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1)]
    parts = []
    for day in days:
        events = clean_events(*rows)
        spans = sessions(events, first_day=day - timedelta(days=1), last_day=day, timeout=HALF_HOUR)
        read = events.filter(nw.col("event_date") >= day, nw.col("event_date") <= day + timedelta(days=funnel.reach))
        answer = funnel_steps(read, spans, funnels=[funnel], first_day=day, last_day=day)
        parts += found(answer, "date", "dimension", "segment", "step")
    assert parts == whole


def test_more_days_never_lose_anybody(shop: Shop) -> None:
    frames = [nw.from_native(shop.tables[name].lazy()) for name in ("events_clean", "sessions")]
    last = []
    for days in (1, 2, 3, 4):
        funnel = funnel_of("view_item", "add_to_cart", "purchase", days=days)
        answer = found(funnel_steps(*frames, funnels=[funnel], first_day=FIRST_DAY, last_day=FIRST_DAY), "step")
        last.append([row["reached"] for row in answer])
    assert all(pl.Series(less).le(pl.Series(more)).all() for less, more in pairwise(last))
    assert last[0] != last[-1]
