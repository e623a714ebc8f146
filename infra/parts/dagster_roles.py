"""Who may do what in orchestration: one role for each of webserver, daemon, code location, runs and Spark jobs."""

from collections.abc import Sequence

from aws_cdk import Aws, Stack
from aws_cdk import aws_iam as iam

from clickstream_platform.realtime.tables import (
    ATTRIBUTED_CHECKOUTS,
    ERASED_ENTITIES,
    EVENT_INDEX,
    REPLAYED_ENTITIES,
    SESSIONS,
)
from infra.names import Names
from infra.parts.acknowledged import acknowledge_wildcards
from infra.parts.roles import allow, service_role

RUN_FAMILY = "dagster-run"
LOG_GROUP = "dagster"
_OF_PEOPLE = (SESSIONS, EVENT_INDEX, ATTRIBUTED_CHECKOUTS, REPLAYED_ENTITIES)


class DagsterRoles:
    """The task roles; execution is another one's (`parts/dagster_tasks.py`)."""

    def __init__(self, stack: Stack, names: Names) -> None:
        self._stack, self._names = stack, names
        write_logs = allow("s3:GetObject PutObject", names.bucket_arn(names.compute_logs, "*"))
        read_logs = allow("s3:GetObject", names.bucket_arn(names.compute_logs, "*"))
        list_logs = allow("s3:ListBucket", names.bucket_arn(names.compute_logs))
        self.webserver = self._task_role("webserver", [read_logs, list_logs, self._stop_runs()])
        self.daemon = self._task_role("daemon", [write_logs, list_logs, self._stop_runs(), *self._start_runs()])
        self.code = self._task_role("code", [write_logs, list_logs, *self._look_around()])
        self.run = self._task_role("run", [write_logs, list_logs, *self._use_lake(), *self._erase()])
        for role in (self.webserver, self.daemon):
            self._describe(role)

    def let_daemon_pass(self, roles: Sequence[iam.IRole]) -> None:
        """A run's task gets the roles of its definition, and no other."""
        self.daemon.add_to_principal_policy(
            allow(
                "iam:PassRole",
                [role.role_arn for role in roles],
                {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
            )
        )

    def _task_role(self, who: str, statements: Sequence[iam.PolicyStatement]) -> iam.Role:
        return service_role(
            self._stack,
            f"{who.capitalize()}Role",
            f"{self._names.prefix}dagster-{who}-{Aws.REGION}",
            iam.ServicePrincipal(
                "ecs-tasks.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
            ),
            statements,
        )

    def _tasks(self) -> str:
        return _arn("ecs", f"task/{cluster_name(self._names)}/*")

    def _stop_runs(self) -> iam.PolicyStatement:
        return allow("ecs:DescribeTasks StopTask", [self._tasks()])

    def _start_runs(self) -> list[iam.PolicyStatement]:
        in_cluster = {"ArnEquals": {"ecs:cluster": _arn("ecs", f"cluster/{cluster_name(self._names)}")}}
        return [
            allow("ecs:RunTask", [_arn("ecs", f"task-definition/{self._names.prefix}{RUN_FAMILY}:*")], in_cluster),
            allow("ecs:TagResource", [self._tasks()], {"StringEquals": {"ecs:CreateAction": "RunTask"}}),
            # The last lines of a run's task that failed go into its own record.
            allow("logs:GetLogEvents", [_arn("logs", f"log-group:{self._names.log_group(LOG_GROUP)}:log-stream:*")]),
        ]

    def _describe(self, role: iam.Role) -> None:
        actions = ["ecs:DescribeTaskDefinition"]
        if role is self.daemon:
            actions.append("ec2:DescribeNetworkInterfaces")
        role.add_to_principal_policy(iam.PolicyStatement(actions=actions, resources=["*"]))
        acknowledge_wildcards(role, "AWS knows no resources for these two actions; both only read", ["*"])

    def _look_around(self) -> list[iam.PolicyStatement]:
        """Sensors: what arrived, and whom to tell of failures."""
        names = self._names
        return [
            allow("sqs:ReceiveMessage DeleteMessage", [names.queue_arn(names.plan.arrivals)]),
            allow("s3:GetObject", names.lake_arn("*")),
            allow("s3:ListBucket", names.lake_arn()),
            allow("sns:Publish", [names.topic_arn("critical")]),
            allow("dynamodb:Query", [f"{names.table_arn(SESSIONS)[0]}/index/{SESSIONS.indexes[0].name}"]),
        ]

    def _use_lake(self) -> list[iam.PolicyStatement]:
        names = self._names
        return [
            allow("s3:GetObject PutObject DeleteObject AbortMultipartUpload", names.lake_arn("*")),
            allow("s3:ListBucket", names.lake_arn()),
        ]

    def _erase(self) -> list[iam.PolicyStatement]:
        """What erasure of a person needs beyond the lake: old versions, and the live tables with entities."""
        names = self._names
        return [
            allow("s3:DeleteObjectVersion", names.lake_arn("*")),
            allow("s3:GetBucketVersioning ListBucketVersions", names.lake_arn()),
            allow("dynamodb:GetItem", names.table_arn(SESSIONS)),
            allow("dynamodb:Query BatchWriteItem", names.table_arn(*_OF_PEOPLE)),
            allow("dynamodb:BatchGetItem BatchWriteItem", names.table_arn(ERASED_ENTITIES)),
        ]


def spark_role(stack: Stack, names: Names) -> iam.Role:
    """What a Spark job of the platform may do on Glue or EMR Serverless: the tables, their catalogue, its logs."""
    tables = [
        _arn("glue", "catalog"),
        _arn("glue", f"database/{names.database_name}"),
        _arn("glue", f"table/{names.database_name}/*"),
    ]
    return service_role(
        stack,
        "SparkRole",
        f"{names.prefix}spark-{Aws.REGION}",
        iam.CompositePrincipal(
            *(
                iam.ServicePrincipal(service, conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}})
                for service in ("glue.amazonaws.com", "emr-serverless.amazonaws.com")
            )
        ),
        [
            allow("s3:GetObject", names.lake_arn("bronze/*", "silver/*", "gold/*")),
            allow("s3:PutObject DeleteObject AbortMultipartUpload", names.lake_arn("silver/*", "gold/*")),
            allow("s3:ListBucket GetBucketLocation", names.lake_arn()),
            allow("glue:GetDatabase GetTable GetTables GetPartition GetPartitions", tables),
            allow("logs:CreateLogStream PutLogEvents", [_arn("logs", f"log-group:{names.log_group('glue')}/*")]),
        ],
    )


def cluster_name(names: Names) -> str:
    """The ECS cluster."""
    return f"{names.prefix}dagster"


def _arn(service: str, resource: str) -> str:
    return f"arn:{Aws.PARTITION}:{service}:{Aws.REGION}:{Aws.ACCOUNT_ID}:{resource}"
