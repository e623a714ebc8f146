"""Names and ARNs of resources: those that local AWS has, so that what runs there runs here (`local_aws/plan.py`).

Stacks know each other's resources by name. Nothing is exported, so each can be deployed and replaced by itself.
"""

from dataclasses import dataclass
from functools import cached_property

from aws_cdk import Aws

from clickstream_platform.local_aws.plan import Plan
from clickstream_platform.realtime.tables import LiveTable


@dataclass(frozen=True)
class Names:
    """The names of one environment."""

    prefix: str

    @cached_property
    def plan(self) -> Plan:
        """The resources that local AWS has, too."""
        return Plan(prefix=self.prefix)

    @property
    def lake(self) -> str:
        """The lake's bucket; names of buckets are unique in the world."""
        return f"{self.plan.bucket}-{Aws.ACCOUNT_ID}"

    @property
    def athena_results(self) -> str:
        """The bucket of query results."""
        return f"{self.prefix}athena-results-{Aws.ACCOUNT_ID}"

    @property
    def access_logs(self) -> str:
        """The bucket of access logs."""
        return f"{self.prefix}access-logs-{Aws.ACCOUNT_ID}"

    @property
    def compute_logs(self) -> str:
        """The bucket of Dagster's compute logs."""
        return f"{self.prefix}compute-logs-{Aws.ACCOUNT_ID}"

    @property
    def database_name(self) -> str:
        """The Glue database."""
        return self.prefix.replace("-", "_").rstrip("_")

    def bucket_arn(self, bucket: str, *keys: str) -> list[str]:
        """ARNs of keys of a bucket; of the bucket itself without any."""
        return [f"arn:{Aws.PARTITION}:s3:::{bucket}/{key}" for key in keys] or [f"arn:{Aws.PARTITION}:s3:::{bucket}"]

    def lake_arn(self, *keys: str) -> list[str]:
        """ARNs of keys of the lake; of its bucket without any."""
        return self.bucket_arn(self.lake, *keys)

    def table(self, table: LiveTable) -> str:
        """A live table."""
        return f"{self.prefix}{table.name}"

    def table_arn(self, *tables: LiveTable) -> list[str]:
        """ARNs of live tables."""
        return [self._arn("dynamodb", f"table/{self.table(table)}") for table in tables]

    def stream_arn(self, stream: str) -> str:
        """ARN of a stream."""
        return self._arn("kinesis", f"stream/{stream}")

    def queue_arn(self, queue: str) -> str:
        """ARN of a queue."""
        return self._arn("sqs", queue)

    def queue_url(self, queue: str) -> str:
        """Address of a queue."""
        return f"https://sqs.{Aws.REGION}.{Aws.URL_SUFFIX}/{Aws.ACCOUNT_ID}/{queue}"

    def function(self, function: str) -> str:
        """A function."""
        return f"{self.prefix}{function}"

    def function_arn(self, function: str) -> str:
        """ARN of a function."""
        return self._arn("lambda", f"function:{self.function(function)}")

    def topic(self, severity: str) -> str:
        """The SNS topic of alarms of a severity, `critical` or `warning`."""
        return f"{self.prefix}alarms-{severity}"

    def topic_arn(self, severity: str) -> str:
        """ARN of the SNS topic of alarms of a severity."""
        return self._arn("sns", self.topic(severity))

    def log_group(self, *parts: str) -> str:
        """A log group of what is no function."""
        return "/".join(("/clickstream", self.prefix.rstrip("-"), *parts))

    def _arn(self, service: str, resource: str) -> str:
        return f"arn:{Aws.PARTITION}:{service}:{Aws.REGION}:{Aws.ACCOUNT_ID}:{resource}"
