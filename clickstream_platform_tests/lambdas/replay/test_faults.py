"""Whatever fails and is killed while events are replayed: each counts once in the end."""

import json
import random
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from clickstream_platform.local_aws.environment import local_environment
from clickstream_platform.local_aws.functions import Result
from clickstream_platform.local_aws.plan import STREAM_PROCESSOR
from clickstream_platform_tests.lambdas.faults import Faults, FaultyProxy, ForkingFunction
from clickstream_platform_tests.lambdas.replay.replayed import PLAN, Replayed
from clickstream_platform_tests.lambdas.stream import BUCKET, Shard, event, rows_of

DAY = {"from": "2024-03-01", "to": "2024-03-01"}
_EVENTS, _ENTITIES = 120, 7


@pytest.fixture
def shop(replayed: Replayed) -> Replayed:
    """Events of some entities, several objects."""
    draw = random.Random(3)
    records = Shard().records(
        event(
            event_id=f"e{number}",
            anonymous_id=f"entity{draw.randrange(_ENTITIES)}",
            event_time=f"2024-03-01T{number % 24:02}:00:00Z",
            **({"event_name": "purchase", "value": number + 0.5, "order_id": f"o{number}"} if number % 5 == 0 else {}),
        )
        for number in range(_EVENTS)
    )
    for start in range(0, _EVENTS, 30):
        replayed.stream.deliver(records[start : start + 30])
    return replayed


class Killed:
    """The processor in a child that the proxy kills; a killed batch is one that failed."""

    def __init__(self, function: ForkingFunction) -> None:
        self.function, self._forks = type("Named", (), {"name": PLAN.prefix + STREAM_PROCESSOR})(), function
        self.kills = 0

    def invoke(self, event: bytes) -> Result:
        self._forks.start(json.loads(event))
        (answer,) = self._forks.results()
        self.kills += answer is None
        return Result("r", answer, None if answer is not None else "Runtime.ExitError")


@pytest.fixture
def killed(shop: Replayed) -> Iterator[tuple[Replayed, FaultyProxy, Killed]]:
    with FaultyProxy(shop.aws.endpoint, lambda: None) as proxy:
        own = {
            **shop.resources.settings(),
            "CLICKSTREAM_LAKE_URI": f"s3://{BUCKET}",
            "CLICKSTREAM_STORAGE_TIMEOUT_SECONDS": "0.2",
            "CLICKSTREAM_REPLAY_MAX_RECEIVES": "3",
        }
        function = ForkingFunction(local_environment(proxy.endpoint, own), "replay_processor")
        proxy.on_kill = function.kill
        forks = Killed(function)
        shop.messages._invoker = forks  # type: ignore[assignment]
        yield shop, proxy, forks
        function.stop()


def totals(shop: Replayed, replay_id: str) -> tuple[int, int, int]:
    items = [item for item in rows_of(shop.aws, "replayed-entities") if item["replay_id"] == replay_id]
    return len(items), sum(item["events"] for item in items), sum(item["revenue_cents"] for item in items)


EXPECTED = (_ENTITIES, _EVENTS, sum((number * 100 + 50) for number in range(0, _EVENTS, 5)))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_kills_and_failures_count_nothing_twice_and_lose_nothing(
    killed: tuple[Replayed, FaultyProxy, Killed], seed: int
) -> None:
    shop, proxy, forks = killed
    proxy.decide = Faults(seed, most=15)
    replay_id = shop.start(days=DAY, events_per_second=10)
    for _ in range(12):
        shop.work()
        told: dict[str, Any] = shop.get(replay_id)
        if told["state"] == "done":
            break
        # What failed too often waits among the dead letters, or for an attempt that was killed.
        assert shop.ask("POST", f"/replay/{replay_id}/redrive")[0] == 202
    assert told["state"] == "done" and forks.kills
    assert told["counts"]["processed"] == _EVENTS
    assert totals(shop, replay_id) == EXPECTED


def test_two_replays_at_once_and_messages_that_come_twice_count_once_each(shop: Replayed) -> None:
    first, second = shop.start(days=DAY), shop.start(days=DAY)
    while shop.steps.poll(0):
        pass
    sqs, url = shop.aws.client("sqs"), shop.url(PLAN.replay_messages)
    bodies = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            bodies.append(message["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    for body in [*bodies, *reversed(bodies)]:
        sqs.send_message(QueueUrl=url, MessageBody=body)
    errors: list[BaseException] = []

    def pull() -> None:
        try:
            while shop.messages.poll(0):
                pass
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=pull) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    shop.work()
    for replay_id in (first, second):
        assert shop.get(replay_id)["state"] == "done"
        assert shop.get(replay_id)["counts"]["processed"] == _EVENTS
        assert totals(shop, replay_id) == EXPECTED
