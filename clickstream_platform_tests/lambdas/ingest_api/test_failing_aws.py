"""Kinesis and DynamoDB that throttle, break off or are not there: what the sender is told, and what was put."""

import itertools
import time
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from clickstream_platform.lambdas.ingest_api.records import Judge
from clickstream_platform_tests.lambdas.deployed import logs_of, metrics_of
from clickstream_platform_tests.lambdas.deployed import said as logged
from clickstream_platform_tests.lambdas.faults import FaultyProxy
from clickstream_platform_tests.lambdas.ingest_api.harness import IMPATIENT, STREAM, Api, RefusingKinesis, event, events

KEY = {"idempotency-key": "k"}
THROTTLED = "ProvisionedThroughputExceededException"
Records = Sequence[Mapping[str, Any]]


def keys_of(*wanted: str) -> Any:
    """Refuses the records of some partition keys for ever."""
    return lambda number, records: {
        place: THROTTLED for place, one in enumerate(records) if one["PartitionKey"] in wanted
    }


def test_only_what_kinesis_refuses_is_put_again(api: Api) -> None:
    def refuse(number: int, records: Records) -> dict[int, str]:
        return [{1: THROTTLED, 3: "InternalFailure"}, {1: THROTTLED}, {}][number]

    with RefusingKinesis(api.aws.endpoint, refuse) as kinesis:
        api.through(kinesis.endpoint, "KINESIS")
        assert api.post(events(5)).body["accepted"] == 5
    assert kinesis.calls == [["a0", "a1", "a2", "a3", "a4"], ["a1", "a3"], ["a3"]]
    assert api.ids() == ["e0", "e1", "e2", "e3", "e4"]


def test_only_the_stream_that_refuses_gets_records_again(api: Api) -> None:
    api.aws.client("kinesis").create_stream(StreamName="checkouts", ShardCount=1)
    with RefusingKinesis(api.aws.endpoint, lambda number, records: {0: THROTTLED} if number == 1 else {}) as kinesis:
        api.configure(streams=f"{STREAM},checkouts")
        api.through(kinesis.endpoint, "KINESIS")
        names = ["purchase", "page_view", "refund"]
        api.post([event(name, event_name=name, anonymous_id=name) for name in names])
    assert kinesis.calls == [["purchase", "refund"], ["page_view"], ["page_view"]]
    assert (api.ids(), api.ids("checkouts")) == (["page_view"], ["purchase", "refund"])


def test_a_stream_with_too_much_to_do_is_said_with_what_was_taken(api: Api) -> None:
    api.configure(storage_timeout_seconds=IMPATIENT)
    with RefusingKinesis(api.aws.endpoint, keys_of("a1", "a2")) as kinesis:
        api.through(kinesis.endpoint, "KINESIS")
        body = [events(1)[0], {}, *events(4)[1:]]
        said = api.post(body, KEY)
    assert (said.status, int(said.headers["retry-after"]) > 0) == (429, True)
    assert (said.body["accepted"], said.body["refused"], said.body["taken"]) == (2, 1, [0, 4])
    assert said.reasons == [(1, "missing_field", "event_id")]
    assert "send all of it again" in said.body["error"]
    assert api.ids() == ["e0", "e3"]

    api.through(api.aws.endpoint, "KINESIS")
    again = api.post(body, KEY)
    assert (again.status, "idempotent-replayed" in again.headers) == (202, False)
    assert api.ids() == ["e0", "e0", "e1", "e2", "e3", "e3"]


def test_patience_is_for_the_whole_request(api: Api) -> None:
    api.configure(storage_timeout_seconds="1")
    with RefusingKinesis(api.aws.endpoint, lambda number, records: {0: THROTTLED}) as kinesis:
        api.through(kinesis.endpoint, "KINESIS")
        begun = time.monotonic()
        assert api.post(events(20)).status == 429
    assert 0.9 < time.monotonic() - begun < 4
    assert 3 <= len(kinesis.calls) <= 60


@pytest.mark.parametrize(("fault", "status"), [("throttle", 429), ("error", 503), ("lost", 503)])
def test_a_kinesis_that_does_not_answer_is_a_fault_that_passes(api: Api, fault: str, status: int) -> None:
    api.configure(storage_timeout_seconds=IMPATIENT)
    with FaultyProxy(api.aws.endpoint, lambda: fault) as proxy:
        api.through(proxy.endpoint, "KINESIS")
        said = api.post(event(), KEY)
    assert (said.status, "retry-after" in said.headers) == (status, True)
    if status == 503:
        assert said.body == {"correlation_id": "request-1"}
    api.through(api.aws.endpoint, "KINESIS")
    assert "idempotent-replayed" not in api.post(event(), KEY).headers


@pytest.mark.parametrize("fault", ["throttle", "error", "lost"])
def test_a_fault_that_passes_in_time_is_not_told(api: Api, fault: str) -> None:
    faults = itertools.chain([fault, fault], itertools.repeat(None))
    with FaultyProxy(api.aws.endpoint, lambda: next(faults)) as proxy:
        api.through(proxy.endpoint, "KINESIS")
        assert api.post(event()).status == 202
    assert set(api.ids()) == {"e1"}


def test_records_that_fail_inside_of_kinesis_are_no_throttling(api: Api) -> None:
    api.configure(storage_timeout_seconds=IMPATIENT)
    codes = {0: "InternalFailure", 1: THROTTLED}
    with RefusingKinesis(
        api.aws.endpoint, lambda number, records: dict(list(codes.items())[: len(records)])
    ) as kinesis:
        api.through(kinesis.endpoint, "KINESIS")
        said = api.post(events(2))
    assert (said.status, said.body) == (503, {"correlation_id": "request-1"})


def test_a_missing_stream_is_our_fault_and_only_an_id_is_told(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.configure(streams="nowhere")
    begun = time.monotonic()
    said = api.post(event(), KEY)
    assert (said.status, said.body) == (500, {"correlation_id": "request-1"})
    assert time.monotonic() - begun < 10  # trying again would not help
    (line,) = [one for one in logs_of(logged(capsys)) if one["level"] == "ERROR"]
    assert "nowhere" in line["error"]
    assert line["correlation_id"] == "request-1"

    api.configure(streams=STREAM)
    assert api.post(event(), KEY).status == 202


def test_a_fault_of_the_program_is_an_answer_too(
    api: Api, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr(Judge, "judge", broken)
    api.configure(cors_origins="*")
    said = api.post(event(), KEY)
    assert (said.status, said.body) == (500, {"correlation_id": "request-1"})
    assert said.headers["access-control-allow-origin"] == "*"
    lines = logged(capsys)
    assert "a secret" in logs_of(lines)[0]["error"]
    assert metrics_of(lines)[0]["failed_requests"] == 1


@pytest.mark.parametrize("fault", ["throttle", "error", "lost"])
def test_without_dynamodb_nothing_is_put_under_a_key(api: Api, fault: str) -> None:
    api.configure(storage_timeout_seconds=IMPATIENT)
    with FaultyProxy(api.aws.endpoint, lambda: fault) as proxy:
        api.through(proxy.endpoint, "DYNAMODB")
        said = api.post(event("a"), KEY)
        assert (said.status, said.body, "retry-after" in said.headers) == (503, {"correlation_id": "request-1"}, True)
        assert api.post(event("b")).status == 202
    assert api.ids() == ["b"]


def test_an_answer_that_cannot_be_kept_is_given_all_the_same(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.configure(storage_timeout_seconds=IMPATIENT)
    faults = itertools.chain([None], itertools.repeat("error"))
    with FaultyProxy(api.aws.endpoint, lambda: next(faults)) as proxy:
        api.through(proxy.endpoint, "DYNAMODB")
        assert api.post(event(), KEY).status == 202
    assert any("is not kept" in line["message"] for line in logs_of(logged(capsys)))
    assert api.ids() == ["e1"]
    api.through(api.aws.endpoint, "DYNAMODB")
    assert api.post(event(), KEY).status == 409  # until the lease of the attempt ends


def test_a_key_that_cannot_be_given_back_does_not_hide_the_fault(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.configure(storage_timeout_seconds=IMPATIENT)
    faults = itertools.chain([None], itertools.repeat("error"))
    with (
        FaultyProxy(api.aws.endpoint, lambda: next(faults)) as proxy,
        RefusingKinesis(api.aws.endpoint, keys_of("ann")) as kinesis,
    ):
        api.through(proxy.endpoint, "DYNAMODB")
        api.through(kinesis.endpoint, "KINESIS")
        assert api.post(event(), KEY).status == 429
    assert any("lease" in line["message"] for line in logs_of(logged(capsys)))
