"""PostgreSQL: Dagster's storage, and the tables that are served from it."""

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager

from infra.parts.acknowledged import acknowledge
from infra.parts.roles import allow, service_role
from infra.parts.shared import publish
from infra.parts.vpc import vpc_of
from infra.stacks.base import PlatformStack

PORT = 5432
USER = "dagster"
DATABASE = "dagster"
_VERSION, _MAJOR = "17.9", "17"
_BACKUP_DAYS = {True: 30, False: 7}


class Database(PlatformStack):
    """One instance in the subnets that have no way out, open to Dagster's tasks alone."""

    NAME = "database"

    def build(self) -> None:
        """Make it, and publish where it is."""
        vpc = vpc_of(self, "isolated")
        clients = ec2.SecurityGroup(
            self, "Clients", vpc=vpc, description="Who may connect to the database", allow_all_outbound=False
        )
        group = ec2.SecurityGroup(self, "Group", vpc=vpc, description="The database", allow_all_outbound=False)
        group.add_ingress_rule(clients, ec2.Port.tcp(PORT), "Tasks of Dagster")
        clients.add_egress_rule(group, ec2.Port.tcp(PORT), "The database")
        secret = self._secret()
        instance = self._instance(vpc, group, secret)
        publish(
            self,
            self.names,
            self.NAME,
            host=instance.db_instance_endpoint_address,
            instance=instance.instance_identifier,
            secret_arn=secret.secret_arn,
            clients_group=clients.security_group_id,
        )

    def _secret(self) -> rds.DatabaseSecret:
        secret = rds.DatabaseSecret(self, "Secret", username=USER, secret_name=f"{self.names.prefix}database")
        secret.apply_removal_policy(self.removal)
        acknowledge(
            secret,
            "Every step of a run connects anew with the password that its task began with, so a rotation in the"
            " background would fail all runs under way; infra/README.md says how it is rotated between runs.",
            "SMG4",
        )
        return secret

    def _instance(
        self, vpc: ec2.IVpc, group: ec2.SecurityGroup, secret: secretsmanager.ISecret
    ) -> rds.DatabaseInstance:
        production = self.settings.is_production
        engine = rds.DatabaseInstanceEngine.postgres(version=rds.PostgresEngineVersion.of(_VERSION, _MAJOR))
        instance = rds.DatabaseInstance(
            self,
            "Instance",
            engine=engine,
            instance_identifier=f"{self.names.prefix}database",
            instance_type=ec2.InstanceType(self.settings.database_instance),
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            security_groups=[group],
            credentials=rds.Credentials.from_secret(secret, USER),
            database_name=DATABASE,
            parameter_group=rds.ParameterGroup(
                self,
                "Parameters",
                engine=engine,
                description="TLS only, and statements that take long are logged",
                parameters={"rds.force_ssl": "1", "log_min_duration_statement": "1000"},
            ),
            port=PORT,
            multi_az=self.settings.multi_az,
            storage_type=rds.StorageType.GP3,
            allocated_storage=self.settings.database_storage_gb,
            # It grows by itself: a disk that is full stops every run.
            max_allocated_storage=self.settings.database_storage_gb * 5,
            storage_encrypted=True,
            backup_retention=Duration.days(_BACKUP_DAYS[production]),
            preferred_backup_window="04:00-05:00",
            preferred_maintenance_window="sun:05:30-sun:06:30",
            copy_tags_to_snapshot=True,
            deletion_protection=production,
            removal_policy=RemovalPolicy.SNAPSHOT if self.settings.keep_data else RemovalPolicy.DESTROY,
            delete_automated_backups=not self.settings.keep_data,
            auto_minor_version_upgrade=True,
            enable_performance_insights=True,
            performance_insight_retention=rds.PerformanceInsightRetention.DEFAULT,
            monitoring_interval=Duration.minutes(1),
            monitoring_role=self._monitoring_role(),
            cloudwatch_logs_exports=["postgresql", "upgrade"],
            cloudwatch_logs_retention=None,
            ca_certificate=rds.CaCertificate.RDS_CA_RSA2048_G1,
        )
        for log in ("postgresql", "upgrade"):
            # RDS would make them itself, and keep them for ever.
            instance.node.add_dependency(
                logs.LogGroup(
                    self,
                    f"Log-{log}",
                    log_group_name=f"/aws/rds/instance/{self.names.prefix}database/{log}",
                    retention=logs.RetentionDays.THREE_MONTHS,
                    removal_policy=RemovalPolicy.DESTROY,
                )
            )
        self._acknowledge(instance)
        return instance

    def _monitoring_role(self) -> iam.Role:
        group = f"arn:{Aws.PARTITION}:logs:{Aws.REGION}:{Aws.ACCOUNT_ID}:log-group:RDSOSMetrics"
        return service_role(
            self,
            "MonitoringRole",
            f"{self.names.prefix}database-monitoring-{Aws.REGION}",
            iam.ServicePrincipal("monitoring.rds.amazonaws.com"),
            [
                allow("logs:CreateLogGroup PutRetentionPolicy", [group]),
                allow("logs:CreateLogStream PutLogEvents DescribeLogStreams GetLogEvents", [f"{group}:log-stream:*"]),
            ],
        )

    def _acknowledge(self, instance: rds.DatabaseInstance) -> None:
        acknowledge(
            instance,
            "The port keeps nobody out who is let in by the security group, and only Dagster's tasks are.",
            "RDS11",
        )
        if not self.settings.multi_az:
            acknowledge(
                instance,
                "Nobody depends on this environment: a standby would double its dearest part (multi_az).",
                "RDS3",
            )
        if not self.settings.is_production:
            acknowledge(
                instance, "An environment for trials is to be destroyed in one command; prod is protected.", "RDS10"
            )
