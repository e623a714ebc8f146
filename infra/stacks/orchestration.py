"""Dagster on Fargate: webserver, daemon, code location, and a task for each run."""

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_servicediscovery as discovery

from infra.parts.buckets import private_bucket
from infra.parts.dagster_roles import LOG_GROUP, RUN_FAMILY, DagsterRoles, cluster_name, spark_role
from infra.parts.dagster_tasks import DagsterTasks, Task
from infra.parts.dagster_ui import balancer_of, let_in_who_signed_in
from infra.parts.shared import published
from infra.parts.vpc import vpc_of
from infra.stacks.base import PlatformStack

UI_PORT = 3000
CODE_PORT = 4000
_WORKSPACE = "/opt/dagster/workspace.yaml"
_UI_ANSWERS = (
    f"python -c \"import urllib.request as u; u.urlopen('http://127.0.0.1:{UI_PORT}/server_info', timeout=20)\""
)

WEBSERVER = Task(
    name="webserver",
    command=["dagster-webserver", "-h", "0.0.0.0", "-p", str(UI_PORT), "-w", _WORKSPACE],
    healthy=_UI_ANSWERS,
    port=UI_PORT,
)
DAEMON = Task(
    name="daemon", command=["dagster-daemon", "run", "-w", _WORKSPACE], healthy="dagster-daemon liveness-check"
)
CODE = Task(
    name="code",
    command=["dagster", "api", "grpc", "-h", "0.0.0.0", "-p", str(CODE_PORT), "-m", "clickstream_platform.definitions"],
    healthy=f"dagster api grpc-health-check -p {CODE_PORT}",
    port=CODE_PORT,
    memory=2048,
)
# Its command is what the launcher says; a job asks for more with the tags ecs/cpu and ecs/memory.
RUN = Task(name="run", command=["dagster", "--version"], cpu=2048, memory=8192)


class Orchestration(PlatformStack):
    """Services in the private subnets; the load balancer in the public ones is the only way in."""

    NAME = "orchestration"

    def build(self) -> None:
        """Make them."""
        vpc = vpc_of(self, "public", "private")
        self._compute_logs()
        self._roles = DagsterRoles(self, self.names)
        self._groups = self._security_groups(vpc)
        cluster = ecs.Cluster(
            self,
            "Cluster",
            cluster_name=cluster_name(self.names),
            vpc=vpc,
            container_insights_v2=ecs.ContainerInsights.ENABLED,
            default_cloud_map_namespace=ecs.CloudMapNamespaceOptions(
                name=self._domain, type=discovery.NamespaceType.DNS_PRIVATE, vpc=vpc
            ),
        )
        balancer = balancer_of(self, vpc, self._bucket("UiLogs", f"{self.names.prefix}ui-logs-{Aws.ACCOUNT_ID}", 90))
        host = self.settings.ui_host or balancer.load_balancer_dns_name
        tasks = DagsterTasks(self, self._log_group(), self._environment(host))
        run = tasks.definition(RUN, self._roles.run)
        self._roles.let_daemon_pass([self._roles.run, tasks.execution_role])
        self._service(cluster, tasks, CODE, self._roles.code).enable_cloud_map(
            name="code", dns_record_type=discovery.DnsRecordType.A, dns_ttl=Duration.seconds(10)
        )
        # Two daemons would each do all the work: the old one ends before the new one starts.
        self._service(cluster, tasks, DAEMON, self._roles.daemon, alone=True).node.add_dependency(run)
        copies = 2 if self.settings.multi_az else 1
        webserver = self._service(cluster, tasks, WEBSERVER, self._roles.webserver, copies=copies)
        self._groups[0].add_ingress_rule(balancer.connections.security_groups[0], ec2.Port.tcp(UI_PORT), "The UI")
        let_in_who_signed_in(self, vpc, balancer, webserver, UI_PORT)
        spark_role(self, self.names)

    @property
    def _domain(self) -> str:
        return f"{self.names.prefix.rstrip('-')}.internal"

    def _environment(self, host: str) -> dict[str, str]:
        names = self.names
        return {
            "AWS_DEFAULT_REGION": Aws.REGION,
            "CLICKSTREAM_ARRIVAL_QUEUE_URL": names.queue_url(names.plan.arrivals),
            "CLICKSTREAM_CODE_HOST": f"code.{self._domain}",
            "CLICKSTREAM_CONSENT_DEFAULT": self.settings.consent_default,
            "CLICKSTREAM_LAKE_URI": f"s3://{names.lake}",
            "CLICKSTREAM_SNS_TOPIC_ARN": names.topic_arn("critical"),
            "CLICKSTREAM_TABLE_PREFIX": names.prefix,
            "CLICKSTREAM_WEBSERVER_URL": f"https://{host}",
            "DAGSTER_COMPUTE_LOGS_BUCKET": names.compute_logs,
            "DAGSTER_RUN_STATUS_SENSOR_PROCESS_LIMIT": "50",
            "DAGSTER_RUN_TASK_DEFINITION": f"{names.prefix}{RUN_FAMILY}",
        }

    def _service(
        self,
        cluster: ecs.ICluster,
        tasks: DagsterTasks,
        task: Task,
        role: iam.IRole,
        *,
        copies: int = 1,
        alone: bool = False,
    ) -> ecs.FargateService:
        return ecs.FargateService(
            self,
            f"{task.name.capitalize()}",
            service_name=task.name,
            cluster=cluster,
            task_definition=tasks.definition(task, role),
            desired_count=copies,
            min_healthy_percent=0 if alone else 100,
            max_healthy_percent=100 if alone else 200,
            circuit_breaker=ecs.DeploymentCircuitBreaker(enable=True, rollback=True),
            security_groups=self._groups,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
            propagate_tags=ecs.PropagatedTagSource.SERVICE,
        )

    def _security_groups(self, vpc: ec2.IVpc) -> list[ec2.ISecurityGroup]:
        """The tasks' own, and the one that the database lets in."""
        tasks = ec2.SecurityGroup(self, "Tasks", vpc=vpc, description="Tasks of Dagster", allow_all_outbound=False)
        tasks.add_ingress_rule(tasks, ec2.Port.tcp(CODE_PORT), "The code location")
        tasks.add_egress_rule(tasks, ec2.Port.tcp(CODE_PORT), "The code location")
        tasks.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "AWS, the image registry, Slack")
        clients = ec2.SecurityGroup.from_security_group_id(
            self,
            "Clients",
            published(self, self.names, "database", "clients_group", kind="AWS::EC2::SecurityGroup::Id"),
            mutable=False,
        )
        return [tasks, clients]

    def _log_group(self) -> logs.LogGroup:
        return logs.LogGroup(
            self,
            "Logs",
            log_group_name=self.names.log_group(LOG_GROUP),
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=RemovalPolicy.DESTROY,
        )

    def _compute_logs(self) -> s3.Bucket:
        return self._bucket("ComputeLogs", self.names.compute_logs, 90)

    def _bucket(self, construct_id: str, name: str, days: int) -> s3.Bucket:
        return private_bucket(
            self,
            construct_id,
            name,
            self.removal,
            logs=s3.Bucket.from_bucket_name(self, f"{construct_id}AccessLogs", self.names.access_logs),
            lifecycle_rules=[s3.LifecycleRule(id="old", expiration=Duration.days(days))],
        )
