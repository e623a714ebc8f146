"""What the landing sensor takes, leaves and remembers; what the asset does with it."""

import json
import os
from pathlib import Path

import dagster as dg
import pytest

from clickstream_platform.config import get_settings
from clickstream_platform.lib import landing
from clickstream_platform.lib.bronze import LANDING_KEY
from clickstream_platform.lib.landing_asset import landing_files, landing_sensor

EVENT = {"event_id": "e1", "event_name": "page_view", "event_time": "2024-03-01T10:00:00Z", "anonymous_id": "a1"}


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLICKSTREAM_LAKE_URI", str(tmp_path))
    get_settings.cache_clear()
    return tmp_path


def drop(lake: Path, name: str, *records: object) -> Path:
    path = lake / "landing" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def look(instance: dg.DagsterInstance, cursor: str | None) -> tuple[list[dg.RunRequest], str | None]:
    """One tick of the sensor."""
    with dg.build_sensor_context(instance=instance, cursor=cursor) as context:
        result = landing_sensor(context)
        if isinstance(result, dg.SensorResult):
            return list(result.run_requests or []), result.cursor
        return [], context.cursor


def ingest(instance: dg.DagsterInstance, files: list[str] | None = None) -> dg.ExecuteInProcessResult:
    config = {"ops": {"landing__files": {"config": {"files": files or []}}}}
    return dg.materialize([landing_files], instance=instance, run_config=config)


def files_of(request: dg.RunRequest) -> list[str]:
    return request.run_config["ops"]["landing__files"]["config"]["files"]


def test_a_file_is_taken_at_the_second_look(lake: Path) -> None:
    instance = dg.DagsterInstance.ephemeral()
    drop(lake, "events/a.jsonl", EVENT)
    first, cursor = look(instance, None)
    second, _ = look(instance, cursor)
    assert first == []
    assert [files_of(request) for request in second] == [["events/a.jsonl"]]


def test_a_growing_file_is_left_until_it_rests(lake: Path) -> None:
    instance = dg.DagsterInstance.ephemeral()
    path = drop(lake, "events/a.jsonl", EVENT)
    _, cursor = look(instance, None)
    with path.open("a") as file:
        file.write(json.dumps({**EVENT, "event_id": "e2"}) + "\n")
    grown, cursor = look(instance, cursor)
    rested, _ = look(instance, cursor)
    assert (len(grown), len(rested)) == (0, 1)


def test_hidden_files_are_no_drops(lake: Path) -> None:
    drop(lake, "events/.a.jsonl.part", EVENT)
    drop(lake, "_tmp/a.jsonl", EVENT)
    assert landing.dropped_files(lake / "landing") == []


def test_an_ingested_file_is_put_away_and_its_rows_are_in_bronze(lake: Path) -> None:
    path = drop(lake, "events/a.jsonl", EVENT)
    assert ingest(dg.DagsterInstance.ephemeral()).success
    assert not path.exists()
    assert [p.name.partition("-")[2] for p in (lake / "raw").rglob("*.jsonl")] == ["a.jsonl"]
    assert len(list((lake / "bronze/events/year=2024/month=03/day=01").glob("*.parquet"))) == 1


def test_the_same_content_again_starts_no_run(lake: Path) -> None:
    instance = dg.DagsterInstance.ephemeral()
    drop(lake, "events/a.jsonl", EVENT)
    ingest(instance)
    again = drop(lake, "events/b.jsonl", EVENT)
    _, cursor = look(instance, None)
    requests, cursor = look(instance, cursor)
    assert requests == []
    assert not again.exists()
    assert json.loads(cursor or "") == {}


def test_a_file_that_cannot_be_read_waits_longer_each_time(lake: Path) -> None:
    seen: dict[str, landing.Seen] = {}
    drop(lake, "events/a.jsonl", EVENT)
    [file] = landing.dropped_files(lake / "landing")
    seen = landing.remember([file], [], seen, now=0)
    waits = []
    now = 0.0
    for _ in range(8):
        assert landing.due_files([file], seen, now) == [file]
        seen = landing.remember([file], [file], seen, now)
        assert landing.due_files([file], seen, seen[file.name].next_try - 1) == []
        waits.append(seen[file.name].next_try - now)
        now = seen[file.name].next_try
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_a_changed_file_is_tried_anew(lake: Path) -> None:
    path = drop(lake, "events/a.jsonl", EVENT)
    [file] = landing.dropped_files(lake / "landing")
    seen = landing.remember([file], [file], landing.remember([file], [], {}, 0), 0)
    os.utime(path, ns=(1, 1))
    [changed] = landing.dropped_files(lake / "landing")
    assert landing.due_files([changed], landing.remember([changed], [], seen, 1), 1) == [changed]


def test_one_unreadable_file_does_not_hold_up_the_others(lake: Path) -> None:
    drop(lake, "events/a.jsonl", EVENT)
    mystery = drop(lake, "mystery.jsonl", EVENT)
    result = ingest(dg.DagsterInstance.ephemeral())
    checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
    assert result.success
    assert not checks["files_are_readable"].passed
    assert "mystery.jsonl" in (checks["files_are_readable"].description or "")
    assert mystery.exists()
    assert list((lake / "bronze/events").rglob("*.parquet"))


def test_too_many_rejected_records_fail_a_check(lake: Path) -> None:
    drop(lake, "events/a.jsonl", EVENT, {**EVENT, "event_name": "dance"})
    result = ingest(dg.DagsterInstance.ephemeral())
    check = next(c for c in result.get_asset_check_evaluations() if c.check_name == "rejected_share")
    assert not check.passed
    assert check.description == "1 of 2 records rejected (50.00%, at most 5.00%)"
    metadata = result.asset_materializations_for_node("landing__files")[0].metadata
    assert metadata["records rejected"].value == 1


def test_only_the_files_asked_for_are_ingested(lake: Path) -> None:
    drop(lake, "events/a.jsonl", EVENT)
    other = drop(lake, "events/b.jsonl", {**EVENT, "event_id": "e2"})
    ingest(dg.DagsterInstance.ephemeral(), ["events/a.jsonl"])
    assert other.exists()


def test_a_remote_lake_is_left_to_the_lambda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKSTREAM_LAKE_URI", "s3://shop/lake")
    get_settings.cache_clear()
    with dg.build_sensor_context(instance=dg.DagsterInstance.ephemeral()) as context:
        assert isinstance(landing_sensor(context), dg.SkipReason)
    assert dg.AssetKey(["landing", "files"]) == LANDING_KEY
