"""Bronze rebuilt from what the streams delivered to `raw/` says the same as bronze from the records themselves."""

import gzip
import json
import os
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import narwhals as nw
import pytest
from click.testing import CliRunner
from polars.testing import assert_frame_equal

from clickstream_platform.cli import main
from clickstream_platform.ingest import IngestOptions, ingest_raw
from clickstream_platform.ingest.local_store import LocalStore
from clickstream_platform.lake import Lake as Tables
from clickstream_platform.simulate import LiveShop, records_of_slot, slot_of
from clickstream_platform.transforms import events_clean, events_quarantine
from clickstream_platform_tests.contract.records import event
from clickstream_platform_tests.ingest.harness import Lake, events, jsonl

DAY = date(2024, 3, 5)
FOLDER = "raw/year=2024/month=03/day=05"


def deliver(lake: Lake, name: str, data: bytes, *, folder: str = FOLDER, arrived: str = "2024-03-05T12:00:00Z") -> Path:
    """An object as Firehose writes it."""
    path = lake.path / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data, mtime=0))
    moment = datetime.fromisoformat(arrived).timestamp()
    os.utime(path, (moment, moment))
    return path


def rebuild(lake: Lake, *days: date, **choices: Any) -> Any:
    return ingest_raw(days or (DAY,), IngestOptions(lake_uri=str(lake.path)), processes=1, **choices)


def silver(path: Path) -> list[Any]:
    """Good and quarantined events, but for where they come from: all of gold is made of them."""
    bronze = Tables(str(path)).scan("events")
    frame = nw.from_native(bronze)
    key = ["event_date", "event_id"]
    return [
        events_clean(frame, currency="USD").to_native().collect().sort(key),
        events_quarantine(frame, currency="USD").to_native().collect().sort(key).drop("source_id", "source_line"),
    ]


@pytest.mark.parametrize("between", [b"\n", b""], ids=["a line break behind each record", "nothing between"])
def test_silver_and_reasons_are_those_of_the_records_ingested_as_a_file(
    lake: Lake, tmp_path: Path, between: bytes
) -> None:
    shop = LiveShop(events=1500, seed=2, dirty_rate=0.08)
    first = slot_of(datetime(2024, 3, 4, 23, 50, tzinfo=UTC))
    records = [record for slot in range(first, first + 4) for record in records_of_slot(shop, slot)]
    if not between:  # what is no JSON object cannot be told apart without a line break
        records = [record for record in records if record.event]
    lines = [record.data for record in records]
    (tmp_path / "other").mkdir()
    direct = Lake(tmp_path / "other")
    taken = direct.take(jsonl(*lines))
    for number, place in enumerate(range(0, len(lines), 700)):
        hour = f"{FOLDER}/{number:02}"
        deliver(lake, "events-1.gz", b"".join(line + between for line in lines[place : place + 700]), folder=hour)

    summary = rebuild(lake)

    assert (summary.rows_read, summary.accepted) == (taken.rows_read, taken.accepted)
    assert summary.rejected == Counter(taken.rejected)
    assert len(summary.rejected) > 4 or not between
    for ours, theirs in zip(silver(lake.path), silver(direct.path), strict=True):
        assert len(ours)
        assert_frame_equal(ours, theirs)

    # Both at once, as when the stream processor has written the same events: nothing counts twice.
    for path in direct.objects("bronze/events"):
        (lake.path / path).write_bytes((direct.path / path).read_bytes())
    for ours, theirs in zip(silver(lake.path), silver(direct.path), strict=True):
        assert_frame_equal(ours, theirs)


def test_rebuilding_twice_adds_nothing(lake: Lake) -> None:
    deliver(lake, "a.gz", jsonl(*events(5), b"bad"))
    rebuild(lake)
    before = lake.state()

    assert rebuild(lake).accepted == 5
    assert lake.state() == before


def test_what_a_rebuild_does_not_give_any_more_goes(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(lake, "a.gz", jsonl(*events(2), event(event_id="old", event_time="2016-05-05T00:00:00Z"), b"bad"))
    rebuild(lake)
    assert len(lake.objects("bronze")) == 2

    later = IngestOptions(lake_uri=str(lake.path), earliest_event_time=datetime(2020, 1, 1, tzinfo=UTC))
    listed: list[str] = []
    genuine = LocalStore.list
    monkeypatch.setattr(LocalStore, "list", lambda self, prefix: listed.append(prefix) or genuine(self, prefix))
    summary = ingest_raw([DAY], later, processes=1)

    assert [row["event_id"] for row in lake.rows()] == ["e-0", "e-1"]
    assert summary.rejected == {"malformed_json": 1, "event_time_out_of_range": 1}
    assert date(2016, 5, 5) in summary.sources[0].days  # so that whoever is told recomputes that day
    assert "bronze/events" not in listed  # the ledger knows which objects there were


def test_bronze_that_was_lost_comes_back(lake: Lake) -> None:
    deliver(lake, "a.gz", jsonl(*events(5)))
    rebuild(lake)
    for path in lake.objects("bronze"):
        (lake.path / path).unlink()

    assert rebuild(lake, again=False).sources[0].status == "already_ingested"
    rebuild(lake)
    assert len(lake.rows()) == 5


def test_times_are_held_against_the_arrival(lake: Lake) -> None:
    ahead = event(event_id="ahead", event_time="2024-03-07T00:00:00Z")
    deliver(lake, "early.gz", jsonl(ahead), arrived="2024-03-05T12:00:00Z")
    deliver(lake, "late.gz", jsonl(ahead + b" "), arrived="2024-03-06T12:00:00Z")

    early, late = rebuild(lake).sources

    assert early.rejected == {"event_time_out_of_range": 1}
    assert late.accepted == 1
    assert [row["source_id"] for row in lake.rows()] == [late.source_id]


def test_only_the_days_asked_for_are_read_and_nothing_hidden(lake: Lake) -> None:
    deliver(lake, "a.gz", jsonl(*events(1)))
    deliver(lake, "a.gz", jsonl(*events(2)), folder="raw/year=2024/month=03/day=06/23")
    deliver(lake, "_part.gz", jsonl(*events(3)))
    deliver(lake, "a.gz", jsonl(*events(4)), folder="raw/landing/events/year=2024/month=03/day=05")

    assert [source.accepted for source in rebuild(lake).sources] == [1]
    assert [source.accepted for source in rebuild(lake, DAY, date(2024, 3, 6), date(2024, 3, 7)).sources] == [1, 2]
    assert rebuild(lake, date(2024, 3, 7)).sources == []


def test_records_are_never_taken_for_another_format(lake: Lake) -> None:
    """A first record that looks like the beginning of an array or of a table makes no array and no table."""
    for country, first in (("DE", b'["x",1]'), ("FR", b"event_id,event_name,event_time,user_id")):
        deliver(lake, f"{country}.gz", jsonl(first, *events(2, country=country)))
    for source in rebuild(lake).sources:
        assert (source.accepted, sum(source.rejected.values())) == (2, 1)


def run(lake: Lake, *arguments: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("CLICKSTREAM_LAKE_URI", str(lake.path))
    return CliRunner().invoke(main, ["rebuild-bronze", "--processes", "1", *arguments])


def test_the_command_rebuilds_a_range_of_days(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(lake, "a.gz", jsonl(*events(2)))
    deliver(lake, "b.gz", jsonl(*events(3), b"bad"), folder="raw/year=2024/month=03/day=06")

    result = run(lake, "--from", "2024-03-05", "--to", "2024-03-06", monkeypatch=monkeypatch)

    assert result.exit_code == 0, result.output
    assert "6 records" in result.stdout
    assert "malformed_json 1" in result.stdout
    assert {message["dataset"] for message in lake.queue()} == {"events"}
    again = run(lake, "--from", "2024-03-05", "--only-new", monkeypatch=monkeypatch)
    assert "already ingested" in again.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "say which days"),
        (["--from", "2024-03-05", "--to", "2024-03-04"], "is before"),
        (["--from", "2999-01-01"], "has not come yet"),
        (["--from", "yesterday"], "does not match the format"),
        (["--from", "2024-03-05"], "nothing was delivered"),
    ],
)
def test_the_command_says_what_is_wrong(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, arguments: list[str], says: str
) -> None:
    result = run(lake, *arguments, monkeypatch=monkeypatch)
    assert result.exit_code == 2
    assert says in result.stderr


def test_the_message_names_the_event_days(lake: Lake) -> None:
    deliver(lake, "a.gz", jsonl(event(event_time="2024-02-01T00:00:00Z")))
    rebuild(lake)
    assert json.loads((lake.path / lake.objects("_queue")[0]).read_bytes())["days"] == {"2024-02-01": 1}
