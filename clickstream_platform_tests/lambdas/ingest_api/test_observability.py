"""What a request leaves in logs and metrics."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from clickstream_platform_tests.lambdas.deployed import logs_of, metrics_of
from clickstream_platform_tests.lambdas.deployed import said as logged
from clickstream_platform_tests.lambdas.ingest_api.harness import Api, event, events


def test_counts_and_lag_are_metrics(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    happened = (datetime.now(UTC) - timedelta(seconds=60)).isoformat()
    api.post([event(event_time=happened), {}, event(event_id=...), event("b", event_name="x"), event("c")])

    counts, *reasons = metrics_of(logged(capsys))
    wanted = {"ingested": 2, "rejected": 3, "duplicates": 0, "batch_size": 5}
    assert {name: counts[name] for name in wanted} == wanted
    assert 60_000 <= counts["ingest_lag"] < 70_000
    assert 0 < counts["duration"] < 30_000
    assert counts["source"] == "any"
    assert {line["reason"]: line["rejected_by_reason"] for line in reasons} == {"missing_field": 2, "unknown_event": 1}


def test_a_clock_that_is_ahead_makes_no_negative_lag(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.post(event(event_time=(datetime.now(UTC) + timedelta(hours=1)).isoformat()))
    assert metrics_of(logged(capsys))[0]["ingest_lag"] == 0


def test_refused_records_are_in_the_log_but_not_all_of_very_many(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.post([event("ann@example.com", country="x"), *({"event_id": f"r{number}"} for number in range(99)), event()])
    lines = logged(capsys)
    told = [line for line in logs_of(lines) if line["message"] == "a record was rejected"]
    assert len(told) == 20
    assert {**told[1], "timestamp": 0} == {
        "timestamp": 0,
        "level": "WARNING",
        "message": "a record was rejected",
        "service": "clickstream",
        "reason": "missing_field",
        "field": "event_name",
        "index": 1,
        "event_id": "r0",
        "source": "any",
        "correlation_id": "request-1",
    }
    assert "ann@example.com" not in json.dumps(lines)
    assert metrics_of(lines)[0]["rejected"] == 100


def test_a_replayed_request_counts_as_duplicates_and_nothing_else(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        capsys.readouterr()
        api.post([*events(3), {}], {"idempotency-key": "k"})
    lines = logged(capsys)
    (counts,) = metrics_of(lines)
    assert (counts["ingested"], counts["rejected"], counts["duplicates"]) == (0, 0, 3)
    assert [line["message"] for line in logs_of(lines)] == ["a request was answered before"]


def test_a_refused_request_is_counted_by_status(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.post(b"{")
    lines = logged(capsys)
    assert [(line["refused_requests"], line["status"]) for line in metrics_of(lines)] == [(1, "400")]
    assert logs_of(lines)[0]["correlation_id"] == "request-1"


def test_a_senders_address_is_nowhere(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.post([event(), {}], {"x-forwarded-for": "203.0.113.9"})
    api.post(b"{")
    assert "203.0.113" not in capsys.readouterr().out + json.dumps(api.on_stream())
