"""The HTTP interface: API Gateway before the ingest API, uploads and replays; and what replays are carried out by."""

from aws_cdk import Aws
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs

from clickstream_platform.lambdas.http_routes import FILE_INGEST, INGEST_API
from clickstream_platform.local_aws.plan import REPLAY, REPLAY_PROCESSOR
from clickstream_platform.realtime.tables import (
    ERASED_ENTITIES,
    EVENT_INDEX,
    IDEMPOTENCY,
    REPLAY_PAGES,
    REPLAYED_ENTITIES,
    REPLAYS,
)
from infra.package import API, LAKE
from infra.parts.acknowledged import acknowledge
from infra.parts.functions import PlatformFunction
from infra.parts.openapi import gateway_document
from infra.parts.queues import PlannedQueues
from infra.parts.roles import allow
from infra.stacks.base import PlatformStack

_STAGE = "v1"
_REQUESTS_A_SECOND, _BURST = 1_000, 2_000


class Api(PlatformStack):
    """`/events`, `/collect`, `/upload`, `/replay`; signed with IAM, but for what pages send with a write key."""

    NAME = "api"

    def build(self) -> None:
        """Make them."""
        plan = self.names.plan
        self._queues = PlannedQueues(self, "Queues", [plan.replay_steps, plan.replay_messages], self.names)
        functions = {INGEST_API: self._ingest(), REPLAY: self._replay()}
        self._replay_processor()
        arns = {name: made.alias_arn for name, made in functions.items()}
        self._gateway({**arns, FILE_INGEST: self.names.function_arn(FILE_INGEST)}, list(functions.values()))

    def _ingest(self) -> PlatformFunction:
        names, settings = self.names, self.settings
        streams = ["clicks", "checkouts"] if settings.separate_streams else ["events"]
        keys = settings.write_keys_secret
        return PlatformFunction(
            self,
            "IngestApi",
            function=INGEST_API,
            package=API,
            names=names,
            settings=settings,
            memory=512,
            timeout=29,
            snap_start=True,
            environment={
                "CLICKSTREAM_CORS_ORIGINS": ",".join(settings.cors_origins),
                **({"CLICKSTREAM_WRITE_KEYS": f"{{{{resolve:secretsmanager:{keys}}}}}"} if keys else {}),
            },
            statements=[
                allow("kinesis:PutRecords", [names.stream_arn(f"{names.prefix}{stream}") for stream in streams]),
                allow("dynamodb:PutItem UpdateItem", names.table_arn(IDEMPOTENCY)),
            ],
        )

    def _replay_settings(self) -> dict[str, str]:
        names, plan = self.names, self.names.plan
        return {
            "CLICKSTREAM_REPLAY_QUEUE_URL": names.queue_url(plan.replay_messages),
            "CLICKSTREAM_REPLAY_STEPS_QUEUE_URL": names.queue_url(plan.replay_steps),
            **({"CLICKSTREAM_REPLAY_LAKE_URI": f"s3://{other}"} if (other := self.settings.replay_lake_bucket) else {}),
        }

    def _replay(self) -> PlatformFunction:
        names, plan = self.names, self.names.plan
        steps = names.queue_arn(plan.replay_steps)
        made = PlatformFunction(
            self,
            "Replay",
            function=REPLAY,
            package=LAKE,
            names=names,
            settings=self.settings,
            memory=1769,
            timeout=300,
            environment=self._replay_settings(),
            statements=[
                allow("dynamodb:GetItem PutItem UpdateItem", names.table_arn(REPLAYS)),
                allow("dynamodb:PutItem Query UpdateItem", names.table_arn(REPLAY_PAGES)),
                allow("dynamodb:Query", names.table_arn(EVENT_INDEX)),
                allow("dynamodb:BatchGetItem", names.table_arn(ERASED_ENTITIES)),
                allow("s3:GetObject", names.lake_arn("bronze/events/*", "_replays/*")),
                allow("s3:PutObject DeleteObject", names.lake_arn("_replays/*")),
                allow("s3:ListBucket", names.lake_arn()),
                allow("sqs:SendMessage", [steps, names.queue_arn(plan.replay_messages)]),
                allow("sqs:ReceiveMessage DeleteMessage GetQueueAttributes", [steps]),
            ],
        )
        self._queue_mapping("ReplaySteps", plan.replay_steps, made, batch_size=1)
        return made

    def _replay_processor(self) -> None:
        names, plan = self.names, self.names.plan
        streams = ["clicks"] if self.settings.separate_streams else ["events"]
        other = self.settings.replay_lake_bucket
        made = PlatformFunction(
            self,
            "ReplayProcessor",
            function=REPLAY_PROCESSOR,
            package=LAKE,
            names=names,
            settings=self.settings,
            memory=1769,
            timeout=110,
            environment=self._replay_settings(),
            statements=[
                *([allow("s3:PutObject", names.bucket_arn(other, "bronze/events/*"))] if other else []),
                allow("dynamodb:BatchGetItem UpdateItem", names.table_arn(REPLAYS)),
                allow("dynamodb:GetItem PutItem UpdateItem", names.table_arn(REPLAY_PAGES)),
                allow("dynamodb:BatchGetItem PutItem", names.table_arn(REPLAYED_ENTITIES)),
                allow("dynamodb:BatchGetItem", names.table_arn(ERASED_ENTITIES)),
                allow("s3:GetObject", names.lake_arn("bronze/events/*")),
                allow("s3:DeleteObject", names.lake_arn("_replays/*")),
                allow("s3:ListBucket", names.lake_arn()),
                allow("kinesis:PutRecords", [names.stream_arn(f"{names.prefix}{stream}") for stream in streams]),
                allow("sqs:ReceiveMessage DeleteMessage GetQueueAttributes", [names.queue_arn(plan.replay_messages)]),
            ],
        )
        self._queue_mapping("ReplayMessages", plan.replay_messages, made, batch_size=10)

    def _queue_mapping(self, name: str, queue: str, function: PlatformFunction, batch_size: int) -> None:
        mapping = lambda_.CfnEventSourceMapping(
            self,
            f"{name}Mapping",
            event_source_arn=self.names.queue_arn(queue),
            function_name=function.arn,
            batch_size=batch_size,
            function_response_types=["ReportBatchItemFailures"],
        )
        mapping.node.add_dependency(self._queues, function.role, function.function)

    def _gateway(self, functions: dict[str, str], made: list[PlatformFunction]) -> None:
        names = self.names
        rest = apigateway.CfnRestApi(
            self,
            "Gateway",
            name=f"{names.prefix}api",
            description="Events, files and replays of Clickstream Platform",
            body=gateway_document(functions, has_write_keys=bool(self.settings.write_keys_secret)),
            endpoint_configuration=apigateway.CfnRestApi.EndpointConfigurationProperty(types=["REGIONAL"]),
            fail_on_warnings=True,
        )
        for function in made:
            rest.node.add_dependency(function)
        for name, arn in functions.items():
            permission = lambda_.CfnPermission(
                self,
                f"Invoke{''.join(word.capitalize() for word in name.split('-'))}",
                action="lambda:InvokeFunction",
                function_name=arn,
                principal="apigateway.amazonaws.com",
                source_arn=f"arn:{Aws.PARTITION}:execute-api:{Aws.REGION}:{Aws.ACCOUNT_ID}:{rest.ref}/*",
            )
            for function in made:
                permission.node.add_dependency(function)
        deployment = apigateway.CfnDeployment(self, "Deployment", rest_api_id=rest.ref)
        access = logs.LogGroup(
            self,
            "AccessLog",
            log_group_name=names.log_group("api-access"),
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=self.removal,
        )
        stage = apigateway.CfnStage(
            self,
            "Stage",
            rest_api_id=rest.ref,
            deployment_id=deployment.ref,
            stage_name=_STAGE,
            tracing_enabled=True,
            access_log_setting=apigateway.CfnStage.AccessLogSettingProperty(
                destination_arn=access.log_group_arn,
                format=apigateway.AccessLogFormat.json_with_standard_fields(
                    caller=True,
                    http_method=True,
                    ip=False,  # addresses are personal data
                    protocol=True,
                    request_time=True,
                    resource_path=True,
                    response_length=True,
                    status=True,
                    user=True,
                ).to_string(),
            ),
            method_settings=[
                apigateway.CfnStage.MethodSettingProperty(
                    http_method="*",
                    resource_path="/*",
                    logging_level="ERROR",
                    metrics_enabled=True,
                    throttling_rate_limit=_REQUESTS_A_SECOND,
                    throttling_burst_limit=_BURST,
                )
            ],
        )
        acknowledge(
            stage,
            "Callers sign with IAM or have a write key, and are throttled; a WAF is the operator's choice",
            "APIG3",
        )
        acknowledge(
            rest,
            "Pages cannot sign: beacons carry a write key, preflights and the health check carry nothing",
            "APIG4",
            "COG4",
        )
        acknowledge(rest, "Its validator is in its OpenAPI document, for every method", "APIG2")
