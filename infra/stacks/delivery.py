"""How a commit on `main` gets here: who may deploy, and who builds the image."""

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs

from infra.parts.acknowledged import acknowledge, acknowledge_wildcards
from infra.parts.roles import allow, service_role
from infra.stacks.base import PlatformStack

_ISSUER = "token.actions.githubusercontent.com"
_QUALIFIER = "hnb659fds"
"""Of the roles that `cdk bootstrap` makes; they do the deploying."""
BUILDSPEC = "infra/buildspec.yml"


class Delivery(PlatformStack):
    """Roles that GitHub Actions takes on without a key of AWS', and an image for each commit on `main`."""

    NAME = "delivery"

    def build(self) -> None:
        """Make them."""
        provider = self._provider()
        deploy = self._github_role(
            "Deploy", provider, "ref:refs/heads/main", ["deploy-role", "file-publishing-role", "lookup-role"]
        )
        # What a pull request gets reads templates, to tell what would change; forks get no token at all.
        diff = self._github_role("Diff", provider, "pull_request", ["lookup-role"])
        if self.settings.github_provider:
            for role in (deploy, diff):
                role.node.add_dependency(self.node.find_child("GitHub"))
        self._image_build(self._images())

    def _provider(self) -> str:
        """The identity provider: an account has one for each address."""
        if self.settings.github_provider:
            iam.CfnOIDCProvider(self, "GitHub", url=f"https://{_ISSUER}", client_id_list=["sts.amazonaws.com"])
        return f"arn:{Aws.PARTITION}:iam::{Aws.ACCOUNT_ID}:oidc-provider/{_ISSUER}"

    def _github_role(self, construct_id: str, provider: str, context: str, bootstrap_roles: list[str]) -> iam.Role:
        claims = {
            f"{_ISSUER}:aud": "sts.amazonaws.com",
            f"{_ISSUER}:sub": f"repo:{self.settings.repository}:{context}",
        }
        begin = f"arn:{Aws.PARTITION}:iam::{Aws.ACCOUNT_ID}:role/cdk-{_QUALIFIER}"
        return service_role(
            self,
            construct_id,
            f"{self.names.prefix}github-{construct_id.lower()}",
            iam.FederatedPrincipal(provider, {"StringEquals": claims}, "sts:AssumeRoleWithWebIdentity"),
            [allow("sts:AssumeRole", [f"{begin}-{role}-{Aws.ACCOUNT_ID}-{Aws.REGION}" for role in bootstrap_roles])],
        )

    def _images(self) -> ecr.Repository:
        return ecr.Repository(
            self,
            "Images",
            repository_name=f"{self.names.prefix}platform",
            image_scan_on_push=True,
            image_tag_mutability=ecr.TagMutability.IMMUTABLE,
            encryption=ecr.RepositoryEncryption.AES_256,
            lifecycle_rules=[ecr.LifecycleRule(description="Fifty commits to go back to", max_image_count=50)],
            removal_policy=RemovalPolicy.DESTROY,
            empty_on_delete=True,
        )

    def _image_build(self, images: ecr.IRepository) -> None:
        name = f"{self.names.prefix}image"
        owner, _, repository = self.settings.repository.partition("/")
        group = logs.LogGroup(
            self,
            "BuildLogs",
            log_group_name=f"/aws/codebuild/{name}",
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=RemovalPolicy.DESTROY,
        )
        project = codebuild.Project(
            self,
            "ImageBuild",
            project_name=name,
            description="The image of webserver, daemon, code location and runs, tagged with its commit",
            # Of `main` alone: what a pull request has in it is not built with the right to push.
            source=codebuild.Source.git_hub(
                owner=owner,
                repo=repository,
                clone_depth=1,
                webhook=True,
                webhook_filters=[codebuild.FilterGroup.in_event_of(codebuild.EventAction.PUSH).and_branch_is("main")],
            ),
            build_spec=codebuild.BuildSpec.from_source_filename(BUILDSPEC),
            environment=codebuild.BuildEnvironment(
                build_image=codebuild.LinuxArmBuildImage.AMAZON_LINUX_2023_STANDARD_3_0,
                compute_type=codebuild.ComputeType.SMALL,
                privileged=True,
            ),
            environment_variables={
                "REPOSITORY": codebuild.BuildEnvironmentVariable(value=images.repository_uri),
                "REGISTRY": codebuild.BuildEnvironmentVariable(value=images.registry_uri),
            },
            # CDK would add rights of its own to it, on every log group that begins with the name.
            role=self._build_role(name, images).without_policy_updates(),
            logging=codebuild.LoggingOptions(cloud_watch=codebuild.CloudWatchLoggingOptions(log_group=group)),
            timeout=Duration.minutes(30),
            queued_timeout=Duration.hours(1),
            concurrent_build_limit=1,
            grant_report_group_permissions=False,
        )
        acknowledge(project, "docker build needs it; only commits on main are built, one at a time", "CB3")
        acknowledge(project, "It keeps no artifacts that could be encrypted; images are, by ECR", "CB4")

    def _build_role(self, project: str, images: ecr.IRepository) -> iam.Role:
        build_logs = f"arn:{Aws.PARTITION}:logs:{Aws.REGION}:{Aws.ACCOUNT_ID}:log-group:/aws/codebuild/{project}:*"
        pushes = (
            "ecr:BatchCheckLayerAvailability BatchGetImage CompleteLayerUpload GetDownloadUrlForLayer"
            " InitiateLayerUpload PutImage UploadLayerPart"
        )
        role = service_role(
            self,
            "BuildRole",
            f"{project}-build-{Aws.REGION}",
            iam.ServicePrincipal(
                "codebuild.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
            ),
            [allow("logs:CreateLogStream PutLogEvents", [build_logs]), allow(pushes, [images.repository_arn])],
        )
        role.add_to_principal_policy(allow("ecr:GetAuthorizationToken", ["*"]))
        acknowledge_wildcards(role, "ECR gives out tokens for a registry as a whole", ["*"])
        return role
