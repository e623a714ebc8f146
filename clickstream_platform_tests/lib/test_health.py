"""What CloudWatch is told of the platform as a whole."""

import json
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from clickstream_platform.config import get_settings
from clickstream_platform.lib.health import gold_ages, health_lines, live_sessions, platform_health
from clickstream_platform_tests.aws import Aws
from clickstream_platform_tests.lambdas.stream import created


def compute(instance: dg.DagsterInstance, *tables: str) -> None:
    for table in tables:
        instance.report_runless_asset_event(dg.AssetMaterialization(dg.AssetKey(["gold", table])))


def test_the_oldest_table_makes_the_age_of_gold() -> None:
    with dg.instance_for_test() as instance:
        compute(instance, "daily_sales_summary", "traffic_summary")
        later = datetime.now(UTC) + timedelta(hours=30)
        assert {name: round(age / 3600) for name, age in gold_ages(instance, later).items()} == {
            "daily_sales_summary": 30,
            "traffic_summary": 30,
        }
        first, *each = map(json.loads, health_lines(instance, get_settings(), later))
    assert first["oldest_gold_age"] == pytest.approx(30 * 3600, abs=60)
    assert {one["table"] for one in each} == {"daily_sales_summary", "traffic_summary"}


def test_lines_are_what_cloudwatch_takes_for_metrics() -> None:
    with dg.instance_for_test() as instance:
        compute(instance, "daily_sales_summary")
        lines = [json.loads(line) for line in health_lines(instance, get_settings(), datetime.now(UTC))]
    for line in lines:
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "Clickstream"
        assert all(isinstance(line[name], str) for names in directive["Dimensions"] for name in names)
        assert all(isinstance(line[metric["Name"]], float | int) for metric in directive["Metrics"])


def test_a_new_platform_is_not_stale() -> None:
    with dg.instance_for_test() as instance:
        (line,) = health_lines(instance, get_settings(), datetime.now(UTC))
    assert json.loads(line)["oldest_gold_age"] == 0


def test_without_live_tables_sessions_are_left_out(aws: Aws) -> None:
    assert live_sessions(get_settings(), datetime.now(UTC)) is None


def test_entities_that_were_seen_within_the_timeout_have_a_session(aws: Aws) -> None:
    created(aws)
    now = datetime(2024, 3, 1, 10, 10, tzinfo=UTC)
    for entity, minutes in (("a", 5), ("b", 29), ("c", 31)):
        seen = (now - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        item = {"entity_id": entity, "active_hour": seen[:13], "last_event_time": seen}
        aws.client("dynamodb").put_item(
            TableName="clickstream-sessions", Item={name: {"S": value} for name, value in item.items()}
        )
    assert live_sessions(get_settings(), now) == 2


def test_the_sensor_writes_lines_and_runs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with dg.instance_for_test() as instance, dg.build_sensor_context(instance=instance) as context:
        found = platform_health(context)
    assert isinstance(found, dg.SkipReason)
    assert json.loads(capsys.readouterr().out.splitlines()[0])["service"] == "clickstream"


def test_it_stands_still_on_a_local_lake() -> None:
    assert platform_health.default_status is dg.DefaultSensorStatus.STOPPED
