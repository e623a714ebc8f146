"""The way to the Dagster UI: TLS, and nobody who has not signed in."""

from aws_cdk import Duration, SecretValue
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_s3 as s3

from infra.parts.acknowledged import acknowledge
from infra.stacks.base import PlatformStack


def balancer_of(stack: PlatformStack, vpc: ec2.IVpc, access_logs: s3.IBucket) -> elb.ApplicationLoadBalancer:
    """The load balancer, open to the internet on both ports; port 80 only leads to 443."""
    group = ec2.SecurityGroup(
        stack, "BalancerGroup", vpc=vpc, description="Load balancer of the Dagster UI", allow_all_outbound=False
    )
    balancer = elb.ApplicationLoadBalancer(
        stack,
        "Balancer",
        load_balancer_name=f"{stack.names.prefix}ui",
        vpc=vpc,
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
        internet_facing=True,
        security_group=group,
        drop_invalid_header_fields=True,
        deletion_protection=stack.settings.is_production,
    )
    balancer.log_access_logs(access_logs)
    balancer.add_redirect(source_port=80, target_port=443)
    acknowledge(
        group, "People sign in from anywhere; the listener lets nobody pass whom the identity provider does not", "EC23"
    )
    return balancer


def let_in_who_signed_in(
    stack: PlatformStack, vpc: ec2.IVpc, balancer: elb.ApplicationLoadBalancer, webserver: ecs.FargateService, port: int
) -> None:
    """Lead to the webserver whoever the environment's identity provider knows."""
    auth = stack.settings.ui_auth
    targets = elb.ApplicationTargetGroup(
        stack,
        "Webservers",
        vpc=vpc,
        port=port,
        protocol=elb.ApplicationProtocol.HTTP,
        target_type=elb.TargetType.IP,
        targets=[webserver],
        deregistration_delay=Duration.seconds(30),
        health_check=elb.HealthCheck(path="/server_info", interval=Duration.seconds(30)),
    )
    certificate = acm.Certificate.from_certificate_arn(stack, "Certificate", stack.settings.ui_certificate_arn)
    balancer.add_listener(
        "Tls",
        port=443,
        certificates=[certificate],
        ssl_policy=elb.SslPolicy.TLS13_RES,
        default_action=elb.ListenerAction.authenticate_oidc(
            issuer=auth.issuer,
            authorization_endpoint=auth.authorization_endpoint,
            token_endpoint=auth.token_endpoint,
            user_info_endpoint=auth.user_info_endpoint,
            client_id=auth.client_id,
            client_secret=SecretValue.secrets_manager(auth.client_secret_name),
            session_timeout=Duration.hours(12),
            next=elb.ListenerAction.forward([targets]),
        ),
    )
