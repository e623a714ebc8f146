"""Roles of services: what each may do is written out, statement by statement."""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.parts.acknowledged import acknowledge_wildcards

_REASON = "Objects below a prefix, and log streams, come into being with the data: their names cannot be listed"


def allow(actions: str, resources: Sequence[str], conditions: Mapping[str, Any] | None = None) -> iam.PolicyStatement:
    """A statement; actions of one service as `service:First Second`."""
    service, _, names = actions.partition(":")
    return iam.PolicyStatement(
        actions=[f"{service}:{name}" for name in names.split()], resources=list(resources), conditions=conditions
    )


def service_role(
    scope: Construct, construct_id: str, name: str, principal: iam.IPrincipal, statements: Sequence[iam.PolicyStatement]
) -> iam.Role:
    """A role with these statements and no other; `*` at the end of their resources stands for keys below a prefix."""
    role = iam.Role(
        scope,
        construct_id,
        role_name=name,
        assumed_by=principal,
        inline_policies={"own": iam.PolicyDocument(statements=list(statements))},
    )
    arns = [arn for statement in statements for arn in statement.resources if arn.endswith("*")]
    acknowledge_wildcards(role, _REASON, arns)
    return role
