"""What is worth waking somebody for, and what is worth a look."""

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from constructs import Construct

from clickstream_platform.local_aws.plan import STREAM_PROCESSOR
from infra.names import Names
from infra.parts import metrics
from infra.parts.topics import Topics
from infra.parts.watched import SECONDS, dead_letter_queues, functions_of, streams_of
from infra.settings import Settings

_SECONDS = 30
_ERROR_PER_CENT = 1
_LATE_MILLISECONDS = 5 * 60_000
_STALE_GOLD_HOURS = 26
"""The nightly run computes every gold table once a day; two hours for it to wait, run and be tried again."""


class Alarms(Construct):
    """All alarms of an environment."""

    def __init__(
        self, scope: Construct, construct_id: str, *, names: Names, settings: Settings, topics: Topics
    ) -> None:
        super().__init__(scope, construct_id)
        self._names, self._settings, self._topics = names, settings, topics
        for function in functions_of(settings):
            self._watch_function(function)
        for stream in streams_of(names, settings):
            self._watch_stream(stream)
        for queue in dead_letter_queues(names):
            self._alarm(
                "critical",
                f"{queue.removeprefix(names.prefix)}-not-empty",
                metrics.of_queue(queue, "ApproximateNumberOfMessagesVisible"),
                0,
                "Something was tried in vain as often as it may be; docs/streaming.md, docs/replay.md say what to do",
            )
        for table in names.plan.tables:
            self._alarm(
                "warning",
                f"{table.name}-throttled",
                metrics.table_throttles(names.table(table)),
                0,
                "DynamoDB refuses calls; they are tried again, and wait",
                periods=3,
            )
        self._watch_the_rest()

    def _watch_function(self, function: str) -> None:
        self._alarm(
            "critical",
            f"{function}-errors",
            metrics.error_rate(self._names, function),
            _ERROR_PER_CENT,
            f"More than {_ERROR_PER_CENT} % of invocations fail",
            periods=2,
        )
        seconds = SECONDS.get(function, _SECONDS)
        self._alarm(
            "warning",
            f"{function}-duration",
            metrics.of_function(self._names, function, "Duration", "Maximum"),
            seconds * 1000,
            f"An invocation took longer than {seconds} s",
        )
        self._alarm(
            "warning",
            f"{function}-throttled",
            metrics.of_function(self._names, function, "Throttles"),
            0,
            "Invocations were refused: reserved_concurrency, or the account's limit",
        )

    def _watch_stream(self, stream: str) -> None:
        short = stream.removeprefix(self._names.prefix)
        self._alarm(
            "critical",
            f"{short}-unread",
            metrics.of_stream(stream, "GetRecords.IteratorAgeMilliseconds", "Maximum"),
            self._settings.stream_hours * 3_600_000 / 4,
            "Records are a quarter of the way to being forgotten by the stream before they are read",
        )
        self._alarm(
            "warning",
            f"{short}-writes-throttled",
            metrics.of_stream(stream, "WriteProvisionedThroughputExceeded"),
            0,
            "Producers put more than the shards take; they try again, or lose events",
        )
        self._alarm(
            "warning",
            f"{short}-reads-throttled",
            metrics.of_stream(stream, "ReadProvisionedThroughputExceeded"),
            0,
            "Readers of the stream get in each other's way",
            periods=3,
        )
        self._alarm(
            "warning",
            f"{short}-to-raw-late",
            metrics.metric(
                "AWS/Firehose", "DeliveryToS3.DataFreshness", "Maximum", DeliveryStreamName=f"{stream}-to-raw"
            ),
            15 * 60,
            "Records wait longer than 15 minutes for their delivery to raw/",
        )

    def _watch_the_rest(self) -> None:
        names = self._names
        self._alarm(
            "critical",
            "iterator-age",
            metrics.of_function(names, STREAM_PROCESSOR, "IteratorAge", "Maximum"),
            _LATE_MILLISECONDS,
            "Live tables and bronze are more than 5 minutes behind the stream",
            periods=3,
        )
        self._alarm(
            "critical",
            "api-failures",
            metrics.metric("AWS/ApiGateway", "5XXError", "Average", ApiName=f"{names.prefix}api"),
            _ERROR_PER_CENT / 100,
            f"The API answers more than {_ERROR_PER_CENT} % of requests with a fault of its own",
            periods=2,
        )
        self._alarm(
            "warning",
            "athena-failures",
            metrics.failed_queries(names.prefix.rstrip("-")),
            0,
            "Queries failed; the workgroup's history says which",
        )
        self._alarm(
            "critical",
            "stale-gold",
            metrics.of_dagster(names, "oldest_gold_age", period=metrics.HOUR),
            _STALE_GOLD_HOURS * 3600,
            f"A gold table was not computed for {_STALE_GOLD_HOURS} hours, or Dagster says nothing at all",
            missing=cloudwatch.TreatMissingData.BREACHING,
        )
        database = f"{names.prefix}database"
        self._alarm(
            "critical",
            "database-disk",
            metrics.metric("AWS/RDS", "FreeStorageSpace", "Minimum", DBInstanceIdentifier=database),
            2 * 1024**3,
            "Less than 2 GiB are free: runs stop when there is nothing left",
            below=True,
        )
        for service in ("daemon", "code", "webserver"):
            self._alarm(
                "critical",
                f"dagster-{service}-down",
                metrics.metric(
                    "ECS/ContainerInsights",
                    "RunningTaskCount",
                    "Maximum",
                    ClusterName=metrics.dagster_service(names),
                    ServiceName=service,
                ),
                1,
                "No task of it runs",
                periods=3,
                below=True,
            )

    def _alarm(
        self,
        severity: str,
        name: str,
        what: cloudwatch.IMetric,
        threshold: float,
        description: str,
        *,
        periods: int = 1,
        below: bool = False,
        missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
    ) -> None:
        beyond = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
        alarm = cloudwatch.Alarm(
            self,
            "".join(word.capitalize() for word in name.split("-")),
            alarm_name=f"{self._names.prefix}{name}",
            alarm_description=description,
            metric=what,
            threshold=threshold,
            comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD if below else beyond,
            evaluation_periods=periods,
            treat_missing_data=missing,
        )
        action = actions.SnsAction(self._topics[severity])
        alarm.add_alarm_action(action)
        alarm.add_ok_action(action)
