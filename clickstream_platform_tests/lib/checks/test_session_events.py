"""Every event of people who allow analytics is in one session; the check says on which day one is lost."""

from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream_platform.lake import Lake
from clickstream_platform.lib.checks import evaluate, session_events
from clickstream_platform.schemas import TABLES
from clickstream_platform.transforms import sessions
from clickstream_platform_tests.lib.checks.shop import DAYS, MONDAY, TUESDAY, WEDNESDAY, failed, noon, rewrite, rows
from clickstream_platform_tests.transforms.rows import clean_events, event

CHECK = "events_accounted_for"
HALF_HOUR = timedelta(minutes=30)


def over_midnight(lake: Lake) -> None:
    """Ada shops from Monday into Tuesday and again at noon, while Bob allows no analytics and a crawler comes by."""
    midnight = noon(TUESDAY) - timedelta(hours=12)
    seen = [("ada", midnight - HALF_HOUR / 3), ("ada", midnight + HALF_HOUR / 3), ("ada", noon(TUESDAY))]
    people = [_event(who, when) for who, when in seen]
    others = [
        _event("bob", midnight + HALF_HOUR / 3, analytics_consent=False),
        _event("crawler", noon(TUESDAY), is_bot=True),
    ]
    lake.replace("events_clean", rows("events_clean", people + others).lazy(), DAYS)
    visits = [
        _session("ada", MONDAY, seen[0][1], seen[1][1], 2),
        _session("ada", TUESDAY, seen[2][1], seen[2][1], 1),
    ]
    lake.replace("sessions", rows("sessions", visits).lazy(), DAYS)


def _event(who: str, when: datetime, **fields: Any) -> dict[str, Any]:
    told = {"event_id": f"{who}-{when}", "entity_id": who, "event_time": when, "event_date": when.date()}
    return told | {"event_name": "page_view", "analytics_consent": True} | fields


def _session(who: str, day: date, started: datetime, ended: datetime, events: int) -> dict[str, Any]:
    told = {"session_id": f"{who}@{started}", "entity_id": who, "session_date": day, "start_reason": "first_event"}
    return told | {"started_at": started, "ended_at": ended, "events": events}


def test_a_day_is_told_with_what_lies_across_its_midnights(lake: Lake) -> None:
    over_midnight(lake)
    told = {verdict.day: verdict for verdict in evaluate(lake, "sessions", DAYS) if verdict.info.name == CHECK}
    assert all(verdict.passed for verdict in told.values())
    assert [tuple(told[day].counts.values()) for day in DAYS] == [(1, 0, 0, 1, 2), (3, 1, 1, 0, 1), (0, 0, 0, 0, 0)]
    assert told[TUESDAY].said == (
        "1 events in sessions = 2 events of people who allow analytics - 1 in sessions of the day before + "
        "0 of the next day"
    )


@pytest.mark.parametrize(
    ("day", "change", "lost"),
    [
        (MONDAY, pl.col("events") - 1, 1),
        (TUESDAY, pl.col("events") + 2, -2),
    ],
)
def test_a_session_with_other_events_fails_its_day(lake: Lake, day: date, change: pl.Expr, lost: int) -> None:
    over_midnight(lake)
    rewrite(lake, "sessions", lambda frame: frame.with_columns(change.alias("events")), day)
    found = {key: verdict for key, verdict in failed(lake, "sessions", DAYS).items() if key[0] == CHECK}
    assert set(found) == {(CHECK, day)}
    assert found[CHECK, day].said.startswith(f"{abs(lost)} events {'lost' if lost > 0 else 'too many'}: ")


def test_a_lost_session_fails_its_day_and_the_one_that_it_reached_into(lake: Lake) -> None:
    over_midnight(lake)
    rewrite(lake, "sessions", lambda frame: frame.clear(), MONDAY)
    assert {key for key in failed(lake, "sessions", DAYS) if key[0] == CHECK} == {(CHECK, MONDAY), (CHECK, TUESDAY)}


def test_a_session_of_somebody_without_consent_is_one_too_many(lake: Lake) -> None:
    over_midnight(lake)
    bob = rows("sessions", [_session("bob", TUESDAY, noon(TUESDAY), noon(TUESDAY), 1)])
    rewrite(lake, "sessions", lambda frame: pl.concat([frame, bob]), TUESDAY)
    assert failed(lake, "sessions", DAYS)[CHECK, TUESDAY].failed == 1


VISITORS = st.lists(
    st.tuples(
        st.sampled_from("abc"), st.integers(0, 3 * 24 * 60 - 1), st.sampled_from([None, True, False]), st.booleans()
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(visits=VISITORS, at_once=st.integers(1, 4))
def test_it_holds_for_the_sessions_of_any_events(
    tmp_path_factory: pytest.TempPathFactory, visits: list[tuple[str, int, bool | None, bool]], at_once: int
) -> None:
    """Whoever comes whenever, with any mixture of consent and crawlers, over any three days."""
    start = noon(MONDAY) - timedelta(hours=12)
    events = clean_events(
        *(
            event(start + timedelta(minutes=minute), entity=who, event_id=str(n), analytics_consent=consent, is_bot=bot)
            for n, (who, minute, consent, bot) in enumerate(visits)
        )
    )
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    lake.replace("events_clean", events.to_native().select(TABLES["events_clean"].polars_schema().names()), DAYS)
    made = sessions(events, first_day=MONDAY, last_day=WEDNESDAY, timeout=HALF_HOUR)
    lake.replace("sessions", made.to_native(), DAYS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session_events, "DAYS_AT_ONCE", at_once)
        told = list(session_events.check_session_events(lake, DAYS))
    assert [verdict.day for verdict in told if not verdict.passed] == []
    analysed = sum(consent is not False and not bot for _, _, consent, bot in visits)
    assert sum(int(verdict.counts["events in sessions"]) for verdict in told) == analysed
