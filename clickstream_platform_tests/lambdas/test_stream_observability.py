"""What an invocation says: metrics in CloudWatch's embedded format, and log lines that name what they are about."""

import time

import pytest

from clickstream_platform_tests.lambdas.deployed import REQUEST, Deployed, logs_of, metrics_of, said, sequences
from clickstream_platform_tests.lambdas.faults import FaultyProxy
from clickstream_platform_tests.lambdas.stream import Shard, event

UNITS = {
    "ingested": "Count",
    "rejected": "Count",
    "duplicates": "Count",
    "batch_size": "Count",
    "ingest_lag": "Milliseconds",
    "duration": "Milliseconds",
}


def test_a_batch_gives_one_line_of_metrics(deployed: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    sent = [event(event_id="a"), event(event_id="b"), event(event_id="a"), b"broken"]
    began = time.time()
    records = Shard().records(sent, arrived_at=began - 60)
    assert deployed.invoke(records) == []

    line, _ = metrics_of(said(capsys))
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Clickstream"
    assert directive["Dimensions"] == [["service", "stream"]]
    assert {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]} == UNITS
    assert {name: line[name] for name in ("ingested", "rejected", "duplicates", "batch_size")} == {
        "ingested": 3,
        "rejected": 1,
        "duplicates": 1,
        "batch_size": 4,
    }
    assert 60_000 <= line["ingest_lag"] < 60_000 + (time.time() - began) * 1000 + 1
    assert 0 < line["duration"] < (time.time() - began) * 1000
    assert abs(line["_aws"]["Timestamp"] / 1000 - began) < 60
    assert (line["service"], line["stream"]) == ("clickstream", "events")
    first, *_, last = sequences(records)
    assert line["source_id"] == f"events-shardId-000000000000-{first}-{last}"
    assert line["correlation_id"] == REQUEST


def test_reasons_of_refusal_are_a_dimension_of_their_own(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deployed.invoke(Shard().records([b"{", b"}", event(event_name="nonsense"), event()])) == []
    _, *lines = metrics_of(said(capsys))
    for line in lines:
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert directive["Dimensions"] == [["service", "stream", "reason"]]
        assert directive["Metrics"] == [{"Name": "rejected_by_reason", "Unit": "Count"}]
    assert {line["reason"]: line["rejected_by_reason"] for line in lines} == {"malformed_json": 2, "unknown_event": 1}


def test_a_batch_without_refusals_says_nothing_but_its_metrics(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deployed.invoke(Shard().records([event()])) == []
    (line,) = said(capsys)
    assert (line["ingested"], line["rejected"], line["duplicates"]) == (1, 0, 0)


def test_the_functions_name_is_the_service(
    deployed: Deployed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "shop-stream-processor")
    assert deployed.invoke(Shard().records([event(), b"broken"])) == []
    assert {line["service"] for line in said(capsys)} == {"shop-stream-processor"}


def test_a_refused_record_is_logged_with_reason_field_and_place(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    records = Shard().records([event(), event(event_name="purchase", value=-1, email="ann@example.com")])
    assert deployed.invoke(records) == []
    output = capsys.readouterr().out
    assert "ann@example.com" not in output
    assert f'"sequence":"{sequences(records)[1]}"' in output
    assert '"reason":"negative_amount","field":"value"' in output
    assert '"level":"WARNING"' in output


def test_records_that_are_given_back_are_logged_with_event_entity_and_correlation_id(
    deployed: Deployed, capsys: pytest.CaptureFixture[str], one_by_one: None
) -> None:
    """Of the first that is given back: the second entity's first event, as only its session could not be written."""
    records = Shard().records(
        [event(event_id=f"e{n}", anonymous_id=who) for n, who in enumerate(["ann", "ann", "bob"])]
    )
    calls = iter([None, None, None, None, "throttle"])
    with FaultyProxy(deployed.aws.endpoint, lambda: next(calls, None)) as proxy:
        deployed.through(proxy.endpoint, "DYNAMODB")
        assert deployed.invoke(records) == sequences(records)[2:]
    lines = said(capsys)
    (line,) = logs_of(lines)
    assert line["level"] == "WARNING"
    assert line["message"] == "records are given back for a retry"
    assert (line["event_id"], line["entity_id"], line["correlation_id"]) == ("e2", "bob", REQUEST)
    assert line["from_sequence"] == sequences(records)[2]
    assert line["error"] == "ThrottlingException: PutItem on clickstream-sessions: slow down"
    assert line["source_id"] == metrics_of(lines)[0]["source_id"]


def test_the_log_level_is_a_setting(
    deployed: Deployed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLICKSTREAM_LOG_LEVEL", "error")
    assert deployed.invoke(Shard().records([b"broken"])) == []
    assert logs_of(said(capsys)) == []
