"""The object store below a lake, and what Polars needs to reach it."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import obstore
from obstore.store import LocalStore, ObjectStore, S3Store


class LakeError(Exception):
    """The lake cannot be used; the message says why and what to do."""


def open_store(uri: str) -> ObjectStore:
    """The store of `uri`, a folder (made when missing) or `s3://bucket/prefix`.

    Raises:
        LakeError: the address is neither, or the folder cannot be made.
    """
    if uri.startswith("s3://"):
        return S3Store.from_url(uri, client_options={"allow_http": _endpoint().startswith("http://")})
    if "://" in uri:
        raise LakeError(f"{uri}: a lake is a folder or s3://bucket/prefix (CLICKSTREAM_LAKE_URI)")
    try:
        return LocalStore(Path(uri), mkdir=True, automatic_cleanup=True)
    except (OSError, obstore.exceptions.BaseError) as error:
        raise LakeError(f"{uri} cannot be the lake's folder: {error}. Set CLICKSTREAM_LAKE_URI to another.") from error


def polars_options(uri: str) -> dict[str, str] | None:
    """Storage options for Polars, which does not read the AWS endpoint from the environment by itself."""
    if not uri.startswith("s3://"):
        return None
    endpoint = _endpoint()
    return {"aws_endpoint_url": endpoint, "aws_allow_http": "true"} if endpoint else {}


def list_paths(store: ObjectStore, prefix: str) -> Iterator[tuple[str, int]]:
    """(path, bytes) of every object below a folder; a missing folder is empty."""
    try:
        for batch in obstore.list(store, prefix=prefix + "/"):
            for meta in batch:
                yield meta["path"], meta["size"]
    except FileNotFoundError:
        return


def list_folders(store: ObjectStore, prefix: str) -> list[str]:
    """Names of the folders right below a folder."""
    found = obstore.list_with_delimiter(store, prefix=prefix + "/")
    return [path.rstrip("/").rpartition("/")[2] for path in found["common_prefixes"]]


def drop_empty_folder(uri: str, path: str) -> None:
    """Remove a folder that a local lake is left with once its objects have moved on; object stores have none."""
    if "://" not in uri:
        with contextlib.suppress(OSError):
            Path(uri, path).rmdir()


def _endpoint() -> str:
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
