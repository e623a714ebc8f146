"""Failures told to a Slack webhook (a real HTTP server) and to SNS (a moto server)."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import dagster as dg
import pytest

from clickstream_platform.config import get_settings
from clickstream_platform.lib.notify import failed_checks, notify, notify_check_failure, notify_run_failure
from clickstream_platform_tests.aws import Aws


@dg.asset(check_specs=[dg.AssetCheckSpec("adds_up", asset="table"), dg.AssetCheckSpec("looks_usual", asset="table")])
def table() -> Iterator[object]:
    yield dg.MaterializeResult()
    yield dg.AssetCheckResult(check_name="adds_up", passed=False, severity=dg.AssetCheckSeverity.ERROR)
    yield dg.AssetCheckResult(check_name="looks_usual", passed=False, severity=dg.AssetCheckSeverity.WARN)


@dg.asset
def broken() -> None:
    raise ValueError("the disk is full")


class _Webhook(HTTPServer):
    def __init__(self) -> None:
        self.said: list[str] = []
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert isinstance(self.server, _Webhook)
        self.server.said.append(json.loads(body)["text"])
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    server = _Webhook()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("CLICKSTREAM_SLACK_WEBHOOK_URL", f"http://127.0.0.1:{server.server_port}/hook")
    monkeypatch.setenv("CLICKSTREAM_WEBSERVER_URL", "https://dagster.shop.example/")
    get_settings.cache_clear()
    yield server.said
    server.shutdown()
    server.server_close()


def test_failed_checks_of_a_run_that_went_through_are_told(webhook: list[str]) -> None:
    instance = dg.DagsterInstance.ephemeral()
    result = dg.materialize([table], instance=instance)
    context = dg.build_run_status_sensor_context(
        "notify_check_failure", result.get_run_success_event(), instance, result.dagster_run
    )
    notify_check_failure(context)
    assert webhook == [
        f"*Clickstream checks failed: 1*\ntable: adds_up\nhttps://dagster.shop.example/runs/{result.run_id}"
    ]


def test_a_failed_run_is_told(webhook: list[str]) -> None:
    instance = dg.DagsterInstance.ephemeral()
    result = dg.materialize([broken], instance=instance, raise_on_error=False)
    context = dg.build_run_status_sensor_context(
        "notify_run_failure", result.get_run_failure_event(), instance, result.dagster_run
    ).for_run_failure()
    notify_run_failure(context)
    [said] = webhook
    assert said.startswith("*Clickstream run failed: ")
    assert said.endswith(f"/runs/{result.run_id}")


def test_warnings_wake_nobody(webhook: list[str]) -> None:
    instance = dg.DagsterInstance.ephemeral()
    result = dg.materialize([table], instance=instance)
    assert failed_checks(instance, result.run_id) == ["table: adds_up"]


def test_a_long_list_is_cut(webhook: list[str]) -> None:
    notify("Checks failed", [f"line {number}" for number in range(30)], print)
    assert webhook[0].splitlines()[-2:] == ["line 19", "and 10 more"]


def test_nothing_is_sent_unless_set() -> None:
    errors: list[str] = []
    notify("Checks failed", ["a"], errors.append)
    assert errors == []


def test_a_channel_that_fails_is_logged_and_the_next_one_told(
    webhook: list[str], aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqs, sns = aws.client("sqs"), aws.client("sns")
    queue = sqs.create_queue(QueueName="told")["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)
    monkeypatch.setenv("CLICKSTREAM_SNS_TOPIC_ARN", topic)
    monkeypatch.setenv("CLICKSTREAM_SLACK_WEBHOOK_URL", "http://127.0.0.1:9/nobody-listens")
    get_settings.cache_clear()
    errors: list[str] = []
    notify("x" * 150, ["table: adds_up"], errors.append)
    message = json.loads(sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"])
    assert (message["Subject"], message["Message"]) == ("x" * 100, "table: adds_up")
    assert len(errors) == 1
    assert errors[0].startswith("notification not sent: URLError")
