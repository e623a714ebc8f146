"""What all stacks are made with."""

from typing import ClassVar

from aws_cdk import Environment, RemovalPolicy, Stack
from constructs import Construct

from infra.names import Names
from infra.settings import Settings


class PlatformStack(Stack):
    """A stack of one environment: `NAME` ends its name, `build` makes its resources.

    Attributes:
        settings: Of the environment.
        names: Of every resource of the environment.
    """

    NAME: ClassVar[str]

    def __init__(self, scope: Construct, stack_id: str, *, settings: Settings, names: Names) -> None:
        super().__init__(
            scope,
            stack_id,
            env=Environment(region=settings.region),
            description=f"Clickstream Platform, {settings.environment}: {self.NAME}",
            termination_protection=settings.is_production,
        )
        self.settings, self.names = settings, names
        self.build()

    def build(self) -> None:
        """Make the resources."""
        raise NotImplementedError

    @property
    def removal(self) -> RemovalPolicy:
        """What becomes of data when its stack goes."""
        return RemovalPolicy.RETAIN if self.settings.keep_data else RemovalPolicy.DESTROY
