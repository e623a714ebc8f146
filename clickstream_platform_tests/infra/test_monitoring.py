"""What matters of logs, alarms, dashboard and budget."""

import json
from typing import Any

import pytest

from clickstream_platform.local_aws.plan import Plan
from clickstream_platform.realtime.tables import LIVE_TABLES
from clickstream_platform_tests.infra.templates import Templates, written

FUNCTIONS = ("stream-processor", "file-ingest", "data-generator", "ingest-api", "replay", "replay-processor")


def alarms_of(templates: Templates) -> dict[str, dict[str, Any]]:
    found = [one["Properties"] for one in templates.of_type("AWS::CloudWatch::Alarm").values()]
    return {one["AlarmName"].removeprefix(templates.prefix): one for one in found}


def metric_of(alarm: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Namespace and dimensions of an alarm on one metric."""
    (one,) = [each["MetricStat"]["Metric"] for each in alarm.get("Metrics", [{"MetricStat": {"Metric": alarm}}])]
    return one["Namespace"], {each["Name"]: each["Value"] for each in one["Dimensions"]}


def severity(alarm: dict[str, Any]) -> str:
    (action,) = alarm["AlarmActions"]
    assert alarm["OKActions"] == alarm["AlarmActions"]
    return "critical" if "Critical" in written(action) else "warning"


def test_logs_of_functions_end_after_a_week_and_glues_after_a_month(dev: Templates, prod: Templates) -> None:
    for templates in (dev, prod):
        kept = {
            one["Properties"]["LogGroupName"]: one["Properties"]["RetentionInDays"]
            for one in templates.of_type("AWS::Logs::LogGroup", "monitoring").values()
        }
        functions = {f"/aws/lambda/{templates.prefix}{function}": 7 for function in FUNCTIONS}
        glue = f"/clickstream/{templates.prefix.rstrip('-')}/glue"
        assert kept == {**functions, f"{glue}/output": 30, f"{glue}/error": 30}


def test_no_log_is_kept_for_ever(dev: Templates, prod: Templates) -> None:
    for templates in (dev, prod):
        for name, group in templates.of_type("AWS::Logs::LogGroup").items():
            assert group["Properties"]["RetentionInDays"] <= 90, name


def test_every_function_has_its_alarms(dev: Templates, prod: Templates) -> None:
    for templates in (dev, prod):
        alarms = alarms_of(templates)
        deployed = {
            one["Properties"]["FunctionName"].removeprefix(templates.prefix)
            for one in templates.of_type("AWS::Lambda::Function").values()
        }
        for function in deployed:
            errors = alarms[f"{function}-errors"]
            assert (errors["Threshold"], severity(errors)) == (1, "critical")
            assert "errors / invocations" in json.dumps(errors["Metrics"])
            assert alarms[f"{function}-throttled"]["Threshold"] == 0
        assert {name.removesuffix("-errors") for name in alarms if name.endswith("-errors")} == deployed


def test_alarms_for_duration_go_off_before_the_function_is_cut_off(dev: Templates) -> None:
    alarms = alarms_of(dev)
    for function in dev.of_type("AWS::Lambda::Function").values():
        name = function["Properties"]["FunctionName"].removeprefix(dev.prefix)
        limit = alarms[f"{name}-duration"]["Threshold"]
        assert limit < function["Properties"]["Timeout"] * 1000
        assert limit == 30_000 or name in {"file-ingest", "replay", "ingest-api"}


def test_every_queue_of_dead_letters_is_watched(dev: Templates) -> None:
    plan, alarms = Plan(prefix=dev.prefix), alarms_of(dev)
    for queue in plan.queues:
        watched = alarms.get(f"{queue.name.removeprefix(dev.prefix)}-not-empty")
        assert bool(watched) is (queue.name.endswith("-dlq") or queue.name == plan.stream_failures), queue.name
        if watched:
            assert metric_of(watched) == ("AWS/SQS", {"QueueName": queue.name})
            assert (watched["Threshold"], severity(watched)) == (0, "critical")


def test_every_stream_and_table_is_watched_for_throttles(dev: Templates) -> None:
    alarms = alarms_of(dev)
    streams = [one["Properties"]["Name"] for one in dev.of_type("AWS::Kinesis::Stream").values()]
    assert len(streams) == 3
    for stream in (one.removeprefix(dev.prefix) for one in streams):
        assert alarms[f"{stream}-writes-throttled"]["Threshold"] == 0
        # A quarter of a day, in milliseconds.
        assert alarms[f"{stream}-unread"]["Threshold"] == 6 * 3_600_000
    for table in LIVE_TABLES:
        assert f"{dev.prefix}{table.name}" in json.dumps(alarms[f"{table.name}-throttled"]["Metrics"])
    assert alarms["iterator-age"]["Threshold"] == 300_000


def test_gold_that_nobody_hears_of_is_stale(prod: Templates) -> None:
    alarm = alarms_of(prod)["stale-gold"]
    assert alarm["TreatMissingData"] == "breaching"
    assert metric_of(alarm) == ("Clickstream", {"service": "clickstream-prod-dagster"})
    assert alarm["Threshold"] == 26 * 3600
    tasks = json.dumps(prod.stacks["orchestration"])
    assert '{"Name": "CLICKSTREAM_SERVICE", "Value": "clickstream-prod-dagster"}' in tasks


def test_failed_queries_of_the_workgroup_are_told_of(dev: Templates) -> None:
    (workgroup,) = dev.of_type("AWS::Athena::WorkGroup").values()
    metrics = json.dumps(alarms_of(dev)["athena-failures"]["Metrics"])
    assert f'"{workgroup["Properties"]["Name"]}"' in metrics
    assert "FAILED" in metrics


def test_somebody_gets_the_alarms_and_nothing_goes_without_tls(dev: Templates) -> None:
    topics = {written(one["Properties"]["TopicName"]): one for one in dev.of_type("AWS::SNS::Topic").values()}
    assert set(topics) == {f"{dev.prefix}alarms-critical", f"{dev.prefix}alarms-warning"}
    assert all(one["Properties"]["KmsMasterKeyId"] for one in topics.values())
    emails = [one["Properties"] for one in dev.of_type("AWS::SNS::Subscription").values()]
    assert [(one["Protocol"], one["Endpoint"]) for one in emails] == [("email", "data-alarms@example.com")] * 2
    for policy in dev.of_type("AWS::SNS::TopicPolicy").values():
        statements = policy["Properties"]["PolicyDocument"]["Statement"]
        assert any("aws:SecureTransport" in json.dumps(one) and one["Effect"] == "Deny" for one in statements)


def test_alarms_may_use_the_key_of_their_topics(dev: Templates) -> None:
    (key,) = dev.of_type("AWS::KMS::Key", "monitoring").values()
    assert key["Properties"]["EnableKeyRotation"]
    allowed = json.dumps(key["Properties"]["KeyPolicy"])
    for service in ("cloudwatch.amazonaws.com", "budgets.amazonaws.com"):
        assert service in allowed
    anybody = [one for one in key["Properties"]["KeyPolicy"]["Statement"] if one["Principal"] == {"AWS": "*"}]
    assert anybody
    assert all({"kms:CallerAccount", "kms:ViaService"} <= set(one["Condition"]["StringEquals"]) for one in anybody)


@pytest.mark.parametrize("row", ["Streams", "Functions", "Freshness", "Lake", "Sessions", "Cost"])
def test_the_dashboard_has_a_row(dev: Templates, row: str) -> None:
    (dashboard,) = dev.of_type("AWS::CloudWatch::Dashboard").values()
    body = written(dashboard["Properties"]["DashboardBody"])
    widgets = json.loads(body)["widgets"]
    assert f"## {row}" in [one["properties"].get("markdown") for one in widgets]


def test_costs_are_warned_of_before_and_after(dev: Templates, prod: Templates) -> None:
    for templates, amount in ((dev, 300), (prod, 2000)):
        (budget,) = templates.of_type("AWS::Budgets::Budget").values()
        assert budget["Properties"]["Budget"]["BudgetLimit"] == {"Amount": amount, "Unit": "USD"}
        told = {
            (one["Notification"]["NotificationType"], one["Notification"]["Threshold"])
            for one in budget["Properties"]["NotificationsWithSubscribers"]
        }
        assert told == {("ACTUAL", 80), ("FORECASTED", 100), ("ACTUAL", 100)}
