"""Buckets that nobody outside gets at."""

from typing import Any

from aws_cdk import RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct


def private_bucket(
    scope: Construct,
    construct_id: str,
    name: str,
    removal: RemovalPolicy,
    *,
    logs: s3.IBucket | None = None,
    **others: Any,
) -> s3.Bucket:
    """A bucket: encrypted, over TLS only, closed to the public, its access logged where a bucket for that is given.

    Without one it takes the logs of others.
    """
    return s3.Bucket(
        scope,
        construct_id,
        bucket_name=name,
        encryption=s3.BucketEncryption.S3_MANAGED,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        server_access_logs_bucket=logs,
        server_access_logs_prefix=f"{construct_id}/" if logs else None,
        removal_policy=removal,
        **others,
    )
