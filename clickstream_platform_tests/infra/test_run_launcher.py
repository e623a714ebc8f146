"""A run, launched on an emulated ECS as the daemon would: with the calls that its role allows, and no other."""

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import dagster as dg
import pytest
import yaml
from dagster._core.test_utils import in_process_test_workspace
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from clickstream_platform_tests.aws import Aws
from clickstream_platform_tests.infra.templates import ROOT

FAMILY = "clickstream-dev-dagster-run"
ALLOWED = {
    "ecs:DescribeTaskDefinition",
    "ecs:DescribeTasks",
    "ecs:RunTask",
    "ecs:StopTask",
    "ec2:DescribeNetworkInterfaces",
}


@dg.job
def nothing() -> None:
    """Does nothing."""


@dg.repository
def jobs() -> list[dg.JobDefinition]:
    return [nothing]


@pytest.fixture
def daemon(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """This process is the daemon's task in the cluster; its subnet."""
    ecs, ec2 = aws.client("ecs"), aws.client("ec2")
    ecs.create_cluster(clusterName="clickstream-dev-dagster")
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    group = ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
    for family in ("clickstream-dev-dagster-daemon", FAMILY):
        ecs.register_task_definition(
            family=family,
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="512",
            memory="1024",
            containerDefinitions=[{"name": family.rpartition("-")[2], "image": "image", "memory": 512}],
        )
    (task,) = ecs.run_task(
        cluster="clickstream-dev-dagster",
        taskDefinition="clickstream-dev-dagster-daemon",
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet], "securityGroups": [group]}},
    )["tasks"]
    answer = json.dumps({"Cluster": "clickstream-dev-dagster", "TaskARN": task["taskArn"], "Name": "daemon"}).encode()

    class Metadata(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Metadata) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("ECS_CONTAINER_METADATA_URI_V4", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("DAGSTER_RUN_TASK_DEFINITION", FAMILY)
        yield subnet
        server.shutdown()


@pytest.fixture
def calls(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """What boto3 is asked for from here on, as IAM's actions."""
    found: set[str] = set()
    session = boto3.Session()
    session.events.register(
        "before-call",
        lambda model, **_: found.add(f"{model.service_model.endpoint_prefix}:{model.name}"),
    )
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
    return found


def test_a_run_is_a_task_beside_the_daemon(aws: Aws, daemon: str, calls: set[str], tmp_path: Path) -> None:
    launcher = yaml.safe_load((ROOT / "infra" / "run_launcher.yaml").read_text())
    origin = LoadableTargetOrigin(python_file=__file__, attribute="jobs")
    with (
        dg.instance_for_test(temp_dir=str(tmp_path), overrides=launcher) as instance,
        in_process_test_workspace(instance, origin) as workspace,
    ):
        location = workspace.code_locations[0]
        remote = location.get_repository("jobs").get_full_job("nothing")
        run = instance.create_run_for_job(
            nothing,
            tags={"ecs/cpu": "4096", "ecs/memory": "16384"},
            remote_job_origin=remote.get_remote_origin(),
            job_code_origin=remote.get_python_origin(),
        )
        instance.launch_run(run.run_id, workspace)
        arn = instance.get_run_by_id(run.run_id).tags["ecs/task_arn"]
        (task,) = aws.client("ecs").describe_tasks(cluster="clickstream-dev-dagster", tasks=[arn])["tasks"]
        health = instance.run_launcher.check_run_worker_health(instance.get_run_by_id(run.run_id))
        assert instance.run_launcher.terminate(run.run_id)
    assert FAMILY in task["taskDefinitionArn"]
    assert task["overrides"]["cpu"] == "4096"
    details = {one["name"]: one["value"] for each in task["attachments"] for one in each["details"]}
    assert details["subnetId"] == daemon
    assert health.status.value in {"RUNNING", "SUCCESS"}
    assert calls == ALLOWED
