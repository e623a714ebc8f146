"""The lake and the buckets around it."""

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3

from infra.stacks.base import PlatformStack


class Storage(PlatformStack):
    """Buckets, and the queues that S3 tells of new objects."""

    NAME = "storage"

    def build(self) -> None:
        """Make them."""
        s3.Bucket(
            self, "Lake", bucket_name=self.names.lake, lifecycle_rules=[s3.LifecycleRule(expiration=Duration.days(1))]
        )
