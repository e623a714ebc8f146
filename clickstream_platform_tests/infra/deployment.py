"""The templates, deployed to the emulated AWS: what it cannot make is named here, what it drops is set from them."""

import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

from clickstream_platform.local_aws.environment import ACCOUNT, REGION
from clickstream_platform_tests.aws import Aws
from clickstream_platform_tests.infra.templates import Templates

STACKS = (
    "storage",
    "state",
    "monitoring",
    "streaming",
    "api",
    "catalog",
    "network",
    "database",
    "orchestration",
    "delivery",
)

IGNORED = {
    "AWS::S3::BucketPolicy": "the emulation's CloudFormation has no such type; access is not emulated",
    "AWS::SQS::QueuePolicy": "the same",
    "AWS::KinesisFirehose::DeliveryStream": "not made by its CloudFormation",
    "AWS::Lambda::Version": "functions run beside the emulation, without versions",
    "AWS::Lambda::Alias": "the same",
    "AWS::ApiGateway::Deployment": "the emulation's API drops its OpenAPI body; the local gateway has the same routes",
    "AWS::ApiGateway::Stage": "the same",
    "AWS::Glue::Database": "not made by its CloudFormation",
    "AWS::Glue::Table": "the same",
    "AWS::Athena::WorkGroup": "the same",
    "AWS::CloudWatch::Alarm": "the emulation's CloudFormation skips it; metrics are not emulated",
    "AWS::SNS::TopicPolicy": "the same; access is not emulated",
    "AWS::Budgets::Budget": "the same",
    "AWS::CodeBuild::Project": "the same",
    "AWS::EC2::SecurityGroupEgress": "the same",
    "AWS::SecretsManager::Secret": "the same; what names it gets a made-up ARN",
    "AWS::SecretsManager::SecretTargetAttachment": "the same",
    "AWS::ServiceDiscovery::PrivateDnsNamespace": "the emulation's CloudFormation has no such type",
    "AWS::ServiceDiscovery::Service": "the same",
    "AWS::CDK::Metadata": "says something about the app only",
}
"""Types that the emulation does not make, and why that does no harm here."""

DROPPED = {
    "AWS::KMS::Key": ("Tags",),
    "AWS::SSM::Parameter": ("Tags",),
    "AWS::RDS::DBInstance": ("DBParameterGroupName",),
}
"""Properties that the emulation stumbles over: tags in another form than it knows, a reference it does not read."""

_CERTIFICATE = re.compile(r'arn:aws:acm:[^"]*')
_ASSETS = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"


def deploy(aws: Aws, templates: Templates) -> None:
    """Make all stacks, in their order."""
    s3, cloudformation = aws.client("s3"), aws.client("cloudformation")
    s3.create_bucket(Bucket=_ASSETS)
    aws.client("ssm").put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String")
    certificate = aws.client("acm").request_certificate(DomainName="ui.example")["CertificateArn"]
    for name in STACKS:
        template = json.loads(_CERTIFICATE.sub(certificate, json.dumps(emulated(templates.stacks[name]))))
        for key in _asset_keys(template):
            s3.put_object(Bucket=_ASSETS, Key=key, Body=_empty_package())
        cloudformation.create_stack(
            StackName=f"{templates.prefix}{name}",
            TemplateBody=json.dumps(template),
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
    _notify(aws, templates)


def emulated(template: Mapping[str, Any]) -> dict[str, Any]:
    """A template without what the emulation ignores, and without what refers to that."""
    resources = {
        name: {key: value for key, value in one.items() if key != "DependsOn"}
        for name, one in template["Resources"].items()
        if one["Type"] not in IGNORED
    }
    for one in resources.values():
        left_out = DROPPED.get(one["Type"], ())
        one["Properties"] = {name: value for name, value in one.get("Properties", {}).items() if name not in left_out}
    whole = {"Parameters": template.get("Parameters", {}), "Resources": resources}
    gone = set(template["Resources"]) - set(resources)
    rewritten: dict[str, Any] = json.loads(json.dumps(_without(whole, gone)).replace(":live", ""))
    return rewritten


def _without(value: Any, gone: set[str]) -> Any:
    """References to resources that are not made become texts."""
    match value:
        case {"Ref": str(name)} if name in gone:
            return f"arn:aws:emulated:us-east-1:123456789012:{name}"
        case {"Fn::GetAtt": [str(name), *_]} if name in gone:
            return f"arn:aws:emulated:us-east-1:123456789012:{name}"
        case dict():
            return {name: _without(one, gone) for name, one in value.items()}
        case list():
            return [_without(one, gone) for one in value]
    return value


def types(templates: Templates) -> set[str]:
    """All types of resources of the stacks that are deployed."""
    return {one["Type"] for name in STACKS for _, one in templates.resources(name)}


def _notify(aws: Aws, templates: Templates) -> None:
    """The bucket's notifications, which the emulation drops, from the template's own values."""
    s3 = aws.client("s3")
    for _, bucket in templates.resources("storage"):
        told = bucket["Properties"].get("NotificationConfiguration") if bucket["Type"] == "AWS::S3::Bucket" else None
        if not told:
            continue
        name = resolved(bucket["Properties"]["BucketName"])
        made = templates.stacks["storage"]["Resources"]
        s3.put_bucket_notification_configuration(
            Bucket=name,
            NotificationConfiguration={
                "QueueConfigurations": [
                    {
                        "QueueArn": _queue_arn(made[one["Queue"]["Fn::GetAtt"][0]]["Properties"]["QueueName"]),
                        "Events": [one["Event"]],
                        "Filter": {"Key": {"FilterRules": one["Filter"]["S3Key"]["Rules"]}},
                    }
                    for one in told["QueueConfigurations"]
                ]
            },
        )


def _queue_arn(name: str) -> str:
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def resolved(value: Any) -> str:
    """A value with account, region and partition filled in."""
    known = {
        "AWS::AccountId": ACCOUNT,
        "AWS::Region": REGION,
        "AWS::Partition": "aws",
        "AWS::URLSuffix": "amazonaws.com",
    }
    match value:
        case {"Ref": name}:
            return known[name]
        case {"Fn::Join": [between, parts]}:
            return str(between).join(map(resolved, parts))
    return str(value)


def _asset_keys(template: Mapping[str, Any]) -> Iterator[str]:
    for one in template["Resources"].values():
        if one["Type"] == "AWS::Lambda::Function":
            yield one["Properties"]["Code"]["S3Key"]


def _empty_package() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as package:
        package.writestr("handler.py", "")
    return content.getvalue()
