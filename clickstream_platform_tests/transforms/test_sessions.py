"""sessions."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from clickstream_platform.transforms import sessions
from clickstream_platform_tests.transforms.rows import DAY, HALF_HOUR, at, clean_events, event, sessions_of

NEXT = DAY + timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)


def test_gap_of_exactly_the_timeout_stays_in_the_session() -> None:
    (session,) = sessions_of(event(at("09:10")), event(at("09:10") + HALF_HOUR))
    assert session["duration_seconds"] == 1800.0


def test_longer_gap_starts_a_new_session() -> None:
    first, second = sessions_of(event(at("09:10")), event(at("09:10") + HALF_HOUR + MICROSECOND))
    assert (first["start_reason"], second["start_reason"]) == ("first_event", "timeout")


def test_gaps_add_up_without_ending_the_session() -> None:
    (session,) = sessions_of(*(event(at("09:10") + step * timedelta(minutes=29)) for step in range(20)))
    assert session["events"] == 20


def test_events_of_one_stretch_of_the_clock_may_still_be_two_sessions_with_a_timeout_that_is_no_part_of_a_day() -> None:
    events = clean_events(*(event(at(clock)) for clock in ("23:50", "23:59:59")), event(at("00:24:59", NEXT)))
    timeout = timedelta(minutes=25)
    answer = sessions(events, first_day=DAY, last_day=DAY, timeout=timeout).to_native().collect()
    assert answer["events"].to_list() == [3]
    shorter = sessions(events, first_day=DAY, last_day=DAY, timeout=timeout - timedelta(seconds=1))
    assert shorter.to_native().collect()["events"].to_list() == [2]


def test_session_is_whole_across_midnight() -> None:
    rows = [event(at("23:50")), event(at("00:05", NEXT), "purchase", value=Decimal(3)), event(at("00:20", NEXT))]
    (session,) = sessions_of(*rows)
    assert session["session_date"] == DAY
    assert session["events"] == 3
    assert session["revenue"] == 3
    assert sessions_of(*rows, first=NEXT, last=NEXT) == []


def test_activity_that_never_rests_is_cut_at_its_third_midnight() -> None:
    rows = [event(at("12:00") + step * timedelta(minutes=20)) for step in range(3 * 60)]
    days = [DAY + timedelta(days=day) for day in range(3)]
    whole = sessions_of(*rows, first=DAY, last=days[-1])
    assert [(s["session_date"], s["start_reason"], s["events"]) for s in whole] == [
        (days[0], "first_event", 108),
        (days[2], "max_duration", 72),
    ]
    assert [s for day in days for s in sessions_of(*rows, first=day, last=day)] == whole


def test_start_reason_looks_back_to_the_day_before_only() -> None:
    old = event(at("23:00", DAY - timedelta(days=2)))
    yesterday = event(at("00:00", DAY - timedelta(days=1)))
    assert sessions_of(old, event(at("09:00")))[0]["start_reason"] == "first_event"
    assert sessions_of(yesterday, event(at("09:00")))[0]["start_reason"] == "timeout"


def test_bots_are_no_sessions() -> None:
    assert sessions_of(event(at("09:00"), is_bot=True)) == []


def test_entities_do_not_share_sessions() -> None:
    assert len(sessions_of(event(at("09:00"), entity="ann"), event(at("09:01"), entity="bob"))) == 2


def test_origin_is_that_of_the_first_event_that_has_one() -> None:
    advert = {"has_source": True, "channel": "Paid Search", "source": "google", "medium": "cpc", "campaign": "spring"}
    letter = {"has_source": True, "channel": "Email", "source": "news", "medium": "email", "campaign": None}
    (session,) = sessions_of(event(at("09:00")), event(at("09:01"), **advert), event(at("09:02"), **letter))
    assert [session[name] for name in ("channel", "source", "medium", "campaign")] == [
        "Paid Search",
        "google",
        "cpc",
        "spring",
    ]


def test_origins_of_one_moment_are_not_mixed() -> None:
    one = {"has_source": True, "channel": "Paid Search", "source": "google", "medium": "cpc", "campaign": "z"}
    two = {"has_source": True, "channel": "Email", "source": "news", "medium": "email", "campaign": "a"}
    rows = [event(at("09:00"), event_id="1", **one), event(at("09:00"), event_id="2", **two)]
    for given in (rows, rows[::-1]):
        (session,) = sessions_of(*given)
        assert (session["channel"], session["source"], session["campaign"]) == ("Paid Search", "google", "z")


def test_session_without_any_origin_is_direct() -> None:
    (session,) = sessions_of(event(at("09:00"), channel="Unassigned", source="x"))
    assert [session[name] for name in ("channel", "source", "medium", "campaign")] == [
        "Direct",
        "(direct)",
        "(none)",
        None,
    ]


def test_first_event_tells_page_device_country_and_user() -> None:
    (session,) = sessions_of(
        event(at("09:01"), page_path="/b", device_type="tablet", country="FR", user_id="ann"),
        event(at("09:00"), page_path="/z", device_type="mobile", country="DE"),
    )
    assert [session[name] for name in ("landing_page", "device_type", "country", "user_id")] == [
        "/z",
        "mobile",
        "DE",
        None,
    ]


def test_control_characters_do_not_move_a_value_into_another_column() -> None:
    (session,) = sessions_of(event(at("09:00"), event_id="a\x1fb", page_path="/x\x1fy", device_type="tv", country="FR"))
    assert (session["landing_page"], session["device_type"], session["country"]) == ("/xy", "tv", "FR")


def test_funnel_steps_count_only_in_order() -> None:
    (session,) = sessions_of(
        event(at("09:00"), "purchase", value=Decimal(1)),
        event(at("09:01"), "add_to_cart"),
        event(at("09:02"), "view_item"),
        event(at("09:03"), "begin_checkout"),
        event(at("09:04"), "add_to_cart"),
        event(at("09:05"), "begin_checkout"),
        event(at("09:06"), "view_item"),
    )
    assert session["view_item_at"] == at("09:02")
    assert session["add_to_cart_at"] == at("09:04")
    assert session["begin_checkout_at"] == at("09:05")
    assert session["purchase_at"] is None
    assert session["purchases"] == 1


def test_a_step_at_the_same_moment_as_the_one_before_does_not_count() -> None:
    (session,) = sessions_of(event(at("09:00"), "view_item"), event(at("09:00"), "add_to_cart"))
    assert session["add_to_cart_at"] is None


def test_a_step_of_the_next_session_does_not_count() -> None:
    first, second = sessions_of(event(at("09:00"), "view_item"), event(at("10:00"), "add_to_cart"))
    assert first["add_to_cart_at"] is None
    assert second["add_to_cart_at"] is None


def test_steps_count_on_both_sides_of_midnight() -> None:
    (session,) = sessions_of(event(at("23:55"), "view_item"), event(at("00:05", NEXT), "add_to_cart"))
    assert session["add_to_cart_at"] == at("00:05", NEXT)


def test_session_id_is_the_entity_and_the_start_to_the_microsecond() -> None:
    (session,) = sessions_of(event(at("09:05:07.000042")))
    assert session["session_id"] == "ann@20240302T090507000042"


def test_revenue_is_net_of_refunds() -> None:
    (session,) = sessions_of(
        event(at("09:00"), "purchase", value=Decimal("10.10")), event(at("09:01"), "refund", value=Decimal("0.20"))
    )
    assert session["revenue"] == Decimal("9.90")
    assert session["page_views"] == 0


@pytest.mark.parametrize("timeout", [timedelta(milliseconds=999), timedelta(days=1, microseconds=1)])
def test_timeout_out_of_range_is_refused(timeout: timedelta) -> None:
    with pytest.raises(ValueError, match="timeout"):
        sessions(clean_events(), first_day=DAY, last_day=DAY, timeout=timeout)


def test_leap_day_and_new_year_are_days_like_others() -> None:
    for eve in (date(2024, 2, 28), date(2024, 2, 29), date(2023, 12, 31)):
        after = eve + timedelta(days=1)
        (session,) = sessions_of(event(at("23:59:59", eve)), event(at("00:00:01.500000", after)), first=eve, last=eve)
        assert session["duration_seconds"] == 2.5
