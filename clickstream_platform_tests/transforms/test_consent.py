"""What consent decides: which tables an event reaches, and what is left of it there."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clickstream_platform.transforms import (
    attributed_checkouts,
    events_clean,
    product_performance,
    products_clean,
    sessions,
    traffic_summary,
)
from clickstream_platform_tests.transforms.rows import (
    BRONZE_PRODUCTS,
    DAY,
    HALF_HOUR,
    at,
    bronze_events,
    clean_events,
    event,
    found,
    frame,
    item,
    only,
    sessions_of,
)

HOUR = timedelta(hours=1)
CLICK = {
    "page_url": "https://shop.example/p?gclid=G1&q=tea",
    "click_id": "G1",
    "click_id_type": "gclid",
    "is_touch": True,
    "has_source": True,
    "channel": "Paid Search",
    "source": "google",
    "medium": "cpc",
    "email_hash": "f00",
}
WITHHELD = {"click_id": None, "click_id_type": None, "email_hash": None, "is_touch": False}


def landing(**fields: Any) -> dict[str, Any]:
    """Somebody comes by an advertisement."""
    return event(at("09:00"), **{**CLICK, **fields})


def purchase(**fields: Any) -> dict[str, Any]:
    return event(at("09:10"), "purchase", **{"value": Decimal("20.00"), "order_id": "o", **fields})


@pytest.mark.parametrize(("default", "granted"), [("granted", True), ("denied", False)])
def test_what_an_event_does_not_say_the_default_says(default: str, granted: bool) -> None:
    rows = bronze_events(landing(event_id="1"), landing(event_id="2", analytics_consent=not granted))
    unsaid, said = found(events_clean(rows, currency="USD", consent_default=default), "event_id")
    assert (unsaid["analytics_consent"], unsaid["ads_consent"]) == (granted, granted)
    assert (said["analytics_consent"], said["ads_consent"]) == (not granted, granted)


def test_another_default_is_refused() -> None:
    with pytest.raises(ValueError, match="the consent default is granted or denied, not 'yes'"):
        events_clean(bronze_events(), currency="USD", consent_default="yes")


def test_without_ads_nothing_of_the_advertisement_is_left_but_where_the_visit_came_from() -> None:
    row = only(clean_events(landing(ads_consent=False)))
    assert {name: row[name] for name in WITHHELD} == WITHHELD
    assert row["page_url"] == "https://shop.example/p"
    assert (row["channel"], row["source"], row["medium"], row["has_source"]) == ("Paid Search", "google", "cpc", True)


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ({"page_url": "https://shop.example/?q=tea", "click_id": None}, "https://shop.example/?q=tea"),
        ({"page_url": "https://shop.example/?GCLID=&gclid=G1", "click_id": None}, "https://shop.example/"),
        ({"page_url": "https://shop.example/?g%63lid=G1"}, "https://shop.example/"),
        ({"page_url": "https://shop.example/?x=1\n&fbclid=F", "click_id": None}, "https://shop.example/"),
        ({"page_url": None}, None),
        ({"page_url": None, "click_id": None}, None),
        ({"ads_consent": True}, CLICK["page_url"]),
        ({"ads_consent": None}, CLICK["page_url"]),
    ],
)
def test_a_page_address_keeps_no_click_id_without_ads(fields: dict[str, Any], kept: str | None) -> None:
    assert only(clean_events(landing(**{"ads_consent": False, **fields})))["page_url"] == kept


def test_without_analytics_a_visit_is_no_session_and_its_revenue_counts() -> None:
    visit = [landing(analytics_consent=False), purchase(analytics_consent=False, items=[item("p1", "20.00")])]
    assert sessions_of(*visit) == []
    events = clean_events(*visit)
    products = products_clean(frame([], BRONZE_PRODUCTS))
    assert only(product_performance(events, products))["revenue"] == Decimal("20.00")
    assert sum(row["revenue"] for row in found(traffic_summary(events))) == Decimal("20.00")


def test_a_session_goes_on_without_the_events_that_were_withheld() -> None:
    """Two events of one visit fifty minutes apart are two sessions, where nothing between them may be used."""
    between = event(at("09:25"), analytics_consent=False)
    first, second = sessions_of(event(at("09:00")), between, event(at("09:50")))
    assert (first["events"], second["events"], second["start_reason"]) == (1, 1, "timeout")


@pytest.mark.parametrize(
    ("click", "checkout", "credited"),
    [
        ({}, {}, True),
        ({"ads_consent": True, "analytics_consent": True}, {"ads_consent": True}, True),
        ({"ads_consent": False}, {}, False),
        ({"analytics_consent": False}, {}, False),
        ({}, {"ads_consent": False}, False),
        ({}, {"analytics_consent": False}, False),
    ],
)
def test_a_checkout_is_led_back_to_a_click_where_both_allow_it(
    click: dict[str, bool], checkout: dict[str, bool], credited: bool
) -> None:
    events = clean_events(landing(**click), purchase(**checkout))
    row = only(attributed_checkouts(events, first_day=DAY, last_day=DAY, window=HOUR))
    assert (row["is_attributed"], row["channel"]) == ((True, "Paid Search") if credited else (False, "Direct"))
    assert row["revenue"] == Decimal("20.00")


@st.composite
def mixtures(draw: st.DrawFn) -> list[dict[str, Any]]:
    """What a few people do within a day or two, who may change their minds at any event, and a crawler among them."""
    rows, when = [], at("22:00")
    answers = st.sampled_from([None, True, False])
    for number in range(draw(st.integers(1, 25))):
        when += timedelta(minutes=draw(st.sampled_from([0, 1, 20, 45, 300])))
        name = draw(st.sampled_from(["page_view", "view_item", "purchase", "refund", "click"]))
        money = {"value": Decimal(draw(st.integers(1, 9)))} if name in ("purchase", "refund") else {}
        rows.append(
            event(
                when,
                name,
                draw(st.sampled_from(["ann", "bob", "cyd"])),
                event_id=f"{number:03}",
                is_bot=draw(st.integers(0, 9)) == 0,
                analytics_consent=draw(answers),
                ads_consent=draw(answers),
                items=[item("p1", "2.00")],
                **(CLICK if draw(st.booleans()) else {}),
                **money,
            )
        )
    return rows


LAST = DAY + timedelta(days=6)
few = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@few
@given(rows=mixtures(), default=st.sampled_from(["granted", "denied"]))
def test_whoever_denies_is_in_the_totals_and_in_no_table_about_persons(
    rows: list[dict[str, Any]], default: str
) -> None:
    unsaid = default == "granted"
    events = events_clean(bronze_events(*rows), currency="USD", consent_default=default)
    by_id = {row["event_id"]: row for row in rows}

    def allows(event_id: str, purpose: str) -> bool:
        said = by_id[event_id][f"{purpose}_consent"]
        return unsaid if said is None else said

    analysed = [row for row in rows if not row["is_bot"] and allows(row["event_id"], "analytics")]
    visits = found(sessions(events, first_day=DAY, last_day=LAST, timeout=HALF_HOUR))
    assert sum(visit["events"] for visit in visits) == len(analysed)
    assert {visit["entity_id"] for visit in visits} == {row["entity_id"] for row in analysed}
    for row in found(events):
        touched = by_id[row["event_id"]]["is_touch"] and allows(row["event_id"], "ads")
        assert row["is_touch"] == touched
        assert touched or not (row["click_id"] or row["email_hash"] or "gclid" in (row["page_url"] or ""))
    for row in found(attributed_checkouts(events, first_day=DAY, last_day=LAST, window=HOUR)):
        used = [row["checkout_id"], *([row["click_id"]] if row["is_attributed"] else [])]
        if row["is_attributed"]:
            assert all(allows(one, purpose) for one in used for purpose in ("analytics", "ads"))


@few
@given(rows=mixtures())
def test_the_shops_totals_do_not_depend_on_consent(rows: list[dict[str, Any]]) -> None:
    """Products, traffic and checkouts with their revenue are what they would be had everybody granted everything."""
    granted = [{**row, "analytics_consent": True, "ads_consent": True} for row in rows]
    products = products_clean(frame([], BRONZE_PRODUCTS))
    answers = []
    for each in (rows, granted):
        events = clean_events(*each)
        checkouts = found(attributed_checkouts(events, first_day=DAY, last_day=LAST, window=HOUR), "checkout_id")
        answers.append(
            (
                found(product_performance(events, products), "date", "product_id"),
                found(traffic_summary(events), "window_start", "event_name", "channel", "country"),
                [(row["checkout_id"], row["entity_id"], row["revenue"]) for row in checkouts],
            )
        )
    assert answers[0] == answers[1]
