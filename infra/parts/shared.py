"""What one stack tells another that has no name of its own: ids that AWS gives, kept in Parameter Store."""

from aws_cdk import CfnParameter, Stack
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infra.names import Names


def publish(scope: Construct, names: Names, stack: str, **values: str) -> None:
    """Keep values of a stack where others find them; unlike an export, one in use may change."""
    for key, value in values.items():
        name = key.replace("_", "-")
        ssm.StringParameter(scope, f"Parameter-{name}", parameter_name=_path(names, stack, name), string_value=value)


def published(reader: Stack, names: Names, stack: str, key: str, kind: str = "String") -> str:
    """A value that another stack keeps; that stack is deployed before the reader's.

    Args:
        reader: Who needs it.
        names: Of the environment.
        stack: The other stack's `NAME`.
        key: As `publish` was given it.
        kind: What CloudFormation checks it to be: `String`, `AWS::EC2::VPC::Id`, ...
    """
    name = key.replace("_", "-")
    owner = reader.node.scope.node.find_child(f"{names.prefix}{stack}") if reader.node.scope else None
    if isinstance(owner, Stack):
        reader.add_stack_dependency(owner, "it reads what that one has published")
    found = reader.node.try_find_child(f"{stack}-{name}")
    if not isinstance(found, CfnParameter):
        found = CfnParameter(
            reader, f"{stack}-{name}", type=f"AWS::SSM::Parameter::Value<{kind}>", default=_path(names, stack, name)
        )
    return found.value_as_string


def _path(names: Names, stack: str, name: str) -> str:
    return f"/{names.prefix.rstrip('-')}/{stack}/{name}"
