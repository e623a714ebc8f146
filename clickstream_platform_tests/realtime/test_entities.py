"""One entity's item: the same whatever batches a sequence of records comes in, and however often."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream_platform.realtime.attributes import Item, from_wire, to_wire
from clickstream_platform.realtime.entities import Applied, Checkout, Rules, apply_events
from clickstream_platform.realtime.live_events import LiveEvent
from clickstream_platform.realtime.metrics import Cell, cell_of
from clickstream_platform.realtime.session_parts import sessions_of
from clickstream_platform_tests.realtime.events import GAPS, HALF_HOUR, START, expected_sessions, histories, live_event

RULES = Rules(timeout=HALF_HOUR, kept=timedelta(days=60), final_after=300, window=timedelta(hours=1))
MINUTE = timedelta(minutes=1)

# Attempts to bring a sequence of records: how many each has, and how far before the next new one it begins.
deliveries = st.lists(st.tuples(st.integers(1, 6), st.integers(0, 6)), max_size=30)


class Entity:
    """An entity's item, and what its events asked for so far, as those who are asked would keep it."""

    def __init__(self, events: list[LiveEvent]) -> None:
        self.events, self.item = events, None
        self.firsts: dict[str, bool] = {}
        self.checkouts: dict[str, Checkout] = {}

    def take(self, events: list[LiveEvent], shard: str = "s") -> Applied:
        applied = apply_events(self.item, shard, events, RULES)
        if applied.item is not None:
            self.item = from_wire(to_wire(applied.item))  # as it comes back from the table
        unsure = {event.position for event in applied.unsure}
        for event in events:
            is_first = event.position in applied.firsts if event.position not in unsure else self._in_index(event)
            assert self.firsts.setdefault(event.position, is_first) == is_first, "another answer than before"
        for one in applied.checkouts:
            known = self.checkouts.get(one.checkout_id)
            self.checkouts[one.checkout_id] = max(known, one, key=lambda ask: ask.position) if known else one
        return applied

    def _in_index(self, event: LiveEvent) -> bool:
        return all(other.position >= event.position for other in self.events if cell_of(other) == cell_of(event))

    def content(self) -> tuple[Item, dict[str, bool], dict[str, Checkout]]:
        """All of it but how often the item was written."""
        assert self.item is not None
        return {name: value for name, value in self.item.items() if name != "version"}, self.firsts, self.checkouts


def at_once(events: list[LiveEvent]) -> Entity:
    entity = Entity(events)
    entity.take(events)
    return entity


@settings(max_examples=300, deadline=None)
@given(histories(), deliveries)
def test_any_batches_with_any_overlaps_give_the_same_item(
    events: list[LiveEvent], attempts: list[tuple[int, int]]
) -> None:
    entity, reached = Entity(events), 0
    for size, back in attempts:
        place = max(0, reached - back)
        if some := events[place : place + size]:
            entity.take(some)
        reached = max(reached, min(place + size, len(events)))
    for event in events[reached:]:
        entity.take([event])
    assert entity.content() == at_once(events).content()


@settings(max_examples=200, deadline=None)
@given(histories())
def test_each_cell_has_one_first_event_that_of_the_lowest_position(events: list[LiveEvent]) -> None:
    entity = Entity(events)
    for event in events:
        entity.take([event])
    lowest: dict[Cell, str] = {}
    for event in events:
        lowest.setdefault(cell_of(event), event.position)
    assert {position for position, is_first in entity.firsts.items() if is_first} == set(lowest.values())


@settings(max_examples=100, deadline=None)
@given(histories(gaps=[gap for gap in GAPS if gap < timedelta(days=1)]), st.integers(0, 12))
def test_an_entity_whose_records_move_to_another_shard_keeps_its_sessions(events: list[LiveEvent], cut: int) -> None:
    entity = Entity(events)
    parent, child = events[:cut], events[cut:]
    for shard, some in (("parent", parent), ("child", child), ("parent", parent), ("child", child)):
        if some:
            entity.take(some, shard)
    assert entity.item is not None
    analysed = [event for event in events if event.is_analysed]
    assert sessions_of("ann", entity.item["parts"], HALF_HOUR) == expected_sessions(analysed, HALF_HOUR)


@settings(max_examples=200, deadline=None)
@given(histories())
def test_whoever_allows_no_analytics_is_counted_and_in_no_session(events: list[LiveEvent]) -> None:
    entity = Entity(events)
    for event in events:
        entity.take([event])
    assert entity.item is not None
    analysed = [event for event in events if event.is_analysed]
    assert sum(part["events"] for part in entity.item["parts"]) == len(analysed)
    # The index of who is there is made of these two: an item without them is not in it.
    seen = (entity.item.get("last_event_time"), entity.item.get("active_hour"))
    newest = max((event.time for event in analysed), default=None)
    assert seen == (newest, newest and newest[:13])
    assert entity.item["newest"] == max(event.time for event in events)
    assert sum(entity.firsts.values()) == len({cell_of(event) for event in events})


@settings(max_examples=200, deadline=None)
@given(histories())
def test_only_checkouts_that_allow_it_wait_for_clicks(events: list[LiveEvent]) -> None:
    asked = at_once(events).checkouts
    bought = {event.event_id: event for event in events if event.event_name == "purchase"}
    assert set(asked) == set(bought)
    assert {name: one.is_attributed for name, one in asked.items()} == {
        name: event.is_attributed for name, event in bought.items()
    }


def test_records_that_are_in_already_write_nothing() -> None:
    events = [live_event(number, START + number * MINUTE) for number in range(5)]
    entity = at_once(events)
    assert entity.take(events).item is None
    assert entity.take(events[1:3]).item is None
    more = [*events[3:], live_event(5, START)]
    assert entity.take(more).item is not None
    assert entity.item is not None
    assert entity.item["version"] == 2


def test_sessions_are_forgotten_after_the_days_that_they_are_kept() -> None:
    rules = RULES._replace(kept=timedelta(days=7))
    events = [live_event(0, START), live_event(1, START + timedelta(days=7, hours=1))]
    item = apply_events(None, "s", events, rules).item
    assert item is not None
    assert [part["started_at"] for part in item["parts"]] == [events[1].time]
    assert item["expires_at"] == int(events[1].arrived_at) + 7 * 86_400


def test_a_late_click_asks_again_for_a_checkout_until_it_is_final() -> None:
    """A click after the checkout, one of more than an hour before it, and one that arrives too late ask for nothing."""
    bought = START + timedelta(hours=2)
    purchase = live_event(0, bought, event_id="p", event_name="purchase", arrived_at=1000.0)
    asked = {}
    for name, when, arrived in [
        ("at the window's edge", bought - timedelta(hours=1), 1300.0),
        ("before the window", bought - timedelta(hours=1, microseconds=1), 1001.0),
        ("with the checkout", bought, 1001.0),
        ("final", bought - MINUTE, 1301.0),
    ]:
        entity = at_once([purchase])
        click = live_event(1, when, event_name="click", is_touch=True, arrived_at=arrived)
        asked[name] = [(one.checkout_id, one.final_at) for one in entity.take([click]).checkouts]
    assert asked == {
        "at the window's edge": [("p", 1300)],
        "before the window": [],
        "with the checkout": [],
        "final": [],
    }
