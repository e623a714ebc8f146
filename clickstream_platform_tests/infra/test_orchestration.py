"""What matters of Dagster on Fargate."""

import json
from typing import Any

from clickstream_platform_tests.infra.templates import ROOT, Templates, written
from clickstream_platform_tests.infra.test_run_launcher import ALLOWED

STACK = "orchestration"


def tasks_of(templates: Templates) -> dict[str, dict[str, Any]]:
    """Task definitions by what they are for."""
    found = [one["Properties"] for one in templates.of_type("AWS::ECS::TaskDefinition").values()]
    return {one["Family"].removeprefix(f"{templates.prefix}dagster-"): one for one in found}


def container_of(task: dict[str, Any]) -> dict[str, Any]:
    (container,) = task["ContainerDefinitions"]
    return container


def may(templates: Templates, role: str) -> dict[str, set[str]]:
    """What a role may do: resources by action."""
    found: dict[str, set[str]] = {}
    documents = [one["PolicyDocument"] for one in role_of(templates, role)["Policies"]] + [
        policy["Properties"]["PolicyDocument"]
        for policy in templates.of_type("AWS::IAM::Policy", STACK).values()
        if any(written(name).startswith(f"${{{role}") for name in policy["Properties"]["Roles"])
    ]
    for statement in (one for document in documents for one in document["Statement"]):
        actions, resources = statement["Action"], statement["Resource"]
        for action in [actions] if isinstance(actions, str) else actions:
            found.setdefault(action, set()).update(
                written(one) for one in (resources if isinstance(resources, list) else [resources])
            )
    return found


def role_of(templates: Templates, begin: str) -> dict[str, Any]:
    roles = templates.of_type("AWS::IAM::Role", STACK)
    (name,) = [name for name in roles if name.startswith(f"{STACK}/{begin}")]
    return dict(roles[name]["Properties"])


def test_each_task_runs_on_arm64_with_a_role_of_its_own(dev: Templates, prod: Templates) -> None:
    for templates in (dev, prod):
        tasks = tasks_of(templates)
        assert set(tasks) == {"webserver", "daemon", "code", "run"}
        assert {one["RuntimePlatform"]["CpuArchitecture"] for one in tasks.values()} == {"ARM64"}
        assert len({written(one["TaskRoleArn"]) for one in tasks.values()}) == 4
        execution = {written(one["ExecutionRoleArn"]) for one in tasks.values()}
        assert len(execution) == 1
        assert execution.isdisjoint(written(one["TaskRoleArn"]) for one in tasks.values())


def test_services_are_checked_and_a_deployment_that_fails_is_rolled_back(prod: Templates) -> None:
    tasks = tasks_of(prod)
    assert "grpc-health-check" in container_of(tasks["code"])["HealthCheck"]["Command"][1]
    assert "liveness-check" in container_of(tasks["daemon"])["HealthCheck"]["Command"][1]
    assert "/server_info" in container_of(tasks["webserver"])["HealthCheck"]["Command"][1]
    for service in prod.of_type("AWS::ECS::Service").values():
        deployment = service["Properties"]["DeploymentConfiguration"]
        assert deployment["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
        network = service["Properties"]["NetworkConfiguration"]["AwsvpcConfiguration"]
        assert network["AssignPublicIp"] == "DISABLED"


def test_there_are_never_two_daemons(prod: Templates) -> None:
    (daemon,) = [
        one["Properties"]
        for one in prod.of_type("AWS::ECS::Service").values()
        if one["Properties"]["ServiceName"] == "daemon"
    ]
    assert daemon["DesiredCount"] == 1
    assert daemon["DeploymentConfiguration"]["MaximumPercent"] == 100


def test_the_code_location_is_found_where_the_workspace_says(dev: Templates) -> None:
    import yaml

    workspace = yaml.safe_load((ROOT / "infra" / "workspace.yaml").read_text())
    server = workspace["load_from"][0]["grpc_server"]
    webserver, code = container_of(tasks_of(dev)["webserver"]), container_of(tasks_of(dev)["code"])
    environment = {one["Name"]: one["Value"] for one in webserver["Environment"]}
    (namespace,) = dev.of_type("AWS::ServiceDiscovery::PrivateDnsNamespace").values()
    assert environment[server["host"]["env"]] == f"code.{namespace['Properties']['Name']}"
    assert [one["ContainerPort"] for one in code["PortMappings"]] == [server["port"]]
    assert str(server["port"]) in code["Command"]


def test_passwords_come_from_secrets(dev: Templates) -> None:
    for task in tasks_of(dev).values():
        container = container_of(task)
        assert [one["Name"] for one in container["Secrets"]] == ["DAGSTER_POSTGRES_PASSWORD"]
        assert not any("PASSWORD" in one["Name"] or "KEY" in one["Name"] for one in container["Environment"])


def test_the_daemon_starts_runs_of_one_definition_and_passes_their_roles_only(dev: Templates) -> None:
    daemon = may(dev, "DaemonRole")
    assert [one.rpartition("/")[2] for one in daemon["ecs:RunTask"]] == ["clickstream-dev-dagster-run:*"]
    assert {one.split(".")[0][2:].rstrip("0123456789ABCDEF") for one in daemon["iam:PassRole"]} == {
        "RunRole",
        "ExecutionRole",
    }
    assert all("task/clickstream-dev-dagster/*" in one for one in daemon["ecs:StopTask"] | daemon["ecs:DescribeTasks"])
    # What the launcher calls (test_run_launcher.py), and what these calls need beside their own actions.
    launching = {action for action in daemon if not action.startswith("s3:")}
    assert launching == ALLOWED | {"ecs:TagResource", "iam:PassRole", "logs:GetLogEvents"}
    assert {action for action, resources in daemon.items() if "*" in resources} == {
        "ecs:DescribeTaskDefinition",
        "ec2:DescribeNetworkInterfaces",
    }


def test_only_runs_write_to_the_lake_and_only_sensors_tell_people(dev: Templates) -> None:
    for role in ("WebserverRole", "DaemonRole", "CodeRole", "RunRole"):
        lake = {
            action
            for action, resources in may(dev, role).items()
            if any("-lake-" in one for one in resources) and not action.startswith(("s3:Get", "s3:List"))
        }
        assert bool(lake) is (role == "RunRole"), role
        assert ("sns:Publish" in may(dev, role)) is (role == "CodeRole")
    code = may(dev, "CodeRole")
    assert {one.rpartition(":")[2] for one in code["sqs:DeleteMessage"]} == {"clickstream-dev-bronze-arrivals"}


def test_runs_may_erase_people_from_the_live_tables(dev: Templates) -> None:
    run = may(dev, "RunRole")
    written_to = {one.rpartition("/clickstream-dev-")[2] for one in run["dynamodb:BatchWriteItem"]}
    assert written_to == {"sessions", "event-index", "attributed-checkouts", "replayed-entities", "erased-entities"}
    assert {"s3:DeleteObjectVersion", "s3:ListBucketVersions"} <= set(run)


def test_nobody_sees_the_ui_who_has_not_signed_in(dev: Templates, prod: Templates) -> None:
    for templates in (dev, prod):
        listeners = {
            one["Properties"]["Port"]: one["Properties"]
            for one in templates.of_type("AWS::ElasticLoadBalancingV2::Listener").values()
        }
        assert set(listeners) == {80, 443}
        (redirect,) = listeners[80]["DefaultActions"]
        assert redirect["RedirectConfig"]["Protocol"] == "HTTPS"
        first, second = sorted(listeners[443]["DefaultActions"], key=lambda action: action["Order"])
        assert first["Type"] == "authenticate-oidc"
        assert "{{resolve:secretsmanager:" in written(first["AuthenticateOidcConfig"]["ClientSecret"])
        assert second["Type"] == "forward"
        assert listeners[443]["Certificates"]
        assert not templates.of_type("AWS::ElasticLoadBalancingV2::ListenerRule")


def test_the_webserver_is_reached_from_the_load_balancer_only(dev: Templates) -> None:
    rules = [one["Properties"] for one in dev.of_type("AWS::EC2::SecurityGroupIngress", STACK).values()]
    sources = {rule["FromPort"]: written(rule["SourceSecurityGroupId"]) for rule in rules}
    assert sources[3000].startswith("${BalancerGroup")
    assert sources[4000].startswith("${Tasks")
    assert len(rules) == 2


def test_spark_jobs_read_bronze_and_write_tables(dev: Templates) -> None:
    spark = may(dev, "SparkRole")
    assert {one.partition("/")[2] for one in spark["s3:PutObject"]} == {"silver/*", "gold/*"}
    trust = json.dumps(role_of(dev, "SparkRole")["AssumeRolePolicyDocument"])
    assert "glue.amazonaws.com" in trust
    assert "emr-serverless.amazonaws.com" in trust


def test_logs_are_kept_for_ninety_days(dev: Templates) -> None:
    (group,) = dev.of_type("AWS::Logs::LogGroup", STACK).values()
    assert group["Properties"]["RetentionInDays"] == 90
    for task in tasks_of(dev).values():
        assert container_of(task)["LogConfiguration"]["LogDriver"] == "awslogs"
