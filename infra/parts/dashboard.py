"""One dashboard: what comes in, what becomes of it, how old and how large it is, and what it costs."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from clickstream_platform.local_aws.plan import STREAM_PROCESSOR
from infra.names import Names
from infra.parts import metrics
from infra.parts.watched import dead_letter_queues, functions_of, streams_of
from infra.settings import Settings

_WIDTH, _HEIGHT = 8, 6
_BILLING_REGION = "us-east-1"
"""Where AWS keeps what an account costs, wherever it runs."""


class PlatformDashboard(Construct):
    """The dashboard of an environment; a row of it for each question."""

    def __init__(self, scope: Construct, construct_id: str, *, names: Names, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        self._names, self._settings = names, settings
        rows = {
            "Streams": self._streams(),
            "Functions": self._functions(),
            "Freshness": self._freshness(),
            "Lake": self._lake(),
            "Sessions": self._sessions(),
            "Cost": self._cost(),
        }
        cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=names.prefix.rstrip("-"),
            default_interval=Duration.days(1),
            widgets=[
                row
                for title, widgets in rows.items()
                for row in ([cloudwatch.TextWidget(markdown=f"## {title}", width=24, height=1)], widgets)
            ],
        )

    def _streams(self) -> list[cloudwatch.IWidget]:
        streams = streams_of(self._names, self._settings)
        return [
            _graph("Records put", [metrics.of_stream(one, "IncomingRecords") for one in streams]),
            _graph("Events by outcome", [self._processed(name) for name in ("ingested", "rejected", "duplicates")]),
            _graph("Reader behind by, ms", [self._age(one) for one in streams]),
        ]

    def _age(self, stream: str) -> cloudwatch.Metric:
        return metrics.of_stream(stream, "GetRecords.IteratorAgeMilliseconds", "Maximum")

    def _functions(self) -> list[cloudwatch.IWidget]:
        def each(name: str, statistic: str = "Sum") -> list[cloudwatch.IMetric]:
            return [
                metrics.of_function(self._names, function, name, statistic) for function in functions_of(self._settings)
            ]

        dead = [
            metrics.of_queue(queue, "ApproximateNumberOfMessagesVisible") for queue in dead_letter_queues(self._names)
        ]
        return [
            _graph("Invocations", each("Invocations")),
            _graph("Duration, 99th percentile, ms", each("Duration", "p99")),
            _graph("Errors, throttles, dead letters", [*each("Errors"), *each("Throttles"), *dead]),
        ]

    def _freshness(self) -> list[cloudwatch.IWidget]:
        table = _search(
            f'{{{metrics.PLATFORM},service,table}} MetricName="gold_age" '
            f'service="{metrics.dagster_service(self._names)}"',
            "Maximum",
        )
        return [
            _graph("Seconds since each gold table was computed", [table]),
            _graph("Event to bronze, seconds", [self._processed("ingest_lag", "Maximum")]),
            _graph(
                "Firehose behind by, seconds", [self._delivery(one) for one in streams_of(self._names, self._settings)]
            ),
        ]

    def _delivery(self, stream: str) -> cloudwatch.Metric:
        return metrics.metric(
            "AWS/Firehose", "DeliveryToS3.DataFreshness", "Maximum", DeliveryStreamName=f"{stream}-to-raw"
        )

    def _lake(self) -> list[cloudwatch.IWidget]:
        lake = self._names.lake
        sizes = [
            metrics.metric(
                "AWS/S3", "BucketSizeBytes", "Average", metrics.DAY, label=kind, BucketName=lake, StorageType=kind
            )
            for kind in (
                "StandardStorage",
                "IntelligentTieringFAStorage",
                "IntelligentTieringIAStorage",
                "GlacierStorage",
            )
        ]
        objects = metrics.metric(
            "AWS/S3", "NumberOfObjects", "Average", metrics.DAY, BucketName=lake, StorageType="AllStorageTypes"
        )
        scanned = metrics.metric("AWS/Athena", "ProcessedBytes", WorkGroup=self._names.prefix.rstrip("-"))
        return [
            _graph("Bytes by storage class", sizes, stacked=True),
            _graph("Objects", [objects]),
            _graph("Bytes that Athena scanned", [scanned]),
        ]

    def _sessions(self) -> list[cloudwatch.IWidget]:
        sessions, prefix = self._names.plan.tables[0], self._names.prefix
        assert sessions.name == "sessions"
        written = metrics.metric("AWS/DynamoDB", "ConsumedWriteCapacityUnits", TableName=f"{prefix}sessions")
        return [
            _graph("Entities with a live session", [metrics.of_dagster(self._names, "live_sessions")]),
            _graph("Writes of sessions", [written]),
            _graph(
                "Refused calls", [metrics.table_throttles(f"{prefix}{one.name}") for one in self._names.plan.tables]
            ),
        ]

    def _cost(self) -> list[cloudwatch.IWidget]:
        charges = _search(
            '{AWS/Billing,Currency,ServiceName} MetricName="EstimatedCharges"', "Maximum", metrics.DAY, _BILLING_REGION
        )
        total = metrics.metric(
            "AWS/Billing", "EstimatedCharges", "Maximum", metrics.DAY, region=_BILLING_REGION, Currency="USD"
        )
        return [
            cloudwatch.GraphWidget(
                title=f"The account's month so far, of {self._settings.monthly_budget_usd} USD",
                left=[total],
                left_annotations=[cloudwatch.HorizontalAnnotation(value=self._settings.monthly_budget_usd)],
                region=_BILLING_REGION,
                width=_WIDTH,
                height=_HEIGHT,
            ),
            cloudwatch.GraphWidget(
                title="By service", left=[charges], region=_BILLING_REGION, width=2 * _WIDTH, height=_HEIGHT
            ),
        ]

    def _processed(self, name: str, statistic: str = "Sum") -> cloudwatch.MathExpression:
        """A metric of the stream processor, over all its streams."""
        function = self._names.function(STREAM_PROCESSOR)
        return _search(f'{{{metrics.PLATFORM},service,stream}} MetricName="{name}" service="{function}"', statistic)


def _search(
    query: str, statistic: str, period: Duration = metrics.PERIOD, region: str = ""
) -> cloudwatch.MathExpression:
    return cloudwatch.MathExpression(
        expression=f"SEARCH('{query}', '{statistic}', {period.to_seconds():.0f})",
        using_metrics={},
        period=period,
        label="",
        search_region=region or None,
    )


def _graph(title: str, left: Sequence[cloudwatch.IMetric], *, stacked: bool = False) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(
        title=title, left=list(left), stacked=stacked, width=_WIDTH, height=_HEIGHT, period=metrics.PERIOD
    )
