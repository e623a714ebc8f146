"""The live tables."""

from aws_cdk import aws_dynamodb as dynamodb

from clickstream_platform.realtime.tables import ERASED_ENTITIES, TTL_ATTRIBUTE, LiveTable
from infra.stacks.base import PlatformStack

_TYPES = {"S": dynamodb.AttributeType.STRING, "N": dynamodb.AttributeType.NUMBER}


class State(PlatformStack):
    """Live tables as `realtime/tables.py` declares them: on demand, encrypted, with point-in-time recovery and TTL."""

    NAME = "state"

    def build(self) -> None:
        """Make them."""
        for table in self.names.plan.tables:
            self._table(table)

    def _table(self, table: LiveTable) -> None:
        made = dynamodb.Table(
            self,
            "".join(word.capitalize() for word in table.name.split("-")),
            table_name=self.names.table(table),
            partition_key=_key(table.partition_key),
            sort_key=_key(table.sort_key) if table.sort_key else None,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            # The registry of the erased has no end.
            time_to_live_attribute=None if table == ERASED_ENTITIES else TTL_ATTRIBUTE,
            deletion_protection=self.settings.is_production,
            removal_policy=self.removal,
        )
        for index in table.indexes:
            made.add_global_secondary_index(
                index_name=index.name,
                partition_key=_key(index.partition_key),
                sort_key=_key(index.sort_key, index.sort_type),
                projection_type=dynamodb.ProjectionType.KEYS_ONLY,
            )


def _key(name: str, kind: str = "S") -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=_TYPES[kind])
