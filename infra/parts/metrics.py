"""The metrics that alarms and dashboards look at, by what they are of."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from infra.names import Names

PERIOD = Duration.minutes(5)
HOUR, DAY = Duration.hours(1), Duration.days(1)
PLATFORM = "Clickstream"
"""Namespace of the platform's own: `clickstream_platform/lambdas/observability.py`, `lib/health.py`."""


def metric(
    namespace: str,
    name: str,
    statistic: str = "Sum",
    period: Duration = PERIOD,
    label: str | None = None,
    region: str | None = None,
    **dimensions: str,
) -> cloudwatch.Metric:
    """A metric of AWS' or our own."""
    return cloudwatch.Metric(
        namespace=namespace,
        metric_name=name,
        statistic=statistic,
        period=period,
        label=label,
        region=region,
        dimensions_map=dimensions,
    )


def of_function(names: Names, function: str, name: str, statistic: str = "Sum") -> cloudwatch.Metric:
    """A metric of a function."""
    return metric("AWS/Lambda", name, statistic, label=function, FunctionName=names.function(function))


def of_stream(stream: str, name: str, statistic: str = "Sum") -> cloudwatch.Metric:
    """A metric of a Kinesis stream."""
    return metric("AWS/Kinesis", name, statistic, label=stream, StreamName=stream)


def of_queue(queue: str, name: str, statistic: str = "Maximum") -> cloudwatch.Metric:
    """A metric of an SQS queue."""
    return metric("AWS/SQS", name, statistic, label=queue, QueueName=queue)


def of_dagster(names: Names, name: str, statistic: str = "Maximum", period: Duration = PERIOD) -> cloudwatch.Metric:
    """A metric that Dagster's sensor `platform_health` writes."""
    return metric(PLATFORM, name, statistic, period, label=name, service=dagster_service(names))


def dagster_service(names: Names) -> str:
    """What Dagster is named among the services that write metrics."""
    return f"{names.prefix}dagster"


def error_rate(names: Names, function: str) -> cloudwatch.MathExpression:
    """Per cent of a function's invocations that fail."""
    return cloudwatch.MathExpression(
        expression="100 * errors / invocations",
        using_metrics={
            "errors": of_function(names, function, "Errors"),
            "invocations": of_function(names, function, "Invocations"),
        },
        period=PERIOD,
        label=function,
    )


def table_throttles(table: str) -> cloudwatch.MathExpression:
    """Reads and writes of a DynamoDB table that were refused."""
    # A graph may show many tables: ids of metrics are one table's own.
    own = table.replace("-", "_")
    reads, writes = f"reads_{own}", f"writes_{own}"
    return cloudwatch.MathExpression(
        expression=f"FILL({reads}, 0) + FILL({writes}, 0)",
        using_metrics={
            reads: metric("AWS/DynamoDB", "ReadThrottleEvents", TableName=table),
            writes: metric("AWS/DynamoDB", "WriteThrottleEvents", TableName=table),
        },
        period=PERIOD,
        label=table,
    )


def failed_queries(workgroup: str) -> cloudwatch.MathExpression:
    """Athena queries of a workgroup that failed: those over the scan limit are cancelled, which is no failure."""
    failed = {
        kind.lower(): metric(
            "AWS/Athena", "TotalExecutionTime", "SampleCount", WorkGroup=workgroup, QueryState="FAILED", QueryType=kind
        )
        for kind in ("DML", "DDL")
    }
    return cloudwatch.MathExpression(
        expression="FILL(dml, 0) + FILL(ddl, 0)", using_metrics=failed, period=PERIOD, label="failed queries"
    )
