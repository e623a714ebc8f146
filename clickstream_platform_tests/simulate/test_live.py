"""A shop that is always open: five minutes at a time."""

import json
import statistics
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import repeat
from typing import Any

import pytest

from clickstream_platform.contract import Limits, Rejection, parser
from clickstream_platform.simulate import LiveRecord, LiveShop, SimulationError, records_of_slot, slot_of
from clickstream_platform.simulate.config import WEEKDAY_PERCENT
from clickstream_platform.simulate.ids import event_ids
from clickstream_platform.simulate.slots import LONGEST_LIVE_VISIT, SLOT, SLOTS_A_DAY, block_of_slot

FRIDAY = slot_of(datetime(2026, 11, 20, 18, 0, tzinfo=UTC))
CLEAN = LiveShop(events=200, seed=3, dirty_rate=0)


def events(records: list[LiveRecord]) -> list[dict[str, Any]]:
    return [json.loads(record.data) for record in records if record.event is not None]


def test_the_same_slot_gives_the_same_bytes_whatever_was_drawn_before() -> None:
    shop = LiveShop(events=300, seed=5, dirty_rate=0.05)
    first = records_of_slot(shop, FRIDAY)
    for slot in (FRIDAY - 3, FRIDAY + 1, FRIDAY - 20):
        records_of_slot(shop, slot)

    assert records_of_slot(shop, FRIDAY) == first
    records_of_slot(LiveShop(events=40, seed=6), FRIDAY)
    assert records_of_slot(shop, FRIDAY) == first
    assert records_of_slot(LiveShop(events=300, seed=6, dirty_rate=0.05), FRIDAY) != first


def test_threads_that_draw_at_once_do_not_disturb_each_other() -> None:
    shop = LiveShop(events=300, seed=1)
    slots = range(FRIDAY, FRIDAY + 4)
    alone = [records_of_slot(shop, slot) for slot in slots]
    with ThreadPoolExecutor(4) as threads:
        at_once = list(threads.map(records_of_slot, repeat(shop, 16), [*slots] * 4))
    assert at_once == alone * 4


def test_every_event_happens_in_its_slot_and_comes_once() -> None:
    slots = {slot: events(records_of_slot(CLEAN, slot)) for slot in range(FRIDAY, FRIDAY + 12)}

    seen: Counter[str] = Counter()
    for slot, some in slots.items():
        times = [datetime.fromisoformat(event["event_time"]) for event in some]
        assert times == sorted(times)
        assert {slot_of(moment) for moment in times} <= {slot}
        seen.update(event["event_id"] for event in some)
    assert set(seen.values()) == {1}


def test_every_event_of_a_visit_comes_in_one_slot_or_another() -> None:
    begun = [block for slot in range(FRIDAY, FRIDAY + 6) if (block := block_of_slot(CLEAN, slot)) is not None]
    wanted = {one for block in begun for one in event_ids(block.events.number).to_list()}

    seen = {event["event_id"] for slot in range(FRIDAY, FRIDAY + 32) for event in events(records_of_slot(CLEAN, slot))}

    assert wanted - seen == set()
    lasting = [block.events.time.max() - block.events.time.min() for block in begun]
    assert LONGEST_LIVE_VISIT * 3 // 4 < max(lasting) <= LONGEST_LIVE_VISIT


def test_visits_go_on_across_slots_without_a_gap() -> None:
    """A browser's session begins with a landing or a click and reaches its purchase, in whatever slots."""
    by_session: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for slot in range(FRIDAY, FRIDAY + 36):
        for event in events(records_of_slot(CLEAN, slot)):
            by_session[event["session_id"]].append(event)
    bought = [some for some in by_session.values() if some[-1]["event_time"] > "2026-11-20T20:10"]
    bought = [[event["event_name"] for event in some] for some in bought]
    bought = [names for names in bought if "purchase" in names]

    assert len(bought) > 5
    for names in bought:
        assert names[0] in ("page_view", "click")
        assert names.index("begin_checkout") < names.index("add_payment_info") < names.index("purchase")


def test_a_week_has_the_number_of_events_asked_for() -> None:
    week = range(FRIDAY - 4 * SLOTS_A_DAY, FRIDAY + 3 * SLOTS_A_DAY, 97)
    shop = LiveShop(events=100, seed=1, dirty_rate=0)
    assert 85 < statistics.mean(len(records_of_slot(shop, slot)) for slot in week) < 110


def test_traffic_follows_the_hour_and_the_weekday() -> None:
    shop = LiveShop(events=3000, seed=1, dirty_rate=0)
    midnight = FRIDAY - 18 * 12

    def size(day: int, hour: int) -> int:
        return len(records_of_slot(shop, midnight + day * SLOTS_A_DAY + hour * 12))

    evening, morning = size(0, 19), size(0, 7)
    assert evening > 1.6 * morning
    share = sum(size(3, hour) for hour in (1, 14, 19)) / sum(size(1, hour) for hour in (1, 14, 19))
    assert share == pytest.approx(WEEKDAY_PERCENT[0] / WEEKDAY_PERCENT[5], rel=0.1)


def test_dirt_comes_at_its_rate_and_is_refused() -> None:
    shop = LiveShop(events=4000, seed=1, dirty_rate=0.1)
    records = [record for slot in (FRIDAY, FRIDAY + 1) for record in records_of_slot(shop, slot)]
    latest = datetime.fromtimestamp((FRIDAY + 2) * SLOT / 1e6, UTC)
    parse = parser("events", Limits(latest=latest.replace(hour=23, minute=59)))

    for record in records:
        assert isinstance(parse(record.data), Rejection) == (record.event is None), record
        assert not record.data.endswith(b"\n")
    assert sum(record.event is None for record in records) / len(records) == pytest.approx(0.1, rel=0.15)
    ids = Counter(json.loads(record.data)["event_id"] for record in records if record.event is not None)
    assert sum(count - 1 for count in ids.values()) / len(records) == pytest.approx(0.05, rel=0.25)
    times = {slot_of(datetime.fromisoformat(event["event_time"])) for event in events(records)}
    assert times == {FRIDAY, FRIDAY + 1}


def test_a_record_names_its_entity() -> None:
    for record in records_of_slot(CLEAN, FRIDAY):
        event = json.loads(record.data)
        assert record.entity == event.get("user_id", event["anonymous_id"])
        assert record.event == event["event_name"]


def test_hardly_any_traffic_is_no_error() -> None:
    tiny = LiveShop(events=1, seed=1, dirty_rate=0.2)
    assert {len(records_of_slot(tiny, slot)) for slot in range(FRIDAY, FRIDAY + 8)} >= {0}


@pytest.mark.parametrize("choice", [{"events": 0}, {"events": 100_001}, {"seed": -1}, {"dirty_rate": 1.0}])
def test_values_out_of_range_are_refused(choice: dict[str, Any]) -> None:
    with pytest.raises(SimulationError):
        LiveShop(**choice)


def test_five_thousand_events_are_made_within_a_second() -> None:
    shop = LiveShop(events=5000, seed=1)
    records_of_slot(shop, FRIDAY - 1)
    begun = time.process_time()
    records = records_of_slot(shop, FRIDAY)
    assert len(records) > 5000
    assert time.process_time() - begun < 2.0  # CPU time of all threads; a third of it measured
