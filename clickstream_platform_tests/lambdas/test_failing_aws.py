"""AWS calls that fail in the middle of a batch: what is given back, and that the retry brings exactly the rest."""

from collections.abc import Callable, Iterator

import pytest

from clickstream_platform_tests.lambdas.deployed import IMPATIENT, PATIENT, Deployed, logs_of, said, sequences
from clickstream_platform_tests.lambdas.faults import FaultyProxy
from clickstream_platform_tests.lambdas.stream import Shard, event


def one(number: int) -> bytes:
    """The n-th of 28 records: ten of ann, ten of bob, eight of cat; ann clicks (3) and buys (5)."""
    entity, country = [("ann", "DE"), ("bob", "FR"), ("cat", "US")][number // 10]
    name = {3: "click", 5: "purchase"}.get(number, "page_view")
    return event(
        event_id=f"e{number}",
        event_name=name,
        anonymous_id=entity,
        country=country,
        event_time=f"2024-03-01T10:00:{number:02}Z",
        **({"value": 10.0} if name == "purchase" else {}),
    )


RECORDS = Shard().records(map(one, range(28)))
GIVEN_BACK_AFTER = [
    0,  # the index is read,
    *(0, 25),  # written in pieces of 25;
    0,  # sessions are read,
    *(0, 10, 20),  # each is written;
    *(0, 3, 5, 10, 20),  # five counters;
    *(5, 5),  # the click is looked up, the checkout written
]
"""The record that the function gives back from, after the failure of each of its calls in turn."""


class Failing:
    """Fails the n-th call that comes (from 1), and those after it up to `last`."""

    def __init__(self, fault: str) -> None:
        self.fault, self.first, self.last, self.calls = fault, 0, 0, 0

    def at(self, first: int, last: int | None = None) -> None:
        self.first, self.last, self.calls = first, last or first, 0

    def __call__(self) -> str | None:
        self.calls += 1
        return self.fault if self.first <= self.calls <= self.last else None


@pytest.fixture
def failing(deployed: Deployed) -> Iterator[Callable[[str, str], Failing]]:
    """Puts a proxy that fails by count before a service."""
    proxies: list[FaultyProxy] = []

    def before(service: str, fault: str) -> Failing:
        plan = Failing(fault)
        proxies.append(FaultyProxy(deployed.aws.endpoint, plan).__enter__())
        deployed.through(proxies[-1].endpoint, service)
        return plan

    yield before
    for proxy in proxies:
        proxy.__exit__(None, None, None)


@pytest.mark.parametrize("fault", ["throttle", pytest.param("lost", marks=pytest.mark.slow)])
def test_whichever_call_fails_the_lowest_record_that_it_is_about_is_given_back(
    deployed: Deployed, failing: Callable[[str, str], Failing], one_by_one: None, fault: str
) -> None:
    """Nothing before it is done twice, nothing after it is left out: in the end all is as without faults."""
    plan = failing("DYNAMODB", fault)
    assert deployed.invoke(RECORDS) == []
    expected, calls = deployed.counted(), plan.calls
    assert calls == len(GIVEN_BACK_AFTER)

    for call, place in enumerate(GIVEN_BACK_AFTER, 1):
        deployed.empty()
        plan.at(call)
        assert deployed.deliver(RECORDS) == [place], call
        assert deployed.counted() == expected, call
        assert {row["event_id"] for row in deployed.bronze()} == {f"e{number}" for number in range(28)}


@pytest.mark.parametrize(("call", "place"), [(3, 25), (4, 0), (6, 10)], ids=["index", "sessions", "one session"])
def test_steps_after_a_failed_one_see_nothing_from_the_record_on_that_is_given_back(
    deployed: Deployed, failing: Callable[[str, str], Failing], one_by_one: None, call: int, place: int
) -> None:
    """Else another stream with the same event, or a look into the index, might count what is not in yet."""
    failing("DYNAMODB", "throttle").at(call)
    assert deployed.invoke(RECORDS) == [sequences(RECORDS)[place]]
    live = deployed.live()
    assert sum(cell["events"] for cell in live["metrics"]) == place
    assert len(live["attributed-checkouts"]) == (place > 5)
    if call == 3:
        assert sum(part["events"] for item in live["sessions"] for part in item["parts"]) == place


def test_throttling_that_passes_within_the_functions_patience_is_not_noticed(
    deployed: Deployed, failing: Callable[[str, str], Failing]
) -> None:
    plan = failing("DYNAMODB", "throttle")
    plan.at(2, 12)
    assert deployed.invoke(RECORDS) == []
    assert plan.calls == len(GIVEN_BACK_AFTER) + 11
    assert sum(cell["events"] for cell in deployed.live()["metrics"]) == 28


def test_throttling_from_some_call_on_gives_back_and_what_came_before_is_counted_once(
    deployed: Deployed, failing: Callable[[str, str], Failing]
) -> None:
    """Many batches meet a table that stops answering in the middle of one and comes back later."""
    assert deployed.invoke(RECORDS) == []
    expected = deployed.counted()
    deployed.empty()
    deployed.configure(storage_timeout_seconds=IMPATIENT)
    plan = failing("DYNAMODB", "throttle")
    plan.at(9, 10**9)
    (first,) = deployed.invoke(RECORDS)
    (again,) = deployed.invoke(RECORDS[sequences(RECORDS).index(first) :])
    assert again >= first
    plan.at(0)
    deployed.configure(storage_timeout_seconds=PATIENT)
    deployed.deliver(RECORDS[sequences(RECORDS).index(again) :])
    assert deployed.counted() == expected


def test_a_lake_that_cannot_be_written_gives_back_the_batch_and_touches_no_live_state(
    deployed: Deployed, failing: Callable[[str, str], Failing], capsys: pytest.CaptureFixture[str]
) -> None:
    deployed.configure(storage_timeout_seconds=IMPATIENT)
    plan = failing("S3", "error")
    plan.at(1, 10**9)
    assert deployed.invoke(RECORDS) == sequences(RECORDS)[:1]
    (line,) = logs_of(said(capsys))
    assert (line["level"], line["message"]) == ("ERROR", "a batch failed")
    assert "bronze/events" in line["error"]
    assert not any(deployed.live().values())

    plan.at(0)
    deployed.configure(storage_timeout_seconds=PATIENT)
    assert deployed.invoke(RECORDS) == []
    assert sorted(row["event_id"] for row in deployed.bronze()) == sorted(f"e{number}" for number in range(28))


@pytest.mark.parametrize("call", [1, 2, 3])
def test_each_object_of_a_batch_may_fail_and_is_there_once_in_the_end(
    deployed: Deployed, failing: Callable[[str, str], Failing], call: int
) -> None:
    """Of rejected records and of two days; what was written before is written again under the same name."""
    deployed.configure(storage_timeout_seconds=IMPATIENT)
    days = [event(event_id=f"e{day}", event_time=f"2024-03-0{day}T10:00:00Z") for day in (1, 2)]
    records = Shard().records([*days, b"broken"])
    plan = failing("S3", "error")
    plan.at(call, 10**9)
    assert deployed.invoke(records) == sequences(records)[:1]
    plan.at(0)
    deployed.configure(storage_timeout_seconds=PATIENT)
    assert deployed.invoke(records) == []
    assert sorted(row["event_id"] for row in deployed.bronze()) == ["e1", "e2"]
    assert len(deployed.rejected()) == 1
    assert sum(cell["events"] for cell in deployed.live()["metrics"]) == 2


def test_a_server_error_or_two_of_s3_are_not_noticed(
    deployed: Deployed, failing: Callable[[str, str], Failing]
) -> None:
    plan = failing("S3", "error")
    plan.at(1, 2)
    assert deployed.invoke(RECORDS) == []
    assert plan.calls == 3


@pytest.mark.parametrize("table", ["event-index", "sessions", "metrics", "attributed-checkouts"])
def test_a_missing_table_gives_back_the_batch_and_is_named_in_the_log(
    deployed: Deployed, capsys: pytest.CaptureFixture[str], table: str
) -> None:
    deployed.aws.client("dynamodb").delete_table(TableName=f"clickstream-{table}")
    (failed,) = deployed.invoke(RECORDS)
    place = 5 if table == "attributed-checkouts" else 0
    assert failed == sequences(RECORDS)[place]
    (line,) = logs_of(said(capsys))
    assert line["level"] == "WARNING"
    assert line["message"] == "records are given back for a retry"
    assert line["error"].startswith("ResourceNotFoundException: ")
    assert f" clickstream-{table}: " in line["error"]
    assert len(deployed.bronze()) == 28


def test_a_missing_bucket_gives_back_the_batch_and_is_named_in_the_log(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed.configure(lake_uri="s3://nowhere")
    assert deployed.invoke(RECORDS) == sequences(RECORDS)[:1]
    (line,) = logs_of(said(capsys))
    assert "bronze/events/" in line["error"]
    assert "NoSuchBucket" in line["error"]
