"""The same records again: later, in other batches, at the same time, and on another shard."""

import random
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clickstream_platform.realtime.kinesis import read_batches
from clickstream_platform_tests.lambdas import live
from clickstream_platform_tests.lambdas.deployed import Deployed
from clickstream_platform_tests.lambdas.stream import ARRIVED, Shard, cut, event, processor

_START = datetime(2024, 3, 1, 9, tzinfo=UTC)
_CHILD_NUMBERS = 49_600_000_000_000_000_000_000_000_000_000_000_000_000_000_000_000_000_000
ADVERT = "https://shop.example/?utm_source=google&utm_medium=cpc&utm_campaign=spring"


def visits(entities: int = 3, each: int = 10, seed: int = 3) -> list[bytes]:
    """Entities in turns, some events late, each with a click and a purchase, one event in ten twice."""
    draw = random.Random(seed)
    sent: list[bytes] = []
    for number in range(each):
        for entity in range(entities):
            moment = _START + number * timedelta(minutes=7) - timedelta(minutes=draw.choice([0, 0, 0, 20, 50]))
            name = {2: "click", 6: "purchase"}.get(number, "page_view")
            one = event(
                event_id=f"{entity}-{number}",
                event_name=name,
                anonymous_id=f"entity{entity}",
                event_time=moment.isoformat(),
                **({"url": ADVERT} if name == "click" else {}),
                **({"value": 12.5, "order_id": f"o{entity}"} if name == "purchase" else {}),
            )
            sent += [one] * (2 if draw.random() < 0.1 else 1)
    return sent


def test_a_replayed_batch_changes_nothing(deployed: Deployed) -> None:
    records = Shard().records(visits())
    batches = [invocation["Records"] for invocation in cut(records, 10)]
    for batch in batches:
        assert deployed.invoke(batch) == []
    before, objects = deployed.live(), deployed.objects("")
    assert any(checkout["is_attributed"] for checkout in before["attributed-checkouts"])

    for batch in [batches[0], *batches]:
        assert deployed.invoke(batch) == []
    assert deployed.live() == before
    assert deployed.objects("") == objects


@pytest.mark.parametrize("size", [1, 1000])
def test_a_replay_in_other_batches_changes_no_number(deployed: Deployed, size: int) -> None:
    records = Shard().records(visits())
    for invocation in cut(records, 10):
        assert deployed.invoke(invocation["Records"]) == []
    before, ids = deployed.counted(), sorted({row["event_id"] for row in deployed.bronze()})

    deployed.restart()
    for invocation in cut(records, size):
        assert deployed.invoke(invocation["Records"]) == []
    assert deployed.counted() == before
    assert sorted({row["event_id"] for row in deployed.bronze()}) == ids
    for item in deployed.live()["event-index"]:
        assert item["object"] in deployed.objects("bronze/")


def test_batches_of_any_size_give_the_same_numbers(deployed: Deployed) -> None:
    records = Shard().records(visits())
    told = []
    for size in (3, 1000):
        deployed.empty()
        for invocation in cut(records, size):
            assert deployed.invoke(invocation["Records"]) == []
        told.append(deployed.counted())
    assert told[0] == told[1]


def test_an_entity_goes_on_where_it_was_after_its_shard_was_split(deployed: Deployed) -> None:
    """Session, five-minute window and first click go over the border; a repeated event is known."""
    parent = Shard()
    click = event(event_id="a", event_name="click", event_time="2024-03-01T10:00:00Z", url=ADVERT)
    page = event(event_id="b", event_time="2024-03-01T10:01:00Z")
    first = parent.records([click, page])
    child = Shard("shardId-000000000002", _CHILD_NUMBERS)
    bought = event(event_id="c", event_name="purchase", value=9.99, event_time="2024-03-01T10:20:00Z")
    more = event(event_id="d", event_time="2024-03-01T10:03:00Z")
    second = child.records([page, more, bought], ARRIVED + 60)
    assert deployed.invoke(first) == deployed.invoke(second) == []
    before = deployed.live()

    (session,) = live.sessions(deployed.aws).iter_rows(named=True)
    assert (session["events"], session["page_views"], session["revenue_cents"]) == (4, 2, 999)
    pages = next(cell for cell in before["metrics"] if "page_view" in cell["window_event"])
    assert (pages["events"], pages["sessions"]) == (2, 1)
    (checkout,) = before["attributed-checkouts"]
    assert checkout["click_id"] == "a"
    for batch in (first, second, first):  # the parent's again, too, as when a mapping is made anew
        assert deployed.invoke(batch) == []
    assert deployed.live() == before


def test_what_one_shard_has_counted_says_nothing_of_another(deployed: Deployed) -> None:
    """A record with a lower sequence number than another shard's last one is not taken for counted."""
    early = Shard(first=_CHILD_NUMBERS - 10**50).records([event(event_id="a", anonymous_id="ann")])
    late = Shard("shardId-000000000001", _CHILD_NUMBERS).records([event(event_id="b", anonymous_id="ann")])
    assert deployed.invoke(late) == deployed.invoke(early) == []
    assert sum(cell["events"] for cell in deployed.live()["metrics"]) == 2


@pytest.mark.parametrize("seed", range(2))
def test_one_batch_in_two_invocations_at_once_counts_once(deployed: Deployed, seed: int) -> None:
    """As when Lambda takes an invocation for lost that still runs."""
    records = Shard().records(visits(seed=seed))
    for invocation in cut(records, 20):
        assert deployed.invoke(invocation["Records"]) == []
    expected = deployed.counted()
    deployed.empty()

    for invocation in cut(records, 20):
        assert _at_once([invocation] * 3) == [None] * 3
    assert deployed.counted() == expected


def test_a_lost_invocation_that_goes_on_beside_its_smaller_retries_counts_once(deployed: Deployed) -> None:
    records = Shard().records(visits())
    assert deployed.invoke(records) == []
    expected = deployed.counted()
    deployed.empty()

    halves = list(cut(records, len(records) // 2 + 1))
    whole = threading.Thread(target=_at_once, args=([{"Records": records}],))
    whole.start()
    for half in halves:
        assert _at_once([half]) == [None]
    whole.join()
    assert deployed.counted() == expected


def _at_once(invocations: list[dict[str, Any]]) -> list[str | None]:
    """What instances of the function, that begin at the same moment, give back."""
    barrier, answers = threading.Barrier(len(invocations)), []

    def run(invocation: dict[str, Any]) -> None:
        stream = processor(storage_timeout_seconds=60.0)
        (batch,) = read_batches(invocation)
        barrier.wait(30)
        answers.append(stream.process(batch, "test"))

    threads = [threading.Thread(target=run, args=(invocation,)) for invocation in invocations]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
