"""Streams, what delivers them to `raw/`, and the functions that they and S3 invoke."""

from aws_cdk import Aws
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kinesisfirehose as firehose
from aws_cdk import aws_lambda as lambda_

from clickstream_platform.local_aws.mapping import StreamMapping
from clickstream_platform.local_aws.plan import DATA_GENERATOR, FILE_INGEST, STREAM_PROCESSOR
from clickstream_platform.realtime.tables import ATTRIBUTED_CHECKOUTS, EVENT_INDEX, METRICS, SESSIONS
from infra.package import GENERATOR, LAKE
from infra.parts.acknowledged import acknowledge
from infra.parts.functions import PlatformFunction
from infra.parts.queues import PlannedQueues
from infra.parts.roles import allow, service_role
from infra.stacks.base import PlatformStack

KINESIS_KEY = "alias/aws/kinesis"
RAW_PREFIX = "raw/year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/"
RAW_ERRORS = (
    "raw-errors/!{firehose:error-output-type}/year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/"
)
_READ = "kinesis:DescribeStream DescribeStreamSummary GetRecords GetShardIterator ListShards"


class Streaming(PlatformStack):
    """`events`, and `clicks` and `checkouts` where they are wanted: into bronze, live tables and `raw/`."""

    NAME = "streaming"

    def build(self) -> None:
        """Make them."""
        plan, prefix = self.names.plan, self.names.prefix
        separate = [f"{prefix}clicks", f"{prefix}checkouts"] if self.settings.separate_streams else []
        self._failures = PlannedQueues(self, "Queues", [plan.stream_failures], self.names)
        acknowledge(self._failures, "It is itself where records go that nobody could process", "SQS3")
        streams = {name: self._stream(name) for name in (plan.events, *separate)}
        self._processor(streams)
        for name in streams:
            self._delivery(name)
        self._file_ingest()
        if self.settings.generator:
            self._generator(separate or [plan.events])

    def _id(self, name: str) -> str:
        return "".join(word.capitalize() for word in name.removeprefix(self.names.prefix).split("-"))

    def _stream(self, name: str) -> kinesis.CfnStream:
        on_demand = self.settings.stream_mode == "on_demand"
        mode = "ON_DEMAND" if on_demand else "PROVISIONED"
        return kinesis.CfnStream(
            self,
            self._id(name),
            name=name,
            shard_count=None if on_demand else self.settings.shards,
            stream_mode_details=kinesis.CfnStream.StreamModeDetailsProperty(stream_mode=mode),
            retention_period_hours=self.settings.stream_hours,
            stream_encryption=kinesis.CfnStream.StreamEncryptionProperty(encryption_type="KMS", key_id=KINESIS_KEY),
        )

    def _processor(self, streams: dict[str, kinesis.CfnStream]) -> None:
        names, plan = self.names, self.names.plan
        made = PlatformFunction(
            self,
            "StreamProcessor",
            function=STREAM_PROCESSOR,
            package=LAKE,
            names=names,
            settings=self.settings,
            memory=1024,
            timeout=120,
            statements=[
                allow(_READ, [names.stream_arn(name) for name in streams]),
                allow("sqs:SendMessage", [names.queue_arn(plan.stream_failures)]),
                allow("s3:PutObject", names.lake_arn("bronze/events/*", "rejected/events/*")),
                allow("dynamodb:BatchGetItem", names.table_arn(SESSIONS, EVENT_INDEX)),
                allow("dynamodb:BatchWriteItem Query", names.table_arn(EVENT_INDEX)),
                allow("dynamodb:PutItem", names.table_arn(SESSIONS, ATTRIBUTED_CHECKOUTS)),
                allow("dynamodb:UpdateItem", names.table_arn(METRICS)),
            ],
        )
        (planned,) = plan.mappings
        for name, stream in streams.items():
            mapping = self._mapping(name, planned, made)
            mapping.add_resource_dependency(stream)
            mapping.node.add_dependency(made.role, self._failures)

    def _mapping(
        self, stream: str, planned: StreamMapping, function: PlatformFunction
    ) -> lambda_.CfnEventSourceMapping:
        assert planned.on_failure_queue
        return lambda_.CfnEventSourceMapping(
            self,
            f"{self._id(stream)}Mapping",
            event_source_arn=self.names.stream_arn(stream),
            function_name=function.arn,
            batch_size=self.settings.batch_size,
            maximum_batching_window_in_seconds=self.settings.batching_window_seconds,
            bisect_batch_on_function_error=planned.bisect_batch_on_function_error,
            maximum_retry_attempts=planned.maximum_retry_attempts,
            maximum_record_age_in_seconds=planned.maximum_record_age_seconds,
            # More than one would process an entity's records side by side (docs/decisions/0010-live-state.md).
            parallelization_factor=planned.parallelization_factor,
            function_response_types=["ReportBatchItemFailures"],
            starting_position=planned.starting_position,
            destination_config=lambda_.CfnEventSourceMapping.DestinationConfigProperty(
                on_failure=lambda_.CfnEventSourceMapping.OnFailureProperty(
                    destination=self.names.queue_arn(planned.on_failure_queue)
                )
            ),
        )

    def _delivery(self, stream: str) -> None:
        """What a stream gets, as it came: the originals that bronze can be rebuilt from."""
        names, name = self.names, f"{stream}-to-raw"
        group = f"/aws/kinesisfirehose/{name}"
        logs = f"arn:{Aws.PARTITION}:logs:{Aws.REGION}:{Aws.ACCOUNT_ID}:log-group:{group}:log-stream:*"
        role = service_role(
            self,
            f"{self._id(stream)}DeliveryRole",
            f"{name}-{Aws.REGION}",
            iam.ServicePrincipal(
                "firehose.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
            ),
            [
                allow("kinesis:DescribeStream GetRecords GetShardIterator ListShards", [names.stream_arn(stream)]),
                allow("s3:AbortMultipartUpload PutObject GetObject", names.lake_arn("raw/*", "raw-errors/*")),
                allow("s3:GetBucketLocation ListBucket ListBucketMultipartUploads", names.lake_arn()),
                allow("logs:PutLogEvents", [logs]),
            ],
        )
        delivery = firehose.CfnDeliveryStream(
            self,
            f"{self._id(stream)}Delivery",
            delivery_stream_name=name,
            delivery_stream_type="KinesisStreamAsSource",
            kinesis_stream_source_configuration=firehose.CfnDeliveryStream.KinesisStreamSourceConfigurationProperty(
                kinesis_stream_arn=names.stream_arn(stream), role_arn=role.role_arn
            ),
            extended_s3_destination_configuration=firehose.CfnDeliveryStream.ExtendedS3DestinationConfigurationProperty(
                bucket_arn=names.lake_arn()[0],
                role_arn=role.role_arn,
                prefix=RAW_PREFIX,
                error_output_prefix=RAW_ERRORS,
                compression_format="GZIP",
                buffering_hints=firehose.CfnDeliveryStream.BufferingHintsProperty(
                    interval_in_seconds=60, size_in_m_bs=5
                ),
                # One record a line, whether or not the sender ended it.
                processing_configuration=firehose.CfnDeliveryStream.ProcessingConfigurationProperty(
                    enabled=True,
                    processors=[
                        firehose.CfnDeliveryStream.ProcessorProperty(
                            type="AppendDelimiterToRecord",
                            parameters=[
                                firehose.CfnDeliveryStream.ProcessorParameterProperty(
                                    parameter_name="Delimiter", parameter_value="\\n"
                                )
                            ],
                        )
                    ],
                ),
                cloud_watch_logging_options=firehose.CfnDeliveryStream.CloudWatchLoggingOptionsProperty(
                    enabled=True, log_group_name=group, log_stream_name="S3Delivery"
                ),
            ),
        )
        acknowledge(
            delivery, "It reads a stream that is encrypted, and keeps nothing outside of the encrypted bucket", "KDF1"
        )

    def _file_ingest(self) -> None:
        names, plan = self.names, self.names.plan
        landing = names.queue_arn(plan.landing)
        made = PlatformFunction(
            self,
            "FileIngest",
            function=FILE_INGEST,
            package=LAKE,
            names=names,
            settings=self.settings,
            memory=1769,  # one whole core
            timeout=880,
            scratch_gb=10,
            statements=[
                allow("sqs:ReceiveMessage DeleteMessage GetQueueAttributes", [landing]),
                allow("s3:GetObject", names.lake_arn("landing/*", "_ledger/*")),
                allow(
                    "s3:PutObject", names.lake_arn("bronze/*", "rejected/*", "landing/*", "raw/landing/*", "_ledger/*")
                ),
                # Of bronze and refused records what a killed invocation left half done.
                allow("s3:DeleteObject", names.lake_arn("landing/*", "_ledger/_started/*", "bronze/*", "rejected/*")),
                allow("s3:ListBucket", names.lake_arn()),
            ],
        )
        mapping = lambda_.CfnEventSourceMapping(
            self, "LandingMapping", event_source_arn=landing, function_name=made.arn, batch_size=1
        )
        mapping.node.add_dependency(made.role, made.function)

    def _generator(self, streams: list[str]) -> None:
        names = self.names
        made = PlatformFunction(
            self,
            "DataGenerator",
            function=DATA_GENERATOR,
            package=GENERATOR,
            names=names,
            settings=self.settings,
            memory=1024,
            timeout=300,
            statements=[allow("kinesis:PutRecords", [names.stream_arn(name) for name in streams])],
        )
        rule = events.CfnRule(
            self,
            "EveryFiveMinutes",
            name=f"{names.prefix}generator",
            description="Has the data generator send five minutes of an invented shop",
            schedule_expression="cron(0/5 * * * ? *)",
            targets=[events.CfnRule.TargetProperty(arn=made.arn, id="generator")],
        )
        rule.add_resource_dependency(made.function)
        permission = lambda_.CfnPermission(
            self,
            "GeneratorPermission",
            action="lambda:InvokeFunction",
            function_name=made.arn,
            principal="events.amazonaws.com",
            source_arn=rule.attr_arn,
        )
        permission.add_resource_dependency(made.function)
