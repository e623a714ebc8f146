"""Records that are no events: each is refused with its reason, keeps nobody waiting, and is lost to nobody."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clickstream_platform.lambdas.stream_processor.handler import handler
from clickstream_platform_tests.lambdas.deployed import Deployed, logs_of, said, sequences
from clickstream_platform_tests.lambdas.stream import ARRIVED, Shard, event

LARGEST = 1_048_576
GOOD = event()


def with_data(record: dict[str, Any], data: str) -> dict[str, Any]:
    """The record with other data, as it stands in the invocation."""
    return {**record, "kinesis": {**record["kinesis"], "data": data}}


def refused(deployed: Deployed) -> list[tuple[int, str]]:
    return sorted((row["line"], row["reason"]) for row in deployed.rejected())


def padded(size: int, **fields: Any) -> bytes:
    """A good event of exactly so many bytes."""
    short = event(**fields, notes=[""])
    return event(**fields, notes=["x" * (size - len(short))])


BAD = [
    (b"\xff\xfe{}", "invalid_encoding", None),
    (b'{"event_id": "e', "malformed_json", None),
    (b"", "malformed_json", None),
    (b"[]", "not_an_object", None),
    (event(event_name="nonsense"), "unknown_event", "event_name"),
    (event(anonymous_id=None), "missing_field", "user_id"),
    (event(event_time="2001-01-01T00:00:00Z"), "event_time_out_of_range", "event_time"),
    (event(event_name="purchase", value=-1), "negative_amount", "value"),
]


def test_a_batch_of_only_bad_records_is_refused_whole_and_done(deployed: Deployed) -> None:
    records = Shard().records([data for data, _, _ in BAD])

    assert deployed.invoke(records) == []
    assert deployed.objects("bronze/") == []
    assert not any(deployed.live().values())
    rows = sorted(deployed.rejected(), key=lambda row: row["line"])
    assert [(row["reason"], row["field"]) for row in rows] == [(reason, field) for _, reason, field in BAD]
    assert [row["record_bytes"] for row in rows] == [len(data) for data, _, _ in BAD]
    assert {row["source"] for row in rows} == {"events/shardId-000000000000"}
    # Where it lies in the stream, so that it can be read again.
    assert [row["detail"].rpartition(" ")[2] for row in rows] == sequences(records)
    assert rows[1]["record"] == '{"event_id": "e'
    assert '"nonsense"' in rows[4]["record"]


def test_good_records_go_on_between_bad_ones(deployed: Deployed) -> None:
    between = [part for number, (data, _, _) in enumerate(BAD) for part in (data, event(event_id=f"e{number}"))]

    assert deployed.invoke(Shard().records(between)) == []
    assert sorted(row["event_id"] for row in deployed.bronze()) == [f"e{number}" for number in range(len(BAD))]
    assert len(deployed.rejected()) == len(BAD)
    assert [cell["events"] for cell in deployed.live()["metrics"]] == [len(BAD)]


def test_refusing_again_at_a_retry_adds_nothing(deployed: Deployed) -> None:
    records = Shard().records([data for data, _, _ in BAD])
    assert deployed.invoke(records) == deployed.invoke(records) == []
    assert len(deployed.rejected()) == len(BAD)


@pytest.mark.parametrize("data", ["%%%", "e30", "ä==", "=", "e30=\n"])
def test_data_that_is_no_base64_is_refused_alone(deployed: Deployed, data: str) -> None:
    first, second, third = Shard().records([event(event_id="a"), b"", event(event_id="c")])

    assert deployed.invoke([first, with_data(second, data), third]) == []
    (row,) = deployed.rejected()
    assert (row["line"], row["reason"], row["record"]) == (2, "invalid_encoding", data)
    assert "not base64" in row["detail"]
    assert sorted(row["event_id"] for row in deployed.bronze()) == ["a", "c"]


def test_records_of_a_megabyte_are_taken_and_longer_ones_refused(deployed: Deployed) -> None:
    records = Shard().records(
        [padded(LARGEST, event_id="fits"), padded(LARGEST + 1, event_id="too long"), b"\xff" * LARGEST]
    )

    assert deployed.invoke(records) == []
    (row,) = deployed.bronze()
    assert row["event_id"] == "fits"
    assert len(row["properties"]) > LARGEST - 1000
    assert refused(deployed) == [(2, "too_large"), (3, "invalid_encoding")]
    assert max(len(row["record"]) for row in deployed.rejected()) <= 8192


def test_personal_data_of_a_refused_record_is_not_kept(deployed: Deployed) -> None:
    bad = event(event_name="nonsense", email="ann@example.com", ip="203.0.113.9")
    assert deployed.invoke(Shard().records([bad])) == []
    (row,) = deployed.rejected()
    assert "ann@example.com" not in row["record"]
    assert "203.0.113.9" not in row["record"]


def test_an_empty_invocation_is_nothing_to_do(deployed: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    assert deployed.invoke([]) == []
    assert deployed.objects("") == []
    assert said(capsys) == []


@pytest.mark.parametrize(
    "invocation",
    [
        {},
        {"Records": None},
        {"Records": [{"messageId": "1", "body": "{}", "eventSource": "aws:sqs"}]},
        {"Records": [{"eventSource": "aws:s3", "s3": {"object": {"key": "landing/events/a.jsonl"}}}]},
        {"Records": [{**Shard().records([GOOD])[0], "kinesis": {"data": "e30="}}]},
        {"Records": "text"},
        [],
        "text",
        None,
    ],
)
def test_what_is_no_event_of_a_stream_fails_the_invocation(deployed: Deployed, invocation: Any) -> None:
    with pytest.raises(ValueError, match="not an event of a Kinesis stream"):
        handler(invocation, None)
    assert deployed.objects("") == []


def ahead(seconds: float) -> str:
    return (datetime.fromtimestamp(ARRIVED, UTC) + timedelta(seconds=seconds)).isoformat()


def test_a_clock_that_runs_ahead_is_judged_by_the_records_own_arrival(deployed: Deployed) -> None:
    """The same at every retry, whichever records it comes with, and however late it is."""
    deployed.configure(max_future_seconds="3600")
    shard = Shard()
    skewed = event(event_id="skewed", event_time=ahead(3601))
    records = [
        *shard.records([event(event_id="edge", event_time=ahead(3600)), skewed], ARRIVED),
        # This one moves the limit of the batch: by its own arrival the same event would be fine.
        *shard.records([event(event_id="later", event_time=ahead(3601))], ARRIVED + 10),
    ]

    assert deployed.invoke(records) == []
    assert refused(deployed) == [(2, "event_time_out_of_range")]
    for batch in ([records[1]], records[:2], records[1:], records):
        assert deployed.invoke(batch) == []
    assert {row["event_id"] for row in deployed.bronze()} == {"edge", "later"}
    why = f"{ahead(3601)} is too far in the future; sequence number {sequences(records)[1]}"
    assert {(row["reason"], row["detail"]) for row in deployed.rejected()} == {("event_time_out_of_range", why)}


def test_only_the_first_refusals_of_a_batch_are_logged(deployed: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    records = Shard().records([b"nonsense"] * 50)
    assert deployed.invoke(records) == []
    logged = logs_of(said(capsys))
    assert [line["sequence"] for line in logged] == sequences(records)[:20]
    assert len(deployed.rejected()) == 50
