"""What an attempt at a funnel is: its beginning, its steps and its end."""

from datetime import timedelta
from decimal import Decimal

import narwhals as nw

from clickstream_platform.transforms import funnel_steps, sessions
from clickstream_platform_tests.transforms.funnels import funnel_of, reached
from clickstream_platform_tests.transforms.rows import DAY, HALF_HOUR, at, clean_events, event, found


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
