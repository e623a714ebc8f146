"""The network as the stacks see it that are in it."""

from aws_cdk import Fn
from aws_cdk import aws_ec2 as ec2

from infra.parts.shared import published
from infra.stacks.base import PlatformStack
from infra.stacks.network import ZONES


def vpc_of(stack: PlatformStack, *kinds: str) -> ec2.IVpc:
    """The VPC of the stack's environment with these kinds of subnets, by the ids that the network stack has published.

    Args:
        stack: Who is going to be in it.
        kinds: `public`, `private`, `isolated`.
    """

    def ids(kind: str) -> list[str]:
        return [
            published(stack, stack.names, "network", f"{kind}_subnet_{zone}", kind="AWS::EC2::Subnet::Id")
            for zone in range(ZONES)
        ]

    return ec2.Vpc.from_vpc_attributes(
        stack,
        "Network",
        vpc_id=published(stack, stack.names, "network", "vpc_id", kind="AWS::EC2::VPC::Id"),
        vpc_cidr_block=stack.settings.vpc_cidr,
        availability_zones=[Fn.select(index, Fn.get_azs()) for index in range(ZONES)],
        **{f"{kind}_subnet_ids": ids(kind) for kind in kinds},
    )
