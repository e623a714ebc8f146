"""Objects in `landing/`: ingested as on a laptop, put away, and never lost."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import zstandard

from clickstream_platform.ingest import IngestOptions, ingest_sources
from clickstream_platform.ingest.ledger import Ledger
from clickstream_platform.lambdas.file_ingest.handler import file_ingest
from clickstream_platform.lambdas.file_ingest.originals import Originals
from clickstream_platform.lambdas.file_ingest.taking import NotIngested
from clickstream_platform_tests.ingest.harness import events, jsonl
from clickstream_platform_tests.lambdas.file_ingest.bucket import (
    BUCKET,
    Lake,
    created,
    gz,
    invoke,
    outcome,
    printed,
    through_eventbridge,
    through_sqs,
)

CUSTOMERS = b"customer_id,email,name\nC1,ann@example.com,Ann\nC2,bob@example.com,Bob\n"
TODAY = f"year={datetime.now(UTC):%Y}/month={datetime.now(UTC):%m}"
LINEAGE = {"source_time"}


def array(*records: bytes) -> bytes:
    return b"[" + b",\n".join(records) + b"]"


@pytest.mark.parametrize(
    ("name", "data", "dataset", "accepted"),
    [
        ("events/a.jsonl", jsonl(*events(3)), "events", 3),
        ("events/a.json", array(*events(3)), "events", 3),
        ("events/a.jsonl.gz", gz(jsonl(*events(3))), "events", 3),
        ("events/a.jsonl.zst", zstandard.compress(jsonl(*events(3))), "events", 3),
        ("customers/c.csv", CUSTOMERS, "customers", 2),
        ("products/p.csv", b"product_id,name,category,price\nP1,Mug,mugs,2.50\n", "products", 1),
        ("marketing_spend/s.csv", b"date,channel,cost\n2024-03-01,Display,9.50\n", "marketing_spend", 1),
    ],
)
def test_every_format_ends_in_bronze_as_by_the_command(
    lake: Lake, tmp_path: Path, name: str, data: bytes, dataset: str, accepted: int
) -> None:
    found = outcome(created(lake.drop(name, data)))

    assert (found["status"], found["accepted"]) == ("new", accepted)
    assert lake.paths("landing/") == []
    (original,) = lake.paths("raw/")
    assert original.startswith(f"raw/landing/{dataset}/{TODAY}/day=")
    assert original.endswith("-" + name.rpartition("/")[2])
    assert lake.body(original) == data

    laptop = tmp_path / "landing" / name
    laptop.parent.mkdir(parents=True)
    laptop.write_bytes(data)
    ingest_sources([laptop], IngestOptions(lake_uri="s3://shop-lake/other"), processes=1)
    other = lake.s3.list_objects_v2(Bucket=BUCKET, Prefix="other/bronze/")["Contents"]
    assert sorted(one["Key"].removeprefix("other/") for one in other) == lake.paths("bronze/")
    assert len(lake.rows(dataset)) == accepted


def test_the_same_object_twice_adds_nothing(lake: Lake) -> None:
    key = lake.drop("events/a.jsonl", jsonl(*events(5)))
    invoke(created(key))
    before = lake.state()

    assert outcome(created(key)) == {"object": "landing/events/a.jsonl", "status": "gone"}
    assert outcome(created(lake.drop("events/a.jsonl", jsonl(*events(5)))))["status"] == "already_ingested"
    assert lake.state() == before


@pytest.mark.parametrize("wrap", [created, lambda key: through_sqs(created(key)), through_eventbridge])
def test_keys_with_spaces_and_accents_are_found(lake: Lake, wrap: Any) -> None:
    key = lake.drop("events/März + 1 %.jsonl", jsonl(*events(1)))

    assert outcome(wrap(key))["accepted"] == 1
    assert lake.paths("landing/") == []


def test_many_records_in_one_invocation_are_all_taken(lake: Lake) -> None:
    keys = [lake.drop(f"events/{n}.jsonl", jsonl(*events(1, country="DE", url=f"https://x.com/{n}"))) for n in range(3)]

    found = invoke(through_sqs(created(keys[0], keys[1]), created(keys[1]), through_eventbridge(keys[2])))["objects"]

    assert [one["status"] for one in found] == ["new", "new", "new"]


def test_what_is_not_for_ingest_is_passed_over(lake: Lake) -> None:
    test_event = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": BUCKET}
    key = lake.drop("events/a.jsonl", jsonl(*events(1)))
    removed = {"Records": [{**created(key)["Records"][0], "eventName": "ObjectRemoved:Delete"}]}
    lake.drop("events/", b"")

    for event in (
        test_event,
        through_sqs(test_event),
        removed,
        through_eventbridge(key, "Object Deleted"),
        created("lake/landing/events/"),
        created("lake/landing/events/_temporary/a.jsonl"),
        created("lake/raw/landing/events/year=2024/month=01/day=01/x-landing.jsonl"),
    ):
        assert invoke(event) == {"objects": []}
    assert lake.paths("bronze/") == []


@pytest.mark.parametrize(
    "event", [{}, {"Records": [{}]}, {"Records": "x"}, {"Records": [{"eventSource": "aws:sqs", "body": "x"}]}]
)
def test_other_events_are_refused(lake: Lake, event: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not a notification of S3"):
        invoke(event)


def test_an_object_of_another_bucket_is_no_silent_loss(lake: Lake) -> None:
    with pytest.raises(NotIngested, match="s3://elsewhere/lake/landing/events/a is not below s3://shop-lake/lake/"):
        invoke(created("lake/landing/events/a", bucket="elsewhere"))


def test_an_unknown_dataset_is_named_and_its_object_stays(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    bad, good = lake.drop("refunds/a.jsonl", b"{}"), lake.drop("events/a.jsonl", jsonl(*events(2)))

    with pytest.raises(NotIngested, match=r"landing/refunds/a.jsonl: unknown dataset.*one of events, customers"):
        invoke(created(bad, good))

    assert lake.paths("landing/") == ["landing/refunds/a.jsonl"]
    assert len(lake.rows()) == 2
    assert [line["level"] for line in printed(capsys.readouterr().out.splitlines(), "error")] == ["ERROR"]


def test_an_unreadable_object_stays_and_fails_the_invocation(lake: Lake) -> None:
    key = lake.drop("events/a.jsonl", b"PAR1 is how Parquet begins")

    for _ in range(2):
        with pytest.raises(NotIngested, match=r"landing/events/a.jsonl: is a Parquet file"):
            invoke(created(key))
    assert lake.paths("landing/") == ["landing/events/a.jsonl"]
    assert lake.paths("raw/", "bronze/") == []


@pytest.mark.parametrize(
    ("data", "accepted", "rejected"),
    [
        (b"", 0, {}),
        (jsonl(*events(2), b"x" * (10 << 20), *events(1, country="FR")), 3, {"too_large": 1}),
        (gz(jsonl(*events(4000)))[:-200], None, {"truncated_input": 1}),
        (jsonl(b"bad", b"[1]", *events(1)), 1, {"malformed_json": 1, "not_an_object": 1}),
    ],
    ids=["zero bytes", "a line of 10 MB", "gzip that breaks off", "bad records"],
)
def test_bad_content_is_rejected_and_the_original_put_away(
    lake: Lake, data: bytes, accepted: int | None, rejected: dict[str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    found = outcome(created(lake.drop("events/a.jsonl", data)))

    assert found["rejected"] == rejected
    assert accepted in (None, found["accepted"])
    assert (accepted is not None) or found["accepted"] > 100
    assert len(lake.rows()) == found["accepted"]
    assert sorted(row["reason"] for row in lake.rows(layer="rejected")) == sorted(rejected)
    assert lake.paths("landing/") == []
    assert len(lake.paths("raw/")) == 1
    metrics = printed(capsys.readouterr().out.splitlines(), "_aws")
    assert [line["rejected"] for line in metrics if "rejected" in line] == [sum(rejected.values())]
    assert {line["reason"]: line["rejected_by_reason"] for line in metrics if "reason" in line} == rejected
    assert [line["bytes"] for line in metrics if "bytes" in line] == [len(data)]


def test_two_invocations_at_once_for_one_object_end_in_one_place(lake: Lake) -> None:
    data = jsonl(*events(2000), b"bad")
    for round_number in range(3):
        key = lake.drop(f"events/{round_number}.jsonl", data)
        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(lambda event: invoke(event)["objects"][0]["status"], [created(key)] * 2))
        assert set(found) <= {"new", "already_ingested", "gone"}
    assert len(lake.rows()) == 2000
    assert len(lake.rows(layer="rejected")) == 1
    assert lake.paths("landing/", "_ledger/_started") == []
    assert len(lake.paths("raw/")) == 3


class Killed(BaseException):
    pass


def test_killed_at_every_step_and_run_again_ends_in_the_same_place(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    data = jsonl(*events(3), b"bad")
    key = lake.drop("events/a.jsonl", data)
    invoke(created(key))
    wanted = lake.state()
    store = type(file_ingest().store)
    steps = [(store, name) for name in ("put", "create", "move_in", "delete", "fetched")] + [(Originals, "move")]
    for owner, name in steps:
        for after in (False, True):
            for path in lake.paths():
                lake.s3.delete_object(Bucket=BUCKET, Key=f"lake/{path}")
            lake.drop("events/a.jsonl", data)
            genuine = getattr(owner, name)

            def dying(*arguments: Any, genuine: Any = genuine, after: bool = after) -> Any:
                if after:
                    genuine(*arguments)
                raise Killed

            with monkeypatch.context() as patched:
                patched.setattr(owner, name, dying)
                with pytest.raises(Killed):
                    invoke(created(key))
            invoke(created(key))
            assert lake.state() == wanted, (name, after)


def test_an_object_overwritten_meanwhile_is_neither_lost_nor_mistaken(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = jsonl(*events(1)), jsonl(*events(2, country="DE"))
    key = lake.drop("events/a.jsonl", old)
    genuine = Ledger.end

    def overwriting(self: Ledger, report: Any) -> bool:
        lake.drop("events/a.jsonl", new)
        return genuine(self, report)

    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "end", overwriting)
        invoke(created(key))
    assert lake.body("landing/events/a.jsonl") == new
    assert lake.paths("raw/") == []

    assert outcome(created(key))["accepted"] == 2
    assert [lake.body(path) for path in lake.paths("raw/")] == [new]


def test_times_are_held_against_the_arrival_and_not_against_the_clock(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLICKSTREAM_MAX_FUTURE_SECONDS", "0")
    key = lake.drop("events/a.jsonl", jsonl(*events(1)))
    options = file_ingest().options
    limits = type(options).limits
    seen: list[Any] = []
    monkeypatch.setattr(type(options), "limits", lambda self, clock=None: seen.append(clock) or limits(self, clock))

    invoke(created(key))

    (clock,) = seen
    assert abs((clock - datetime.now(UTC)).total_seconds()) < 60


def test_every_line_of_the_log_is_json_and_names_the_invocation(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    invoke(
        created(lake.drop("events/a.jsonl", jsonl(*events(2, email="ann@example.com"), b'{"email":"ann@example.com"')))
    )

    out = capsys.readouterr().out
    assert {json.loads(line)["correlation_id"] for line in out.splitlines()} == {"request-1"}
    assert "ann@example.com" not in out


def test_nothing_is_left_in_the_folder_for_temporary_files(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for data in (jsonl(*events(2), b"bad"), b"PAR1"):
        try:
            invoke(created(lake.drop("events/a.jsonl", data)))
        except NotIngested:
            continue
    assert list(tmp_path.iterdir()) == []
