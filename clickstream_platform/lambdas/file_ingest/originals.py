"""Originals move from `landing/` to `raw/` within the bucket, and only what was ingested does.

An object may be overwritten while it is ingested. Its new content has a notification of its own and must neither be
taken for the old one nor be deleted unread: both steps hold for the content that was read alone (`If-Match`).
"""

from typing import Any, Literal

import boto3
from botocore.exceptions import ClientError

Outcome = Literal["moved", "gone", "overwritten"]
_GONE = {"404", "NoSuchKey", "NotFound"}
_OVERWRITTEN = {"412", "PreconditionFailed"}


class Originals:
    """Moves objects of one lake in a bucket; holds the client."""

    def __init__(self, lake_uri: str) -> None:
        self._bucket, _, prefix = lake_uri.removeprefix("s3://").partition("/")
        self._prefix = f"{prefix}/" if prefix else ""
        self._s3: Any = boto3.client("s3")

    def move(self, path: str, target: str, etag: str) -> Outcome:
        """Move an object of the lake, copied by the server, unless its content is no longer that of `etag`.

        Doing it again, or in two places at once, ends the same.

        Raises:
            ClientError: S3 refuses for another reason.
        """
        key = self._prefix + path
        try:
            self._s3.copy(
                {"Bucket": self._bucket, "Key": key},
                self._bucket,
                self._prefix + target,
                ExtraArgs={"CopySourceIfMatch": etag},
            )
            self._s3.delete_object(Bucket=self._bucket, Key=key, IfMatch=etag)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in _GONE:
                return "gone"
            if code in _OVERWRITTEN:
                return "overwritten"
            raise
        return "moved"
