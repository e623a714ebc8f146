"""The sums that experiment_results is made of, against the events themselves, whatever people do."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clickstream_platform_tests.transforms.experiments import buys, of, returns, shows, sums
from clickstream_platform_tests.transforms.rows import DAY, at


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
