"""Empty the buckets of an environment that is to be destroyed: `python -m infra.empty ENVIRONMENT [--yes]`.

CloudFormation deletes no bucket with something in it. Where the settings keep data, nothing is emptied.
"""

import sys
from typing import Any

import boto3

from infra.settings import Settings, SettingsError, read_settings

BUCKETS = ("lake", "athena-results", "access-logs", "compute-logs", "ui-logs")


def main(arguments: list[str]) -> int:
    """Empty them, after asking; the exit code."""
    names = [one for one in arguments if one != "--yes"]
    try:
        settings = read_settings(names[0] if names else "dev")
    except SettingsError as error:
        print(f"infra: {error}", file=sys.stderr)
        return 2
    if settings.keep_data:
        return 0
    if "--yes" not in arguments and not _agreed(settings):
        print("infra: nothing was deleted", file=sys.stderr)
        return 1
    s3 = boto3.client("s3", region_name=settings.region)
    account = boto3.client("sts", region_name=settings.region).get_caller_identity()["Account"]
    for bucket in (f"{settings.prefix}{name}-{account}" for name in BUCKETS):
        print(f"{bucket}: {empty(s3, bucket):,} objects and versions deleted")
    return 0


def empty(s3: Any, bucket: str) -> int:
    """Delete all versions of all objects; how many there were. A bucket that is gone has none.

    Raises:
        RuntimeError: S3 keeps some of them.
    """
    deleted = 0
    try:
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            objects = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
            if objects:
                answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
                if answer.get("Errors"):
                    raise RuntimeError(f"{bucket}: {answer['Errors'][0]['Message']}")
                deleted += len(objects)
    except s3.exceptions.NoSuchBucket:
        return 0
    return deleted


def _agreed(settings: Settings) -> bool:
    print(f"All data of {settings.environment} in {settings.region} goes for good: lake, results and logs.")
    return input(f"Type {settings.environment} to go on: ").strip() == settings.environment


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
