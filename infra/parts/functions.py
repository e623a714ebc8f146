"""Functions of the platform: each with a role of its own, its code, and the settings that all of them read."""

from collections.abc import Mapping, Sequence

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.names import Names
from infra.package import Package
from infra.parts.acknowledged import acknowledge
from infra.parts.roles import allow, service_role
from infra.settings import Settings

_NEWEST = "3.14"
_RUNTIMES = {"3.11": lambda_.Runtime.PYTHON_3_11, "3.12": lambda_.Runtime.PYTHON_3_12}


class PlatformFunction(Construct):
    """A function of `clickstream_platform.lambdas`, by its name there.

    Its role may write to its own log group, send traces, and what `statements` say; nothing else. The log group is the
    monitoring stack's.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        function: str,
        package: Package,
        names: Names,
        settings: Settings,
        statements: Sequence[iam.PolicyStatement],
        memory: int,
        timeout: int,
        environment: Mapping[str, str] | None = None,
        snap_start: bool = False,
        scratch_gb: float = 0.5,
    ) -> None:
        super().__init__(scope, construct_id)
        module = function.replace("-", "_")
        logs = (
            f"arn:{Aws.PARTITION}:logs:{Aws.REGION}:{Aws.ACCOUNT_ID}:log-group:/aws/lambda/{names.function(function)}"
        )
        own = [
            allow("logs:CreateLogStream PutLogEvents", [f"{logs}:*"]),
            # X-Ray knows no resources.
            allow("xray:PutTraceSegments PutTelemetryRecords", ["*"]),
        ]
        self.role = service_role(
            self,
            "Role",
            f"{names.function(function)}-{Aws.REGION}",
            iam.ServicePrincipal("lambda.amazonaws.com"),
            [*own, *statements],
        )
        self.function = lambda_.CfnFunction(
            self,
            "Function",
            function_name=names.function(function),
            description=f"clickstream_platform.lambdas.{module}",
            runtime=_RUNTIMES[package.python].name,
            architectures=["arm64"],
            handler=f"clickstream_platform.lambdas.{module}.handler.handler",
            role=self.role.role_arn,
            code=_code(self, package),
            memory_size=memory,
            timeout=timeout,
            ephemeral_storage=lambda_.CfnFunction.EphemeralStorageProperty(size=int(scratch_gb * 1024)),
            reserved_concurrent_executions=settings.reserved_concurrency.get(function),
            tracing_config=lambda_.CfnFunction.TracingConfigProperty(mode="Active"),
            snap_start=lambda_.CfnFunction.SnapStartProperty(apply_on="PublishedVersions") if snap_start else None,
            environment=lambda_.CfnFunction.EnvironmentProperty(
                variables={**common_settings(names, settings), **(environment or {})}
            ),
        )
        if package.python != _NEWEST:
            acknowledge(self.function, f"The platform and its wheels are tested with Python {package.python}", "L1")
        self.arn = names.function_arn(function)
        self.alias_arn = self._alias(names, function) if snap_start else self.arn

    def _alias(self, names: Names, function: str) -> str:
        """What callers call: the published version that has a snapshot."""
        made = lambda_.Function.from_function_attributes(self, "Imported", function_arn=self.arn, same_environment=True)
        version = lambda_.CfnVersion(self, "Version", function_name=made.function_name)
        version.add_resource_dependency(self.function)
        alias = lambda_.CfnAlias(
            self, "Live", name="live", function_name=made.function_name, function_version=version.attr_version
        )
        alias.add_resource_dependency(self.function)
        return f"{self.arn}:live"


def common_settings(names: Names, settings: Settings) -> dict[str, str]:
    """The settings that every function gets; `clickstream_platform/lambdas/environment.py` says what they mean."""
    plan = names.plan
    streams = f"{names.prefix}clicks,{names.prefix}checkouts" if settings.separate_streams else plan.events
    secret = settings.pii_key_secret
    return {
        "CLICKSTREAM_LAKE_URI": f"s3://{names.lake}",
        "CLICKSTREAM_TABLE_PREFIX": names.prefix,
        "CLICKSTREAM_STREAMS": streams,
        "CLICKSTREAM_CONSENT_DEFAULT": settings.consent_default,
        **({"CLICKSTREAM_PII_KEY": f"{{{{resolve:secretsmanager:{secret}}}}}"} if secret else {}),
    }


def _code(scope: Construct, package: Package) -> lambda_.CfnFunction.CodeProperty:
    """The package as an asset of the stack, one for all functions that have it."""
    from aws_cdk import Stack
    from aws_cdk import aws_s3_assets as assets

    stack, name = Stack.of(scope), f"Code-{package.name}"
    asset = stack.node.try_find_child(name) or assets.Asset(stack, name, path=str(package.folder))
    assert isinstance(asset, assets.Asset)
    return lambda_.CfnFunction.CodeProperty(s3_bucket=asset.s3_bucket_name, s3_key=asset.s3_object_key)
