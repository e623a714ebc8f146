"""Findings of cdk-nag that stay, each with its reason, beside the resource that it is about."""

from collections.abc import Iterable
from typing import Any

from aws_cdk import Acknowledgment, Stack, Validations
from constructs import Construct, IConstruct

_PACK = "AwsSolutions::AwsSolutions-"
_SHORTEST_REASON = 20


def acknowledge(construct: IConstruct, reason: str, *rules: str) -> None:
    """Keep findings of a construct and what is in it.

    Args:
        construct: What they are about.
        reason: Why that is right here, in a sentence.
        rules: As the report names them, without what all of them begin with: `S1`, `IAM5[Action::s3:Get*]`.
    """
    if len(reason) < _SHORTEST_REASON:
        raise ValueError(f"{rules} of {construct.node.path}: {reason!r} is no reason")
    Validations.of(construct).acknowledge(*(Acknowledgment(id=f"{_PACK}{rule}", reason=reason) for rule in rules))


def acknowledge_wildcards(construct: Construct, reason: str, arns: Iterable[str]) -> None:
    """Keep names with `*` among the resources of a construct's policies: those that have one of these.

    Args:
        construct: The policy, or the role with its policies.
        reason: Why no single name would do.
        arns: The very names that the policy has; tokens and all.
    """
    stack = Stack.of(construct)
    named = sorted({_as_reported(stack.resolve(arn)) for arn in arns if "*" in arn})
    acknowledge(construct, reason, *(f"IAM5[Resource::{arn}]" for arn in named))


def _as_reported(value: Any) -> str:
    """A resolved token as cdk-nag writes it: `<AWS::Partition>` for a reference, `<Lake.Arn>` for an attribute."""
    match value:
        case str():
            return value
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Fn::Join": [between, parts]}:
            return between.join(map(_as_reported, parts))
    raise ValueError(f"cdk-nag's way to write {value!r} is not known here")
