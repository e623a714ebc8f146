"""Touches and paths: which touches are there, where paths begin and end, and that no later day changes one."""

from datetime import timedelta
from decimal import Decimal

import duckdb
import narwhals as nw
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from clickstream_platform.schemas import TABLES
from clickstream_platform.transforms import _paths_by_polars, conversion_paths, path_counts, sessions, touchpoints
from clickstream_platform_tests.transforms.paths import click, paths_of, purchase, scan
from clickstream_platform_tests.transforms.rows import DAY, HALF_HOUR, at, clean_events, event, found

YESTERDAY, TOMORROW = DAY - timedelta(days=1), DAY + timedelta(days=1)
NO_ADS = {"ads_consent": False, "analytics_consent": True}
NO_ANALYTICS = {"ads_consent": True, "analytics_consent": False}


def touches_of(*rows: dict[str, object]) -> list[dict[str, object]]:
    events = clean_events(*rows)
    visits = sessions(events, first_day=DAY, last_day=DAY, timeout=HALF_HOUR)
    return found(touchpoints(events, visits), "touched_at", "touch_id")


def ends(frame: pl.DataFrame) -> list[tuple[str, str, int]]:
    return frame.select("outcome", "path", "touch_count").rows()


def test_events_with_a_source_and_direct_visits_are_touches() -> None:
    rows = touches_of(
        click(at("09:00"), "Email"),
        event(at("09:10"), "view_item"),
        event(at("12:00"), "page_view"),
        event(at("12:05"), "page_view"),
        click(at("13:00"), "Organic Search", campaign=None),
    )
    assert [(row["touch_type"], row["channel"], row["campaign"], row["is_direct"]) for row in rows] == [
        ("source", "Email", "email-sale", False),
        ("session_start", "Direct", "(not set)", True),
        ("source", "Organic Search", "(not set)", False),
    ]
    assert rows[1]["touched_at"] == at("12:00")


def test_a_visit_with_a_later_source_is_no_direct_touch() -> None:
    rows = touches_of(event(at("09:00")), click(at("09:05"), "Email"))
    assert [row["touch_type"] for row in rows] == ["source"]


@pytest.mark.parametrize("refused", [NO_ADS, NO_ANALYTICS])
def test_without_consent_there_is_no_touch(refused: dict[str, bool]) -> None:
    assert touches_of(click(at("09:00"), **refused), event(at("12:00"), **refused)) == []


def test_a_direct_visit_is_withheld_where_one_event_of_its_first_moment_is() -> None:
    assert touches_of(event(at("09:00")), event(at("09:00"), "search", **NO_ADS), event(at("09:01"))) == []


def test_bots_have_no_touches() -> None:
    assert touches_of(click(at("09:00"), is_bot=True)) == []


def test_a_path_ends_with_the_conversion_and_a_new_one_begins() -> None:
    frame = paths_of(
        click(at("09:00"), "Email"),
        click(at("10:00"), "Display"),
        purchase(at("11:00")),
        click(at("12:00"), "Affiliates"),
        purchase(at("13:00"), "7.50"),
    )
    assert ends(frame) == [("conversion", "Email > Display", 2), ("conversion", "Affiliates", 1)]
    assert frame["revenue"].to_list() == [Decimal("10.00"), Decimal("7.50")]
    assert frame["touches"][0].to_list() == [
        {"position": 1, "touched_at": at("09:00"), "channel": "Email", "campaign": "email-sale"},
        {"position": 2, "touched_at": at("10:00"), "channel": "Display", "campaign": "display-sale"},
    ]


def test_touches_after_the_last_conversion_of_the_day_are_an_open_path() -> None:
    frame = paths_of(click(at("09:00"), "Email"), purchase(at("10:00")), click(at("11:00"), "Display"))
    assert ends(frame) == [("conversion", "Email", 1), ("open", "Display", 1)]
    assert frame["touches"][1] is None


def test_an_open_path_is_kept_on_each_day_that_adds_to_it() -> None:
    frame = paths_of(click(at("09:00", YESTERDAY), "Email"), click(at("09:00"), "Display"), first=YESTERDAY)
    assert frame.select("date", "path").rows() == [(YESTERDAY, "Email"), (DAY, "Email > Display")]


def test_a_purchase_that_tells_a_source_is_credited_to_it() -> None:
    own = purchase(at("09:00"), channel="Email", has_source=True, campaign="spring")
    assert ends(paths_of(own, click(at("09:30"), "Display"))) == [
        ("conversion", "Email", 1),
        ("open", "Display", 1),
    ]


def test_a_conversion_without_touches_is_kept() -> None:
    frame = paths_of(purchase(at("09:00")))
    assert ends(frame) == [("conversion", "(none)", 0)]
    assert frame["touches"][0] is None and frame["first_touch_at"][0] is None


@pytest.mark.parametrize("refused", [NO_ADS, NO_ANALYTICS])
def test_a_purchase_without_consent_has_no_touches_but_ends_the_path(refused: dict[str, bool]) -> None:
    frame = paths_of(click(at("09:00"), "Email"), purchase(at("10:00"), **refused), purchase(at("11:00")))
    assert ends(frame) == [("conversion", "(none)", 0), ("conversion", "(none)", 0)]


def test_of_two_purchases_at_one_moment_the_lower_id_has_the_touches() -> None:
    both = [purchase(at("10:00"), event_id=name) for name in ("b", "a")]
    frame = paths_of(click(at("09:00"), "Email"), *both)
    assert frame.select("path_id", "path").rows() == [("a", "Email"), ("b", "(none)")]
    lower_refuses = [purchase(at("10:00"), event_id="a", **NO_ADS), purchase(at("10:00"), event_id="b")]
    frame = paths_of(click(at("09:00"), "Email"), *lower_refuses)
    assert frame.select("path_id", "path").rows() == [("a", "(none)"), ("b", "Email")]


def test_the_look_back_reaches_to_the_microsecond() -> None:
    end, tick = at("10:00"), timedelta(microseconds=1)
    early = [click(end - timedelta(days=2) - tick, "Display"), click(end - timedelta(days=2), "Email")]
    assert ends(paths_of(*early, purchase(end), lookback=timedelta(days=2))) == [("conversion", "Email", 1)]


def test_touches_of_others_are_not_in_the_path() -> None:
    assert ends(paths_of(click(at("09:00"), "Email", "bob"), purchase(at("10:00")))) == [
        ("open", "Email", 1),
        ("conversion", "(none)", 0),
    ]


def test_checkouts_can_be_the_conversion() -> None:
    frame = paths_of(
        click(at("09:00"), "Email"),
        event(at("09:30"), "begin_checkout"),
        purchase(at("10:00")),
        conversion_event="begin_checkout",
    )
    assert frame.select("outcome", "path", "revenue").rows() == [("conversion", "Email", Decimal("0.00"))]


def test_touches_at_one_moment_are_ordered_by_channel_and_campaign() -> None:
    same = [
        click(at("09:00"), "Email", campaign="b", event_id="1"),
        click(at("09:00"), "Display", event_id="2"),
        click(at("09:00"), "Email", campaign="a", event_id="3"),
    ]
    for rows in (same, same[::-1]):
        frame = paths_of(*rows, purchase(at("10:00")))
        assert [(touch["channel"], touch["campaign"]) for touch in frame["touches"][0]] == [
            ("Display", "display-sale"),
            ("Email", "a"),
            ("Email", "b"),
        ]


def test_no_later_day_changes_a_day_and_any_range_gives_the_same() -> None:
    rows = [
        click(at("09:00", YESTERDAY), "Email"),
        purchase(at("23:59:59.999999", YESTERDAY)),
        click(at("00:00"), "Display"),
        click(at("09:00"), "Email"),
        click(at("10:00", TOMORROW), "Affiliates"),
        purchase(at("11:00", TOMORROW)),
    ]
    together = paths_of(*rows, first=YESTERDAY, last=TOMORROW)
    alone = [
        paths_of(*(row for row in rows if row["event_time"].date() <= day), first=day, last=day)
        for day in (YESTERDAY, DAY, TOMORROW)
    ]
    assert_frame_equal(pl.concat(alone), together)
    assert ends(alone[1]) == [("open", "Display > Email", 2)]


def test_a_path_of_a_thousand_touches() -> None:
    start = at("00:00")
    clicks = [click(start + timedelta(seconds=50 * number), ("Email", "Display")[number % 2]) for number in range(1000)]
    frame = paths_of(*clicks, purchase(at("23:00")))
    assert frame["touch_count"].to_list() == [1000]
    assert [touch["position"] for touch in frame["touches"][0]] == list(range(1, 1001))
    assert frame["path"][0] == " > ".join(["Email", "Display"] * 500)


_TOUCH = ("entity_id", "date", "touched_at", "channel", "campaign")
_EVENT = (
    *("entity_id", "event_date", "event_time", "event_id", "event_name", "order_id", "revenue"),
    *("is_bot", "analytics_consent", "ads_consent"),
)


@st.composite
def days_of_three(draw: st.DrawFn) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Touches and purchases of three entities, many at one moment or a microsecond from it or from a day's end."""
    tick = st.sampled_from([timedelta(0), timedelta(0), timedelta(microseconds=1), timedelta(microseconds=-1)])
    moments = [at("00:00", YESTERDAY) + timedelta(hours=12 * step) for step in range(1, 9)]
    touches, events = [], []
    for number in range(draw(st.integers(0, 30))):
        when, entity = draw(st.sampled_from(moments)) + draw(tick), draw(st.sampled_from(["ann", "bob", "cyd"]))
        if draw(st.integers(0, 3)):
            channel, campaign = draw(st.sampled_from(["Email", "Épicerie", "E", "SMS"])), draw(st.sampled_from("ba"))
            touches.append((entity, when.date(), when, channel, campaign))
        else:
            consent = draw(st.sampled_from([True, True, False]))
            name = (f"{number * 7 % 31:02}", "purchase", f"o{number}", Decimal(number))
            events.append((entity, when.date(), when, *name, False, True, consent))
    return tuple(  # type: ignore[return-value]
        pl.DataFrame(rows, schema={name: TABLES[table].polars_schema()[name] for name in names}, orient="row")
        for table, names, rows in (("touchpoints", _TOUCH, touches), ("events_clean", _EVENT, events))
    )


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(days=days_of_three(), reach=st.integers(1, 4), late=st.integers(0, 3), seed=st.integers(0, 9))
def test_slices_are_what_joins_give_in_any_order(
    days: tuple[pl.DataFrame, pl.DataFrame],
    reach: int,
    late: int,
    seed: int,
    duckdb_session: duckdb.DuckDBPyConnection,
) -> None:
    about = {
        "first_day": YESTERDAY + timedelta(days=late),
        "last_day": DAY + timedelta(days=3),
        "lookback": timedelta(days=reach),
    }
    joined = conversion_paths(*(nw.from_native(duckdb_session.from_arrow(frame.to_arrow())) for frame in days), **about)
    shuffled = (frame.sample(fraction=1.0, shuffle=True, seed=seed) for frame in days)
    sliced = conversion_paths(*(nw.from_native(frame.lazy()) for frame in shuffled), **about)
    found = sliced.to_native().collect().sort("path_id")
    assert_frame_equal(found, joined.to_native().pl().sort("path_id"))


def test_entities_with_one_hash_are_kept_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_paths_by_polars, "_hash", lambda pl: pl.lit(7, dtype=pl.UInt64))
    clicks = [click(at(f"09:0{minute}"), f"{who} {minute}", who) for minute in range(4) for who in ("bob", "ann")]
    frame = paths_of(*clicks, purchase(at("09:02")), purchase(at("10:00"), entity="bob"))
    assert ends(frame) == [
        ("conversion", "ann 0 > ann 1 > ann 2", 3),
        ("open", "ann 3", 1),
        ("conversion", "bob 0 > bob 1 > bob 2 > bob 3", 4),
    ]


def test_an_open_path_counts_until_its_entity_is_seen_again() -> None:
    frame = paths_of(
        click(at("09:00", YESTERDAY), "Email"),
        click(at("09:00"), "Display"),
        purchase(at("09:00", TOMORROW)),
        click(at("10:00", YESTERDAY), "Email", "bob"),
        first=YESTERDAY,
        last=TOMORROW,
    )
    counts = path_counts(scan("conversion_paths", frame), first_day=YESTERDAY, last_day=TOMORROW).to_native().collect()
    assert counts.sort("date", "path", "until").select("path", "outcome", "date", "until", "paths").rows() == [
        ("Email", "open", YESTERDAY, None, 1),
        ("Email", "open", YESTERDAY, DAY, 1),
        ("Email > Display", "open", DAY, TOMORROW, 1),
        ("Email > Display", "conversion", TOMORROW, None, 1),
    ]


def test_an_engine_that_nobody_thought_of_is_refused() -> None:
    import pyarrow as pa

    from clickstream_platform.transforms._paths import with_text

    rows = nw.from_native(pa.table({"entity_id": ["a"]}))
    with pytest.raises(NotImplementedError, match=r"_paths\.py"):
        with_text(rows)  # type: ignore[arg-type]
