"""Dagster's tasks on Fargate: one image, four commands, the same environment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import Aws, Duration
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager

from infra.parts.acknowledged import acknowledge, acknowledge_wildcards
from infra.parts.images import ecr_image
from infra.parts.metrics import dagster_service
from infra.parts.roles import allow, service_role
from infra.parts.shared import published
from infra.stacks.base import PlatformStack
from infra.stacks.database import DATABASE, USER


@dataclass(frozen=True, kw_only=True)
class Task:
    """What one task is.

    Attributes:
        healthy: A command that ends with 0 as long as the task does its work; none for tasks that end by themselves.
        memory: MiB.
    """

    name: str
    command: Sequence[str]
    healthy: str = ""
    port: int | None = None
    cpu: int = 512
    memory: int = 1024


class DagsterTasks:
    """Makes task definitions.

    Args:
        stack: Where they are.
        group: Where their output goes.
        environment: Variables beside those of the database.
    """

    def __init__(self, stack: PlatformStack, group: logs.ILogGroup, environment: Mapping[str, str]) -> None:
        self._stack, self._group = stack, group
        self._environment = {
            "CLICKSTREAM_SERVICE": dagster_service(stack.names),
            "DAGSTER_POSTGRES_HOST": published(stack, stack.names, "database", "host"),
            "DAGSTER_POSTGRES_USER": USER,
            "DAGSTER_POSTGRES_DB": DATABASE,
            "PGSSLMODE": "verify-full",
            **environment,
        }
        self.execution_role = self._execution_role()
        self._secrets = {"DAGSTER_POSTGRES_PASSWORD": ecs.Secret.from_secrets_manager(self._database(), "password")}
        if name := stack.settings.pii_key_secret:
            key = secretsmanager.Secret.from_secret_name_v2(stack, "PiiKey", name)
            self._secrets["CLICKSTREAM_PII_KEY"] = ecs.Secret.from_secrets_manager(key)

    def definition(self, task: Task, role: iam.IRole) -> ecs.FargateTaskDefinition:
        """A task's definition; what it does is done with `role`."""
        definition = ecs.FargateTaskDefinition(
            self._stack,
            f"{task.name.capitalize()}Task",
            family=f"{self._stack.names.prefix}dagster-{task.name}",
            cpu=task.cpu,
            memory_limit_mib=task.memory,
            runtime_platform=ecs.RuntimePlatform(
                cpu_architecture=ecs.CpuArchitecture.ARM64, operating_system_family=ecs.OperatingSystemFamily.LINUX
            ),
            task_role=role,
            execution_role=self.execution_role,
        )
        definition.add_container(
            task.name,
            image=ecs.ContainerImage.from_registry(self._stack.settings.dagster_image),
            command=list(task.command),
            environment=self._environment,
            secrets=self._secrets,
            logging=ecs.LogDrivers.aws_logs(stream_prefix=task.name, log_group=self._group),
            health_check=_health_check(task.healthy) if task.healthy else None,
            port_mappings=[ecs.PortMapping(container_port=task.port)] if task.port else None,
            # A webserver that is still answering, and a daemon in the middle of a tick, get time to end.
            stop_timeout=Duration.seconds(60),
        )
        acknowledge(definition, "These variables are names and addresses; passwords and keys are secrets", "ECS2")
        return definition

    def _database(self) -> secretsmanager.ISecret:
        arn = published(self._stack, self._stack.names, "database", "secret_arn")
        return secretsmanager.Secret.from_secret_complete_arn(self._stack, "DatabaseSecret", arn)

    def _execution_role(self) -> iam.Role:
        """Pulls the image, reads the secrets of the definition, writes the log: CDK adds the last two."""
        names = self._stack.names
        found = ecr_image(self._stack.settings)
        image = (
            [f"arn:{Aws.PARTITION}:ecr:{found['region']}:{found['account']}:repository/{found['name']}"]
            if found
            else []
        )
        role = service_role(
            self._stack,
            "ExecutionRole",
            f"{names.prefix}dagster-execution-{Aws.REGION}",
            iam.ServicePrincipal("ecs-tasks.amazonaws.com"),
            [allow("logs:CreateLogStream PutLogEvents", [self._group.log_group_arn])],
        )
        if image:
            role.add_to_principal_policy(
                allow("ecr:BatchCheckLayerAvailability BatchGetImage GetDownloadUrlForLayer", image)
            )
            role.add_to_principal_policy(allow("ecr:GetAuthorizationToken", ["*"]))
            acknowledge_wildcards(role, "ECR gives out tokens for a registry as a whole", ["*"])
        return role


def _health_check(command: str) -> ecs.HealthCheck:
    return ecs.HealthCheck(
        command=["CMD-SHELL", f"{command} || exit 1"],
        interval=Duration.seconds(60),
        timeout=Duration.seconds(30),
        retries=3,
        # All tables, checks and sensors are loaded first.
        start_period=Duration.seconds(180),
    )
