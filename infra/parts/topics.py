"""Where alarms go: a topic for each severity, encrypted, over TLS only."""

from aws_cdk import Aws, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct, IConstruct

from infra.names import Names

SEVERITIES = ("critical", "warning")
_SERVICES = ("cloudwatch.amazonaws.com", "budgets.amazonaws.com")


class Topics(Construct):
    """`critical`: data is lost, late or wrong, or soon will be. `warning`: somebody should look into it by day."""

    def __init__(self, scope: Construct, construct_id: str, names: Names, email: str) -> None:
        super().__init__(scope, construct_id)
        key = self._key(names)
        self._topics = {severity: self._topic(severity, names, key) for severity in SEVERITIES}
        for topic in self._topics.values():
            topic.add_subscription(subscriptions.EmailSubscription(email))

    def __getitem__(self, severity: str) -> sns.Topic:
        """The topic of a severity."""
        return self._topics[severity]

    @property
    def policies(self) -> list[IConstruct]:
        """Who may publish: what publishes waits for them."""
        return [topic.node.find_child("Policy") for topic in self._topics.values()]

    def _key(self, names: Names) -> kms.Key:
        key = kms.Key(
            self,
            "Key",
            alias=f"alias/{names.prefix}alarms",
            description="Messages of alarms",
            enable_key_rotation=True,
            removal_policy=RemovalPolicy.DESTROY,
        )
        use = ["kms:Decrypt", "kms:GenerateDataKey"]
        from_here = {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
        for service in _SERVICES:
            key.add_to_resource_policy(
                iam.PolicyStatement(
                    principals=[iam.ServicePrincipal(service)], actions=use, resources=["*"], conditions=from_here
                )
            )
        # Whoever may publish to a topic may use its key, as with SNS' own key, but no further.
        through_sns = {"kms:CallerAccount": Aws.ACCOUNT_ID, "kms:ViaService": f"sns.{Aws.REGION}.{Aws.URL_SUFFIX}"}
        key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.AnyPrincipal()],
                actions=use,
                resources=["*"],
                conditions={"StringEquals": through_sns},
            )
        )
        return key

    def _topic(self, severity: str, names: Names, key: kms.Key) -> sns.Topic:
        topic = sns.Topic(
            self, severity.capitalize(), topic_name=names.topic(severity), master_key=key, enforce_ssl=True
        )
        for service in _SERVICES:
            topic.add_to_resource_policy(
                iam.PolicyStatement(
                    principals=[iam.ServicePrincipal(service)],
                    actions=["sns:Publish"],
                    resources=[topic.topic_arn],
                    conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
                )
            )
        return topic
