"""Funnels by configuration: against plain Python, plain SQL, and the wide table of the default funnel."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import duckdb
import narwhals as nw
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clickstream_platform.contract.funnels import ECOMMERCE, Condition, Funnel, FunnelStep
from clickstream_platform.transforms import conversion_funnel, funnel_steps, sessions
from clickstream_platform_tests.transforms.conftest import FIRST_DAY, LAST_DAY, Shop
from clickstream_platform_tests.transforms.rows import DAY, HALF_HOUR, at, clean_events, event, found, item

FIRST, LAST = DAY, DAY + timedelta(days=2)
few = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))


def funnel_of(*events: str, days: int | None = None, breakdowns: tuple[str, ...] = ()) -> Funnel:
    return Funnel("f", tuple(FunnelStep(name, name) for name in events), days, breakdowns)


def steps_of(
    funnel: Funnel, *rows: dict[str, Any], first: date = FIRST, last: date = LAST, daily: bool = True
) -> list[dict[str, Any]]:
    events = clean_events(*rows)
    spans = sessions(events, first_day=first - timedelta(days=1), last_day=last, timeout=HALF_HOUR)
    answer = funnel_steps(events, spans, funnels=[funnel], first_day=first, last_day=last, daily=daily)
    return found(answer, "date", "dimension", "segment", "step")


def reached(funnel: Funnel, *rows: dict[str, Any]) -> dict[date, list[int]]:
    """Totals by day."""
    counts: dict[date, list[int]] = {}
    for row in steps_of(funnel, *rows):
        if row["dimension"] == "all":
            counts.setdefault(row["date"], []).append(row["reached"])
    return counts


# What an attempt is


def test_step_counts_only_strictly_after_the_step_before() -> None:
    funnel = funnel_of("view_item", "add_to_cart")
    assert reached(funnel, event(at("09:00"), "add_to_cart"), event(at("09:01"), "view_item")) == {DAY: [1, 0]}
    assert reached(funnel, event(at("09:00"), "add_to_cart"), event(at("09:00"), "view_item")) == {DAY: [1, 0]}
    assert reached(funnel, event(at("09:00"), "view_item"), event(at("09:00:00.000001"), "add_to_cart")) == {
        DAY: [1, 1]
    }


def test_one_event_is_never_two_steps() -> None:
    funnel = funnel_of("page_view", "page_view", "page_view")
    assert reached(funnel, *(event(at(f"09:0{n}")) for n in range(2))) == {DAY: [1, 1, 0]}


def test_first_event_of_a_session_can_be_the_first_step() -> None:
    assert reached(funnel_of("view_item", "purchase"), event(at("09:00"), "view_item")) == {DAY: [1, 0]}


def test_within_a_session_each_session_is_an_attempt_and_none_reaches_into_the_next() -> None:
    rows = [event(at("09:00"), "view_item"), event(at("12:00"), "view_item"), event(at("12:10"), "add_to_cart")]
    assert reached(funnel_of("view_item", "add_to_cart"), *rows) == {DAY: [2, 1]}
    assert reached(funnel_of("view_item", "add_to_cart"), rows[0], rows[2]) == {DAY: [1, 0]}


def test_session_over_midnight_counts_on_the_day_it_starts() -> None:
    rows = [event(at("23:50")), event(at("00:05", DAY + timedelta(days=1)), "view_item")]
    assert reached(funnel_of("view_item", "add_to_cart"), *rows) == {DAY: [1, 0]}


def test_within_days_an_entity_makes_one_attempt_a_day_over_all_its_sessions() -> None:
    rows = [event(at(clock), "view_item") for clock in ("09:00", "12:00", "15:00")]
    late = event(at("20:00", DAY + timedelta(days=1)), "purchase", value=Decimal("9.00"))
    assert reached(funnel_of("view_item", "purchase", days=2), *rows, late) == {DAY: [1, 1]}
    assert reached(funnel_of("view_item", "purchase", days=1), *rows, late) == {DAY: [1, 0]}


def test_window_is_so_many_times_24_hours_from_the_first_step_and_its_end_belongs_to_it() -> None:
    begin, funnel = event(at("09:00"), "view_item"), funnel_of("view_item", "add_to_cart", days=1)
    next_day = DAY + timedelta(days=1)
    assert reached(funnel, begin, event(at("09:00", next_day), "add_to_cart")) == {DAY: [1, 1]}
    assert reached(funnel, begin, event(at("09:00:00.000001", next_day), "add_to_cart")) == {DAY: [1, 0]}


def test_attempts_of_several_days_share_what_comes_after_them() -> None:
    rows = [event(at("09:00", DAY + timedelta(days=n)), "view_item") for n in range(2)]
    buy = event(at("10:00", DAY + timedelta(days=1)), "add_to_cart")
    assert reached(funnel_of("view_item", "add_to_cart", days=7), *rows, buy) == {
        DAY: [1, 1],
        DAY + timedelta(days=1): [1, 1],
    }


def test_bots_and_people_who_refuse_analytics_make_no_attempts() -> None:
    rows = [event(at("09:00"), "view_item", "bot", is_bot=True)]
    for days in (None, 7):
        assert reached(funnel_of("view_item", "add_to_cart", days=days), *rows) == {}
    people = [event(at("09:00"), "view_item", name) for name in ("ann", "bob")]
    carts = [event(at("09:05"), "add_to_cart", name) for name in ("ann", "bob")]
    events = clean_events(*people, *carts).with_columns(analytics_consent=nw.col("entity_id") == "ann")
    spans = sessions(events, first_day=DAY - timedelta(days=1), last_day=DAY, timeout=HALF_HOUR)
    for days in (None, 7):
        funnel = funnel_of("view_item", "add_to_cart", days=days)
        rows = found(funnel_steps(events, spans, funnels=[funnel], first_day=DAY, last_day=DAY), "step")
        assert [row["reached"] for row in rows] == [1, 1]


# What a step may ask for


@pytest.mark.parametrize(
    ("condition", "fits", "does_not"),
    [
        (Condition("page_path", ("/a", "/b")), {"page_path": "/b"}, {"page_path": "/b/c"}),
        (Condition("page_path_prefix", ("/b",)), {"page_path": "/b/c"}, {"page_path": "/c/b"}),
        (Condition("page_path_prefix", ("/a", "/b")), {"page_path": "/b"}, {"page_path": None}),
        (Condition("channel", ("Email",)), {"channel": "Email"}, {"channel": "Direct"}),
        (Condition("country", ("DE",)), {"country": "DE"}, {"country": None}),
        (Condition("product_category", ("tea",)), {"items": [item("p", category="tea")]}, {"items": [item("tea")]}),
        (Condition("product_id", ("p",)), {"items": [item("q"), item("p"), item("p")]}, {"items": []}),
        (
            Condition("property", ('"a \\"b\\" .*"',), "q"),
            {"properties": '{"q": "a \\"b\\" .*"}'},
            {"properties": "{}"},
        ),
        (Condition("property", ("5", "true"), "n"), {"properties": '{"m":1,"n":5}'}, {"properties": '{"n":55}'}),
        (Condition("property", ("true",), "n"), {"properties": '{"n" : true ,"o":0}'}, {"properties": '{"n":"true"}'}),
        (Condition("property", (json.dumps("größe"),), "q"), {"properties": '{"q":"größe"}'}, {"properties": None}),
        (Condition("property", ('"größe"',), "q"), {"properties": '{"q":"gr\\u00f6\\u00dfe"}'}, {"properties": "{}"}),
    ],
)
def test_conditions(condition: Condition, fits: dict[str, Any], does_not: dict[str, Any]) -> None:
    step = FunnelStep("add_to_cart", "step", (condition,))
    funnel = Funnel("f", (FunnelStep("view_item", "first"), step))
    for fields, count in ((fits, 1), (does_not, 0)):
        rows = [event(at("09:00"), "view_item"), event(at("09:05"), "add_to_cart", **fields)]
        assert reached(funnel, *rows) == {DAY: [1, count]}


def test_all_conditions_on_goods_hold_for_one_of_them() -> None:
    both = (Condition("product_id", ("p",)), Condition("product_category", ("tea",)))
    funnel = Funnel("f", (FunnelStep("view_item", "first", both), FunnelStep("purchase", "last")))
    mixed = [item("p", category="mugs"), item("q", category="tea")]
    assert reached(funnel, event(at("09:00"), "view_item", items=mixed)) == {}
    assert reached(funnel, event(at("09:00"), "view_item", items=[*mixed, item("p", category="tea")])) == {DAY: [1, 0]}


# Figures


def test_figures_of_a_small_funnel() -> None:
    rows = [
        *(event(at(f"09:0{n}"), "view_item", name) for n, name in enumerate("abcd")),
        *(event(at(f"09:1{n}"), "add_to_cart", name) for n, name in enumerate("abc")),
        event(at("09:20"), "begin_checkout", "a"),
    ]
    answer = steps_of(funnel_of("view_item", "add_to_cart", "begin_checkout"), *rows)
    told = ("reached", "dropped", "conversion_from_first", "conversion_from_previous")
    assert [[row[name] for name in told] for row in answer] == [[4, 0, 1, 1], [3, 1, 0.75, 0.75], [1, 2, 0.25, 1 / 3]]
    waits = ("median_seconds_from_previous", "median_seconds_from_first")
    assert [[row[name] for name in waits] for row in answer] == [[None, None], [600, 600], [600, 1200]]
    assert {row["entered"] for row in answer} == {4}
    assert {row["closes_on"] for row in answer} == {DAY + timedelta(days=1)}


def test_breakdowns_are_those_of_the_first_steps_session_and_add_up() -> None:
    rows = [
        event(at("09:00"), channel="Email", source="mail", has_source=True, is_touch=True, campaign="spring"),
        event(at("09:05"), "view_item"),
        event(at("12:00"), "purchase", value=Decimal("9.00")),
        event(at("09:00"), "view_item", "bob", device_type="mobile"),
    ]
    for days in (None, 1):
        answer = steps_of(funnel_of("view_item", "purchase", days=days, breakdowns=("channel", "campaign")), *rows)
        cells = {(row["dimension"], row["segment"], row["step"]): row["reached"] for row in answer}
        bought = 0 if days is None else 1
        assert cells == {
            ("all", "all", 1): 2,
            ("all", "all", 2): bought,
            ("channel", "Email", 1): 1,
            ("channel", "Email", 2): bought,
            ("channel", "Direct", 1): 1,
            ("channel", "Direct", 2): 0,
            ("campaign", "spring", 1): 1,
            ("campaign", "spring", 2): bought,
            ("campaign", "(not set)", 1): 1,
            ("campaign", "(not set)", 2): 0,
        }


def test_the_default_funnel_says_what_conversion_funnel_says(shop: Shop) -> None:
    names = [step.event for step in ECOMMERCE.steps]
    events = nw.from_native(shop.tables["events_clean"].lazy())
    cells = shop.tables["sessions"].partition_by("channel", "device_type", as_dict=True)
    compared = 0
    for cell in cells.values():
        spans = nw.from_native(cell.lazy())
        steps = funnel_steps(
            events,
            spans,
            funnels=[replace(ECOMMERCE, breakdowns=())],
            first_day=FIRST_DAY,
            last_day=LAST_DAY,
        )
        long = {(row["date"], row["step"]): row for row in found(steps)}
        for wide in found(conversion_funnel(spans)):
            if wide["view_item"] == 0:
                assert (wide["date"], 1) not in long
                continue
            for number, name in enumerate(names, 1):
                row = long[wide["date"], number]
                assert row["reached"] == wide[name]
                if number > 1:
                    assert row["dropped"] == wide[f"{name}_dropoff"]
                    assert row["conversion_from_previous"] == wide[f"{name}_rate"]
                    assert row["median_seconds_from_previous"] == wide[f"median_seconds_to_{name}"]
                compared += 1
    assert compared > 200


def test_days_funnel_with_conditions_is_what_plain_sql_says(shop: Shop) -> None:
    """Each attempt followed through its entity's events, one correlated query a step."""
    category = Condition("product_category", ("tea", "mugs", "blankets", "candles", "garden"))
    prefix = Condition("page_path_prefix", ("/checkout",))
    steps = (
        FunnelStep("view_item", "sees", (category,)),
        FunnelStep("add_to_cart", "takes"),
        FunnelStep("begin_checkout", "pays", (prefix,)),
    )
    funnel = Funnel("f", steps, 2)
    expected = duckdb.sql(f"""
        SET TimeZone = 'UTC';
        WITH e AS (FROM read_parquet('{shop.path("events_clean")}') WHERE NOT is_bot AND analytics_consent),
        one AS (
            SELECT entity_id, event_date, min(event_time) AS t1 FROM e WHERE event_name = 'view_item'
                AND len(list_filter(items, lambda i:
                    i.category IN ('tea', 'mugs', 'blankets', 'candles', 'garden'))) > 0
            GROUP BY ALL
        ),
        two AS (
            SELECT *, (SELECT min(event_time) FROM e WHERE e.entity_id = one.entity_id AND event_name = 'add_to_cart'
                AND event_time > t1 AND event_time <= t1 + INTERVAL 48 HOUR) AS t2 FROM one
        ),
        three AS (
            SELECT *, (SELECT min(event_time) FROM e WHERE e.entity_id = two.entity_id AND event_name = 'begin_checkout'
                AND page_path LIKE '/checkout%' AND event_time > t2 AND event_time <= t1 + INTERVAL 48 HOUR) AS t3
            FROM two
        )
        SELECT event_date, count(t1), count(t2), count(t3), median(epoch_us(t3) - epoch_us(t1)) / 1e6
        FROM three GROUP BY ALL ORDER BY ALL
    """).fetchall()
    frames = (nw.from_native(shop.tables[name].lazy()) for name in ("events_clean", "sessions"))
    answer = found(funnel_steps(*frames, funnels=[funnel], first_day=FIRST_DAY, last_day=LAST_DAY), "date", "step")
    assert [row["reached"] for row in answer] == [count for row in expected for count in row[1:4]]
    waits = [row["median_seconds_from_first"] for row in answer if row["step"] == 3]
    assert waits == pytest.approx([row[4] for row in expected])
    assert sum(row[3] for row in expected) > 10


# Against a reference that follows each attempt by itself


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
