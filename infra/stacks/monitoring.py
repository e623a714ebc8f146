"""Logs that end, alarms that somebody gets, a dashboard, and a budget."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_logs as logs

from infra.parts.alarms import Alarms
from infra.parts.dashboard import PlatformDashboard
from infra.parts.topics import Topics
from infra.parts.watched import FUNCTIONS
from infra.stacks.base import PlatformStack

_WARN_AT, _CRITICAL_AT = 80, 100


class Monitoring(PlatformStack):
    """Deployed before what it watches: the functions may write logs, but not make log groups that are kept for ever."""

    NAME = "monitoring"

    def build(self) -> None:
        """Make it."""
        for function in FUNCTIONS:
            self._log_group(
                f"Logs-{function}", f"/aws/lambda/{self.names.function(function)}", logs.RetentionDays.ONE_WEEK
            )
        for output in ("output", "error"):
            self._log_group(f"Glue-{output}", self.names.log_group("glue", output), logs.RetentionDays.ONE_MONTH)
        topics = Topics(self, "Topics", self.names, self.settings.alarm_email)
        Alarms(self, "Alarms", names=self.names, settings=self.settings, topics=topics)
        PlatformDashboard(self, "Platform", names=self.names, settings=self.settings)
        self._budget(topics)

    def _log_group(self, construct_id: str, name: str, retention: logs.RetentionDays) -> None:
        logs.LogGroup(
            self, construct_id, log_group_name=name, retention=retention, removal_policy=RemovalPolicy.DESTROY
        )

    def _budget(self, topics: Topics) -> None:
        """Of the whole account: by a tag it would see nothing until somebody has switched on tags for billing."""

        def told(severity: str, kind: str, per_cent: int) -> budgets.CfnBudget.NotificationWithSubscribersProperty:
            return budgets.CfnBudget.NotificationWithSubscribersProperty(
                notification=budgets.CfnBudget.NotificationProperty(
                    comparison_operator="GREATER_THAN",
                    notification_type=kind,
                    threshold=per_cent,
                    threshold_type="PERCENTAGE",
                ),
                subscribers=[
                    budgets.CfnBudget.SubscriberProperty(subscription_type="SNS", address=topics[severity].topic_arn)
                ],
            )

        budget = budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_name=f"{self.names.prefix}month",
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=self.settings.monthly_budget_usd, unit="USD"),
            ),
            notifications_with_subscribers=[
                told("warning", "ACTUAL", _WARN_AT),
                told("warning", "FORECASTED", _CRITICAL_AT),
                told("critical", "ACTUAL", _CRITICAL_AT),
            ],
        )
        # Budgets tries whether it may publish.
        budget.node.add_dependency(*topics.policies)
