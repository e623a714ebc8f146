"""The lake and the buckets around it."""

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3

from infra.parts.buckets import private_bucket
from infra.parts.queues import PlannedQueues
from infra.stacks.base import PlatformStack

_NONCURRENT_DAYS = 30
"""What was overwritten or deleted can be had back for so long; then it is gone, as erasure wants it."""


class Storage(PlatformStack):
    """Buckets, and the queues that S3 tells of new objects.

    The lake is one bucket, as it is one folder on a laptop: layers are prefixes with rules of their own. Versions are
    kept of the whole bucket, since S3 knows no versions of prefixes.
    """

    NAME = "storage"

    def build(self) -> None:
        """Make them."""
        plan, names = self.names.plan, self.names
        logs = private_bucket(
            self,
            "AccessLogs",
            names.access_logs,
            self.removal,
            lifecycle_rules=[s3.LifecycleRule(id="access-logs", expiration=Duration.days(90))],
        )
        queues = PlannedQueues(self, "Queues", [plan.arrivals, plan.landing], names)
        lake = private_bucket(
            self, "Lake", names.lake, self.removal, logs=logs, versioned=True, lifecycle_rules=self._lake_rules()
        )
        self._tell(lake, queues)
        private_bucket(
            self,
            "AthenaResults",
            names.athena_results,
            self.removal,
            logs=logs,
            lifecycle_rules=[s3.LifecycleRule(id="query-results", expiration=Duration.days(7))],
        )

    def _lake_rules(self) -> list[s3.LifecycleRule]:
        chosen = self.settings
        archive, instant = s3.StorageClass.GLACIER, s3.StorageClass.GLACIER_INSTANT_RETRIEVAL
        return [
            s3.LifecycleRule(
                id="whole-lake",
                noncurrent_version_expiration=Duration.days(_NONCURRENT_DAYS),
                abort_incomplete_multipart_upload_after=Duration.days(2),
                expired_object_delete_marker=True,
            ),
            _rule("raw", "raw/", chosen.lake_raw_days),
            _rule("delivery-errors", "raw-errors/", chosen.lake_raw_days),
            _rule(
                "bronze",
                "bronze/",
                chosen.bronze_days,
                (s3.StorageClass.INTELLIGENT_TIERING, 30),
                (archive, chosen.bronze_archive_days),
            ),
            _rule("silver", "silver/", None, (instant, chosen.silver_archive_days)),
            _rule("gold", "gold/", chosen.gold_days),
            _rule("rejected", "rejected/", chosen.bronze_days),
            _rule("replays", "_replays/", 30),
        ]

    def _tell(self, lake: s3.Bucket, queues: PlannedQueues) -> None:
        """Have S3 tell the queues. On the bucket itself: CDK's way would need a function of its own for it."""
        bucket = lake.node.default_child
        assert isinstance(bucket, s3.CfnBucket)
        bucket.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            queue_configurations=[
                s3.CfnBucket.QueueConfigurationProperty(
                    event="s3:ObjectCreated:*",
                    queue=queues.arn(told.queue),
                    filter=s3.CfnBucket.NotificationFilterProperty(
                        s3_key=s3.CfnBucket.S3KeyFilterProperty(
                            rules=[
                                s3.CfnBucket.FilterRuleProperty(name=name, value=value)
                                for name, value in (("prefix", told.prefix), ("suffix", told.suffix))
                                if value
                            ]
                        )
                    ),
                )
                for told in self.names.plan.notifications
            ]
        )
        # S3 tries the queues when it is told of them.
        bucket.node.add_dependency(*queues.let_bucket_send(self.names.bucket_arn(self.names.lake)[0]))


def _rule(name: str, prefix: str, days: int | None, *moves: tuple[s3.StorageClass, int]) -> s3.LifecycleRule:
    return s3.LifecycleRule(
        id=name,
        prefix=prefix,
        expiration=None if days is None else Duration.days(days),
        transitions=[
            s3.Transition(storage_class=kind, transition_after=Duration.days(after))
            for kind, after in moves
            if days is None or after < days
        ],
    )
