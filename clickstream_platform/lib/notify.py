"""Tell people of failures: an SNS topic, a Slack webhook, each only when set."""

import json
import urllib.request
from collections.abc import Callable, Sequence

import dagster as dg

from clickstream_platform.config import Settings, get_settings

Channel = Callable[[str, str], None]
"""Sends (subject, message)."""

_SLACK_TIMEOUT_SECONDS = 10


def channels(settings: Settings) -> list[Channel]:
    """The channels that the settings switch on."""
    on: list[Channel] = []
    if settings.slack_webhook_url is not None:
        url = settings.slack_webhook_url.get_secret_value()
        on.append(lambda subject, message: _post_to_slack(url, subject, message))
    if settings.sns_topic_arn is not None:
        topic = settings.sns_topic_arn
        on.append(lambda subject, message: _publish_to_sns(topic, subject, message))
    return on


def _post_to_slack(url: str, subject: str, message: str) -> None:
    body = json.dumps({"text": f"*{subject}*\n{message}"}).encode()
    request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=_SLACK_TIMEOUT_SECONDS):
        return


def _publish_to_sns(topic_arn: str, subject: str, message: str) -> None:
    import boto3  # 140 ms that only a deployment with a topic should pay

    # SNS takes subjects of at most 100 characters.
    boto3.client("sns").publish(TopicArn=topic_arn, Subject=subject[:100], Message=message)


def failed_checks(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    """Error-severity checks that a run found failing, as `table: check (day)`."""
    records = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION).records
    found = []
    for record in records:
        event = record.event_log_entry.dagster_event
        if event is None:
            continue
        verdict = event.asset_check_evaluation_data
        if not verdict.passed and verdict.severity == dg.AssetCheckSeverity.ERROR:
            when = f" ({verdict.partition})" if verdict.partition else ""
            found.append(f"{verdict.asset_key.to_user_string()}: {verdict.check_name}{when}")
    return found


def notify(subject: str, lines: Sequence[str], log: Callable[[str], None]) -> None:
    """Send to every channel that is on; one that fails does not keep the others from sending."""
    message = "\n".join([*lines[:20], *([f"and {len(lines) - 20} more"] if len(lines) > 20 else [])])
    for send in channels(get_settings()):
        try:
            send(subject, message)
        except Exception as error:
            log(f"notification not sent: {type(error).__name__}: {error}")


def _run_link(run: dg.DagsterRun) -> str:
    return f"{get_settings().webserver_url.rstrip('/')}/runs/{run.run_id}"


@dg.run_failure_sensor(
    name="notify_run_failure",
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells Slack and SNS, where set, of each failed run and the checks that failed in it.",
)
def notify_run_failure(context: dg.RunFailureSensorContext) -> None:
    """A failed run, with the error and the failed checks."""
    run = context.dagster_run
    lines = [context.failure_event.message or "", *failed_checks(context.instance, run.run_id), _run_link(run)]
    notify(f"Clickstream run failed: {run.job_name}", lines, context.log.error)


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    name="notify_check_failure",
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells Slack and SNS, where set, of error-severity checks that failed in a run that went through.",
)
def notify_check_failure(context: dg.RunStatusSensorContext) -> None:
    """Failed checks of a run that did not fail itself (a failed run's are told with it)."""
    failed = failed_checks(context.instance, context.dagster_run.run_id)
    if failed:
        notify(
            f"Clickstream checks failed: {len(failed)}", [*failed, _run_link(context.dagster_run)], context.log.error
        )
