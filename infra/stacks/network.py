"""The network: three kinds of subnets in two zones, ways out of them, and what is logged of both."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs

from infra.parts.images import ecr_image
from infra.parts.shared import publish
from infra.stacks.base import PlatformStack

ZONES = 2
_SUBNET_BITS = 4
"""A sixteenth of the network each: 4,094 addresses of a /16, of which every task of a run takes one."""

INTERFACES = {
    "Glue": ec2.InterfaceVpcEndpointAwsService.GLUE,
    "Kinesis": ec2.InterfaceVpcEndpointAwsService.KINESIS_STREAMS,
    "Sqs": ec2.InterfaceVpcEndpointAwsService.SQS,
}
"""Services with an endpoint of their own, at 7.30 USD a month and zone each.

None for CloudWatch Logs and Secrets Manager: megabytes a day are cheaper through the NAT gateway, which is there
anyhow since people's notifications go to the internet.
"""

IMAGES = {
    "Ecr": ec2.InterfaceVpcEndpointAwsService.ECR,
    "EcrDocker": ec2.InterfaceVpcEndpointAwsService.ECR_DOCKER,
}
"""The same for ECR, where the image is there: each run pulls its 0.4 GB, which cost 0.018 USD through the NAT gateway
and nothing through the gateway endpoint of S3, where ECR keeps layers. Both in two zones pay from 1,600 runs a month
on, and a platform that computes what has changed every few minutes has more. No endpoint leads to other registries."""


class Network(PlatformStack):
    """The VPC that Dagster and its database are in. The functions are not: what they call is AWS' own."""

    NAME = "network"

    def build(self) -> None:
        """Make it, and publish the ids of its parts."""
        vpc = self._vpc()
        self._log_flows(vpc)
        self._add_endpoints(vpc)
        kinds = {"public": vpc.public_subnets, "private": vpc.private_subnets, "isolated": vpc.isolated_subnets}
        publish(
            self,
            self.names,
            self.NAME,
            vpc_id=vpc.vpc_id,
            **{
                f"{kind}_subnet_{zone}": subnet.subnet_id
                for kind, subnets in kinds.items()
                for zone, subnet in enumerate(subnets)
            },
        )

    def _vpc(self) -> ec2.Vpc:
        length = int(self.settings.vpc_cidr.partition("/")[2]) + _SUBNET_BITS
        kinds = {
            "public": ec2.SubnetType.PUBLIC,
            "private": ec2.SubnetType.PRIVATE_WITH_EGRESS,
            "database": ec2.SubnetType.PRIVATE_ISOLATED,
        }
        return ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(self.settings.vpc_cidr),
            max_azs=ZONES,
            nat_gateways=ZONES if self.settings.multi_az else 1,
            # The default group lets its members talk to each other; clearing it takes a function of CDK's, and nobody
            # is in it.
            restrict_default_security_group=False,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name=name,
                    subnet_type=kind,
                    cidr_mask=length,
                    # Nothing but load balancer and NAT gateways is there, and those have addresses of their own.
                    map_public_ip_on_launch=False if kind is ec2.SubnetType.PUBLIC else None,
                )
                for name, kind in kinds.items()
            ],
        )

    def _log_flows(self, vpc: ec2.Vpc) -> None:
        group = logs.LogGroup(
            self,
            "FlowLogs",
            log_group_name=self.names.log_group("flows"),
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )
        role = iam.Role(self, "FlowLogsRole", assumed_by=iam.ServicePrincipal("vpc-flow-logs.amazonaws.com"))
        vpc.add_flow_log(
            "Flows",
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(group, role),
            traffic_type=ec2.FlowLogTrafficType.ALL,
            max_aggregation_interval=ec2.FlowLogMaxAggregationInterval.TEN_MINUTES,
        )

    def _add_endpoints(self, vpc: ec2.Vpc) -> None:
        for name, service in (
            ("S3", ec2.GatewayVpcEndpointAwsService.S3),
            ("DynamoDb", ec2.GatewayVpcEndpointAwsService.DYNAMODB),
        ):
            vpc.add_gateway_endpoint(name, service=service)
        group = ec2.SecurityGroup(
            self, "EndpointsGroup", vpc=vpc, description="Endpoints of AWS services", allow_all_outbound=False
        )
        group.add_ingress_rule(ec2.Peer.ipv4(self.settings.vpc_cidr), ec2.Port.tcp(443), "TLS from within the network")
        subnets = vpc.private_subnets if self.settings.multi_az else vpc.private_subnets[:1]
        images = IMAGES if ecr_image(self.settings) else {}
        for name, service in (INTERFACES | images).items():
            vpc.add_interface_endpoint(
                name,
                service=service,
                open=False,
                security_groups=[group],
                subnets=ec2.SubnetSelection(subnets=subnets),
            )
