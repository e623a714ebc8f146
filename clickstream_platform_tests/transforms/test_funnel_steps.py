"""Figures of funnels: by hand, against the wide table of the default funnel, and against plain SQL."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import duckdb
import narwhals as nw
import pytest

from clickstream_platform.contract.funnels import ECOMMERCE, Condition, Funnel, FunnelStep
from clickstream_platform.transforms import conversion_funnel, funnel_steps
from clickstream_platform_tests.transforms.conftest import FIRST_DAY, LAST_DAY, Shop
from clickstream_platform_tests.transforms.funnels import funnel_of, steps_of
from clickstream_platform_tests.transforms.rows import DAY, at, event, found


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


def test_conversions_are_the_nearest_floats_also_of_a_day_with_one_segment_alone() -> None:
    """3 of 5 is 0.6: not 3 times a fifth, which is a bit more."""
    viewed = [event(at(f"09:0{n}"), "view_item", name) for n, name in enumerate("abcde")]
    taken = [event(at(f"09:1{n}"), "add_to_cart", name) for n, name in enumerate("abc")]
    (_, last) = steps_of(funnel_of("view_item", "add_to_cart"), *viewed, *taken)
    assert (last["conversion_from_first"], last["conversion_from_previous"]) == (0.6, 0.6)


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
