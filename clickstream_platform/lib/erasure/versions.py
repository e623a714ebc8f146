"""Old versions of objects in a versioned bucket: what was overwritten or deleted is still there until these go, too."""

from collections.abc import Iterable
from typing import Any

import boto3

_MOST_A_CALL = 1000


def delete_old_versions(lake_uri: str, paths: Iterable[str], folders: Iterable[str] = ()) -> int:
    """Delete noncurrent versions of objects, and of all objects below some folders; how many.

    Of an object that was deleted its marker goes as well. A folder, and a bucket that keeps no versions, have none.

    Args:
        lake_uri: The lake's root.
        paths: Objects of the lake.
        folders: Folders of the lake.

    Raises:
        botocore.exceptions.ClientError: S3 refuses; `s3:ListBucketVersions` and `s3:DeleteObjectVersion` are needed.
    """
    if not lake_uri.startswith("s3://"):
        return 0
    bucket, _, prefix = lake_uri.removeprefix("s3://").partition("/")
    root, s3 = f"{prefix}/" if prefix else "", boto3.client("s3")
    if "Status" not in s3.get_bucket_versioning(Bucket=bucket):
        return 0
    deleted = sum(_delete(s3, bucket, root + path, exact=True) for path in sorted(set(paths)))
    return deleted + sum(_delete(s3, bucket, f"{root}{folder}/", exact=False) for folder in folders)


def _delete(s3: Any, bucket: str, prefix: str, *, exact: bool) -> int:
    doomed = []
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        versions = [one for one in page.get("Versions", ()) if not one["IsLatest"]]
        doomed += [one for one in (*versions, *page.get("DeleteMarkers", ())) if not exact or one["Key"] == prefix]
    # Markers go last: without its marker a deleted object would be there again for a moment.
    doomed.sort(key=lambda one: "Size" not in one)
    for place in range(0, len(doomed), _MOST_A_CALL):
        objects = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in doomed[place : place + _MOST_A_CALL]]
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        if answer.get("Errors"):
            first = answer["Errors"][0]
            raise OSError(f"s3://{bucket}/{first['Key']}: an old version cannot be deleted: {first.get('Message')}")
    return len(doomed)
