"""What a shop uploads through API Gateway (`POST /upload/{dataset}`), in both of its payload formats."""

import base64
import binascii
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from clickstream_platform.contract import DATASETS
from clickstream_platform.ingest.errors import SourceError
from clickstream_platform.ingest.readers.stream import compression

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_NAME = 100
_ENDINGS = {
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/json": ".json",
    "application/x-ndjson": ".jsonl",
    "application/jsonl": ".jsonl",
    "application/gzip": ".gz",
    "application/x-gzip": ".gz",
    "application/zstd": ".zst",
}


class Refusal(Exception):
    """A request that is refused; the message is for whoever sent it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Upload(NamedTuple):
    """A file that was uploaded; `name` is what the shop calls it, made safe."""

    dataset: str
    name: str
    body: bytes


def is_upload(event: Mapping[str, Any]) -> bool:
    """Whether an event is a request that API Gateway hands on."""
    return "requestContext" in event and ("httpMethod" in event or "http" in event["requestContext"])


def read_upload(event: Mapping[str, Any], max_bytes: int) -> Upload:
    """The file of a request.

    Raises:
        Refusal: There is none that could be ingested.
    """
    method = event.get("httpMethod") or event["requestContext"].get("http", {}).get("method")
    if method != "POST":
        raise Refusal(405, "use POST")
    dataset = _dataset(event)
    if dataset not in DATASETS:
        raise Refusal(400, f"unknown dataset {dataset[:40]!r}: POST /upload/<dataset>, one of {', '.join(DATASETS)}")
    body = _body(event, max_bytes)
    try:
        compression(body[:8])
    except SourceError as error:
        raise Refusal(400, f"the body {error}") from None
    return Upload(dataset, _name(event, dataset), body)


def _dataset(event: Mapping[str, Any]) -> str:
    given = (event.get("pathParameters") or {}).get("dataset")
    path = event.get("rawPath") or event.get("path") or ""
    return str(given or path.rstrip("/").rpartition("/")[2])


def _body(event: Mapping[str, Any], max_bytes: int) -> bytes:
    text = event.get("body") or ""
    too_large = Refusal(413, f"the body is longer than {max_bytes} bytes; compress it, or put it into landing/ itself")
    if len(text) // 4 * 3 > max_bytes + 3:
        raise too_large
    if event.get("isBase64Encoded"):
        try:
            body = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise Refusal(400, "the body is not base64, although it is said to be") from None
    else:
        body = text.encode("utf-8", "surrogatepass")
    if len(body) > max_bytes:
        raise too_large
    if not body.strip():
        raise Refusal(400, "the body is empty")
    return body


def _name(event: Mapping[str, Any], dataset: str) -> str:
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    given = (event.get("queryStringParameters") or {}).get("name") or headers.get("x-file-name") or dataset
    name = _UNSAFE.sub("-", PurePosixPath(str(given).replace("\\", "/")).name).lstrip("._-")[-_LONGEST_NAME:] or dataset
    kind = str(headers.get("content-type") or "").partition(";")[0].strip().lower()
    return name if PurePosixPath(name).suffix else name + _ENDINGS.get(kind, "")
