"""entity_activity, experiment_exposures, and the sums that experiment_results is made of."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clickstream_platform.transforms import (
    ExperimentSpan,
    entity_activity,
    experiment_exposures,
    experiment_sums,
)
from clickstream_platform_tests.transforms.rows import DAY, at, clean_events, event, found, only

NEXT = DAY + timedelta(days=1)
SUMMED = ("total", "squares", "before_total", "before_squares", "products")


def shows(
    when: datetime, variant: str = "B", entity: str = "ann", name: str = "page_view", **more: Any
) -> dict[str, Any]:
    return event(when, name, entity, experiments=[{"experiment": "button", "variant": variant}], **more)


def buys(when: datetime, worth: str, entity: str = "ann", **more: Any) -> dict[str, Any]:
    return event(when, "purchase", entity, value=Decimal(worth), **more)


def returns(when: datetime, worth: str, entity: str = "ann") -> dict[str, Any]:
    return event(when, "refund", entity, value=Decimal(worth))


def sums(*rows: dict[str, Any], span: ExperimentSpan | None = None) -> list[dict[str, Any]]:
    events, default = clean_events(*rows), span or ExperimentSpan()
    answer = experiment_sums(experiment_exposures(events), entity_activity(events), spans={}, default=default)
    return found(answer, "experiment", "variant", "day")


def of(rows: list[dict[str, Any]], metric: str) -> tuple[float, ...]:
    """All sums of a metric, over all rows."""
    return tuple(sum(row[f"{metric}_{kind}"] for row in rows) for kind in SUMMED)


def test_activity_of_a_day_is_counted_and_refunds_are_taken_off() -> None:
    rows = [
        event(at("09:00")),
        event(at("09:01"), "view_item"),
        buys(at("09:02"), "20.00"),
        returns(at("23:59"), "30.00"),
    ]
    row = only(entity_activity(clean_events(*rows)))
    assert (row["events"], row["page_views"], row["item_views"], row["carts"]) == (4, 1, 1, 0)
    assert (row["purchases"], row["refunds"]) == (1, 1)
    assert (row["revenue"], row["refund_amount"]) == (Decimal("-10.00"), Decimal("30.00"))
    assert (row["first_event_at"], row["last_event_at"]) == (at("09:00"), at("23:59"))


def test_who_does_not_consent_has_neither_activity_nor_exposures() -> None:
    events = clean_events(
        shows(at("09:00"), analytics_consent=False), buys(at("10:00"), "5.00", analytics_consent=False)
    )
    assert found(entity_activity(events)) == found(experiment_exposures(events)) == []


def test_exposure_is_the_first_event_of_its_day_and_only_what_follows_counts() -> None:
    rows = [
        buys(at("08:00"), "1.00", event_id="before"),
        shows(at("09:00"), name="view_item"),
        buys(at("09:00"), "2.00", event_id="at the same moment"),
        shows(at("09:30")),
        buys(at("09:00:00.000001"), "4.00", event_id="after"),
        returns(at("10:00"), "1.50"),
    ]
    row = only(experiment_exposures(clean_events(*rows)))
    assert (row["exposed_at"], row["exposure_date"], row["variant"]) == (at("09:00"), DAY, "B")
    assert (row["purchases_after"], row["refunds_after"], row["revenue_after"]) == (1, 1, Decimal("2.50"))
    assert (row["events_after"], row["page_views_after"], row["refund_amount_after"]) == (3, 1, Decimal("1.50"))


def test_bots_are_not_exposed_and_each_variant_and_experiment_has_its_own_row() -> None:
    both = [{"experiment": "button", "variant": "A"}, {"experiment": "price", "variant": "low"}]
    rows = [event(at("09:00"), experiments=both), shows(at("10:00")), shows(at("09:00"), entity="crawler", is_bot=True)]
    answer = found(experiment_exposures(clean_events(*rows)), "experiment", "variant")
    assert [(row["experiment"], row["variant"]) for row in answer] == [
        ("button", "A"),
        ("button", "B"),
        ("price", "low"),
    ]


def test_outcomes_of_later_days_move_the_sums_on_their_own_days() -> None:
    rows = sums(
        shows(at("22:00")),
        buys(at("23:00"), "10.00"),
        buys(at("01:00", NEXT), "5.00"),
        returns(at("02:00", NEXT + timedelta(days=3)), "8.00"),
        shows(at("09:00", NEXT), entity="bob"),
    )
    assert [(row["day"] - DAY).days for row in rows] == [0, 1, 4]
    assert [row["entities"] for row in rows] == [1, 1, 0]
    assert [row["conversion_total"] for row in rows] == [1, 0, 0]
    assert [row["orders_per_visitor_total"] for row in rows] == [1, 1, 0]
    assert [row["orders_per_visitor_squares"] for row in rows] == [1, 3, 0]
    assert [row["revenue_per_visitor_total"] for row in rows] == [1000, 500, -800]
    assert [row["revenue_per_visitor_squares"] for row in rows] == [1000**2, 1500**2 - 1000**2, 700**2 - 1500**2]


def test_full_days_before_the_first_exposure_are_the_covariate() -> None:
    rows = sums(
        buys(at("12:00", DAY - timedelta(days=15)), "64.00"),
        buys(at("12:00", DAY - timedelta(days=14)), "3.00"),
        buys(at("12:00", DAY - timedelta(days=1)), "4.00"),
        buys(at("08:00"), "32.00"),
        shows(at("09:00")),
        buys(at("10:00"), "5.00"),
    )
    assert of(rows, "revenue_per_visitor") == (500, 500**2, 700, 700**2, 500 * 700)
    assert of(rows, "orders_per_visitor") == (1, 1, 2, 4, 2)
    assert of(rows, "conversion") == (1, 1, 1, 1, 1)
    assert {row["day"] for row in rows} == {DAY}


def test_entities_that_saw_two_variants_are_counted_and_left_out() -> None:
    rows = sums(
        shows(at("09:00")),
        shows(at("09:00", NEXT), "A"),
        buys(at("10:00", NEXT), "5.00"),
        shows(at("09:00"), "A", "bob"),
    )
    assert [(row["variant"], row["day"], row["entities"], row["mixed_entities"]) for row in rows] == [("A", DAY, 1, 1)]
    assert of(rows, "revenue_per_visitor") == (0, 0, 0, 0, 0)


def test_exposures_and_outcomes_outside_the_span_do_not_count() -> None:
    journey = [
        shows(at("09:00", DAY - timedelta(days=1)), "A"),
        shows(at("09:00")),
        buys(at("10:00"), "1.00"),
        buys(at("10:00", NEXT), "2.00"),
        buys(at("10:00", NEXT + timedelta(days=1)), "4.00"),
        shows(at("09:00", NEXT + timedelta(days=1)), "A", "bob"),
    ]
    span = ExperimentSpan(start=DAY, end=NEXT)
    rows = sums(*journey, span=span)
    assert {row["variant"] for row in rows} == {"B"}
    assert of(rows, "revenue_per_visitor")[0] == 300
    for window, total in ((0, 100), (1, 300), (2, 700)):
        rows = sums(*journey, span=ExperimentSpan(start=DAY, end=NEXT, window_days=window))
        assert of(rows, "revenue_per_visitor")[0] == total


@st.composite
def journeys(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Four days of a few people who see variants, buy and return at all hours, around midnight above all."""
    rows = []
    for number in range(draw(st.integers(0, 25))):
        day = DAY + timedelta(days=draw(st.integers(-2, 1)))
        when = at(draw(st.sampled_from(["00:00", "09:00", "23:59:59.999999", "12:00"])), day)
        entity = draw(st.sampled_from(["ann", "bob", "cyd"]))
        kind = draw(st.sampled_from(["shows", "shows", "buys", "returns"]))
        worth = draw(st.sampled_from(["0.01", "5.00", "19.99"]))
        variant = draw(st.sampled_from(["A", "B", "B", "B"]))
        row = (
            shows(when, variant, entity)
            if kind == "shows"
            else (buys if kind == "buys" else returns)(when, worth, entity)
        )
        rows.append({**row, "event_id": f"e{number}"})
    return rows


def directly(rows: list[dict[str, Any]]) -> dict[str, dict[str, tuple[int, ...]]]:
    """Straight from the events: variant -> entity -> orders and cents after its first exposure, and the same before."""
    answer: dict[str, dict[str, tuple[int, ...]]] = {}
    for entity in {row["entity_id"] for row in rows}:
        own = [row for row in rows if row["entity_id"] == entity]
        seen = sorted((row["event_time"], row["experiments"][0]["variant"]) for row in own if row["experiments"])
        if not seen or len({variant for _, variant in seen}) > 1:
            continue
        first: datetime = seen[0][0]
        after = [row for row in own if row["event_time"] > first]
        before = [row for row in own if row["event_date"] < first.date()]
        answer.setdefault(seen[0][1], {})[entity] = (*_worth(after), *_worth(before))
    return answer


def _worth(rows: list[dict[str, Any]]) -> tuple[int, int]:
    bought = [row["value"] for row in rows if row["event_name"] == "purchase"]
    returned = [row["value"] for row in rows if row["event_name"] == "refund"]
    return len(bought), int(100 * (sum(bought) - sum(returned)))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(journeys(), st.randoms(use_true_random=False))
@pytest.mark.slow
def test_sums_are_what_the_events_themselves_say(rows: list[dict[str, Any]], random: Any) -> None:
    answer, expected = sums(*rows), directly(rows)
    assert answer == sums(*random.sample(rows, len(rows)))
    for variant in {row["variant"] for row in answer} | set(expected):
        cells = [row for row in answer if row["variant"] == variant]
        people = list(expected.get(variant, {}).values())
        assert sum(row["entities"] for row in cells) == len(people)
        for metric, pairs in (
            ("orders_per_visitor", [(after, before) for after, _, before, _ in people]),
            ("revenue_per_visitor", [(after, before) for _, after, _, before in people]),
            ("conversion", [(int(after > 0), int(before > 0)) for after, _, before, _ in people]),
        ):
            assert of(cells, metric) == (
                sum(y for y, _ in pairs),
                sum(y * y for y, _ in pairs),
                sum(x for _, x in pairs),
                sum(x * x for _, x in pairs),
                sum(x * y for y, x in pairs),
            )


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(journeys())
def test_sums_up_to_a_day_are_the_sums_of_the_events_up_to_it(rows: list[dict[str, Any]]) -> None:
    """Nobody of two variants: who sees another one later leaves the sums of all days."""
    people = [row for row in rows if not any(one["variant"] == "A" for one in row["experiments"])]
    whole = sums(*people)
    for until in (DAY - timedelta(days=1), DAY):
        known = [row for row in people if row["event_date"] <= until]
        some = directly(known).get("B", {}).values()
        cells = [row for row in whole if row["day"] <= until]
        assert sum(row["entities"] for row in cells) == len(some)
        assert of(cells, "revenue_per_visitor")[:2] == (sum(c for _, c, *_ in some), sum(c * c for _, c, *_ in some))
        assert of(cells, "conversion")[:2] == (sum(o > 0 for o, *_ in some),) * 2


def test_days_are_days_of_utc_on_any_machine(monkeypatch: Any) -> None:
    import time

    rows = [shows(at("23:30")), buys(at("23:59"), "1.00"), buys(at("00:10", NEXT), "2.00")]
    answers = []
    for zone in ("UTC", "Pacific/Kiritimati", "America/Los_Angeles"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        answers.append(sums(*rows))
    monkeypatch.undo()
    time.tzset()
    assert answers[0] == answers[1] == answers[2]
    assert [row["day"] for row in answers[0]] == [date(2024, 3, 2), date(2024, 3, 3)]
