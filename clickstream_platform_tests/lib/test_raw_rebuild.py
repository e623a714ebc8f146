"""The job that rebuilds bronze from `raw/`, and the sensor that can run it."""

import gzip
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from clickstream_platform.config import get_settings
from clickstream_platform.lib.raw_rebuild import raw_deliveries, rebuild_bronze

NOW = datetime.now(UTC)


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLICKSTREAM_LAKE_URI", str(tmp_path))
    get_settings.cache_clear()
    return tmp_path


def deliver(lake: Path, name: str, *ids: str, arrived: datetime = NOW, data: bytes | None = None) -> str:
    record = {"event_name": "page_view", "event_time": "2024-03-01T10:00:00Z", "anonymous_id": "a1"}
    lines = b"".join(json.dumps({"event_id": one, **record}).encode() + b"\n" for one in ids)
    path = lake / f"raw/year={arrived:%Y}/month={arrived:%m}/day={arrived:%d}/{arrived:%H}/{name}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(lines) if data is None else data)
    os.utime(path, (arrived.timestamp(), arrived.timestamp()))
    return path.relative_to(lake).as_posix()


def rebuilt(day: datetime, config: dict[str, object] | None = None) -> dg.ExecuteInProcessResult:
    return rebuild_bronze.execute_in_process(
        partition_key=f"{day:%Y-%m-%d}",
        run_config={"ops": {"delivered_events": {"config": config or {}}}},
        instance=dg.DagsterInstance.ephemeral(),
        raise_on_error=False,
    )


def metadata(result: dg.ExecuteInProcessResult) -> dict[str, object]:
    (output,) = [event for event in result.all_events if event.event_type_value == "STEP_OUTPUT"]
    return {name: value.value for name, value in output.step_output_data.metadata.items()}


def look(cursor: str | None) -> tuple[list[dg.RunRequest], str | None]:
    """One tick of the sensor."""
    with dg.build_sensor_context(instance=dg.DagsterInstance.ephemeral(), cursor=cursor) as context:
        result = raw_deliveries(context)
        if isinstance(result, dg.SensorResult):
            return list(result.run_requests or []), result.cursor
        return [], context.cursor


def objects_of(request: dg.RunRequest) -> list[str]:
    config = request.run_config["ops"]["delivered_events"]["config"]
    assert config["again"] is False
    return list(config["objects"])


def test_a_partition_is_an_arrival_day(lake: Path) -> None:
    deliver(lake, "a.gz", "1", "2")
    deliver(lake, "b.gz", "3", arrived=NOW - timedelta(days=1))

    result = rebuilt(NOW)

    assert result.success
    assert metadata(result)["records accepted"] == 2
    assert metadata(result)["event days"] == {"2024-03-01": 2}
    assert len(list((lake / "bronze/events/year=2024/month=03/day=01").iterdir())) == 1
    assert len(list((lake / "_queue").iterdir())) == 1


def test_an_object_that_cannot_be_read_fails_the_run_and_the_others_are_read(lake: Path) -> None:
    deliver(lake, "a.gz", "1")
    deliver(lake, "b.gz", data=b"PK\x03\x04")

    result = rebuilt(NOW, {"again": True})

    assert not result.success
    assert len(list(lake.glob("bronze/events/*/*/*/*.parquet"))) == 1


def test_the_sensor_asks_once_for_every_object_by_its_day(lake: Path) -> None:
    yesterday = NOW - timedelta(hours=20)
    one, two = deliver(lake, "a.gz", "1", arrived=yesterday), deliver(lake, "b.gz", "2")
    deliver(lake, "old.gz", "3", arrived=NOW - timedelta(days=2))

    requests, cursor = look(None)
    assert sorted(path for request in requests for path in objects_of(request)) == sorted([one, two])
    assert {request.partition_key for request in requests} == {f"{yesterday:%Y-%m-%d}", f"{NOW:%Y-%m-%d}"}

    assert look(cursor) == ([], cursor)


def test_an_object_that_shows_late_is_not_missed(lake: Path) -> None:
    deliver(lake, "a.gz", "1")
    _, cursor = look(None)
    late = deliver(lake, "late.gz", "2", arrived=NOW - timedelta(minutes=5))

    (request,), cursor = look(cursor)

    assert objects_of(request) == [late]
    assert look(cursor)[0] == []


def test_what_the_sensor_asks_for_is_read_once(lake: Path) -> None:
    path = deliver(lake, "a.gz", "1")
    config: dict[str, object] = {"objects": [path], "again": False}
    assert metadata(rebuilt(NOW, config))["records accepted"] == 1
    second = metadata(rebuilt(NOW, config))
    assert (second["records accepted"], second["objects read before"]) == (0, 1)


def test_the_sensor_is_off_unless_the_setting_says_otherwise() -> None:
    assert raw_deliveries.default_status is dg.DefaultSensorStatus.STOPPED
