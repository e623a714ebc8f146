"""Calls to DynamoDB, whose conditional writes are refused with what is there instead."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from clickstream_platform.realtime.attributes import Item, from_wire
from clickstream_platform.realtime.aws_calls import DYNAMODB, AwsCalls, AwsError

DynamoError: TypeAlias = AwsError


class ConditionFailed(AwsError):
    """A write whose condition does not hold; `item` is what is there instead, None for nothing."""

    def __init__(self, item: Item | None) -> None:
        super().__init__("ConditionalCheckFailedException", "the condition does not hold")
        self.item = item


class TransactionCancelled(AwsError):
    """Items that were to be written together and were not; `reasons` has a code for each, `None` for no reason."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("TransactionCanceledException", ", ".join(sorted(set(reasons))), is_transient=True)
        self.reasons = reasons


class Calls(AwsCalls):
    """Calls to the tables of the environment's region."""

    def __init__(self, patience: float) -> None:
        super().__init__(DYNAMODB, patience)

    def refused(self, code: str, answer: Mapping[str, Any]) -> None:
        """Tell of a condition that does not hold."""
        if code == "TransactionCanceledException":
            raise TransactionCancelled([str(why.get("Code")) for why in answer.get("CancellationReasons", ())])
        if code == "ConditionalCheckFailedException":
            raise ConditionFailed(from_wire(answer["Item"]) if answer.get("Item") else None)
