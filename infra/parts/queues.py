"""The queues of the plan that local AWS has, too: names, dead letters, timeouts."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct, IConstruct

from infra.names import Names


class PlannedQueues(Construct):
    """Some queues of the plan, with their dead-letter queues; encrypted, over TLS only."""

    def __init__(self, scope: Construct, construct_id: str, queues: Sequence[str], names: Names) -> None:
        super().__init__(scope, construct_id)
        self._made: dict[str, sqs.Queue] = {}
        planned = {queue.name: queue for queue in names.plan.queues}
        for name in queues:
            queue = planned[name]
            dead = None
            if queue.dead_letters:
                letters = self._queue(names, queue.dead_letters, Duration.days(14))
                dead = sqs.DeadLetterQueue(queue=letters, max_receive_count=queue.receives)
            self._queue(names, name, Duration.days(4), dead, Duration.seconds(queue.visibility_seconds))

    def arn(self, name: str) -> str:
        """ARN of one of them."""
        return self._made[name].queue_arn

    def let_bucket_send(self, bucket_arn: str) -> list[IConstruct]:
        """Let S3 send of a bucket, to those that are no dead letters; the policies, for which it has to wait."""
        policies: list[IConstruct] = []
        for name, queue in self._made.items():
            if name.endswith("-dlq"):
                continue
            queue.add_to_resource_policy(
                iam.PolicyStatement(
                    principals=[iam.ServicePrincipal("s3.amazonaws.com")],
                    actions=["sqs:SendMessage"],
                    resources=[queue.queue_arn],
                    conditions={"ArnEquals": {"aws:SourceArn": bucket_arn}},
                )
            )
            policies.append(queue.node.find_child("Policy"))
        return policies

    def _queue(
        self,
        names: Names,
        name: str,
        kept: Duration,
        dead: sqs.DeadLetterQueue | None = None,
        visibility: Duration | None = None,
    ) -> sqs.Queue:
        words = name.removeprefix(names.prefix).split("-")
        made = self._made[name] = sqs.Queue(
            self,
            "".join(word.capitalize() for word in words),
            queue_name=name,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=kept,
            visibility_timeout=visibility,
            dead_letter_queue=dead,
        )
        return made
