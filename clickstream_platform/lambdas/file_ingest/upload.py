"""What a shop uploads through API Gateway (`POST /upload/{dataset}`), in both of its payload formats."""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from clickstream_platform.contract import DATASETS
from clickstream_platform.ingest.errors import SourceError
from clickstream_platform.ingest.readers.stream import compression
from clickstream_platform.lambdas.http_api import Refusal, Request, read_request

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


class Upload(NamedTuple):
    """A file that was uploaded; `name` is what the shop calls it, made safe."""

    dataset: str
    name: str
    body: bytes


def read_upload(event: Mapping[str, Any], max_bytes: int) -> Upload:
    """The file of a request.

    Raises:
        Refusal: There is none that could be ingested.
    """
    try:
        request = read_request(event, max_bytes)
    except Refusal as refusal:
        if refusal.status == 413:
            raise Refusal(413, f"{refusal}; compress it, or put it into landing/ itself") from None
        raise
    if request.method != "POST":
        raise Refusal(405, "use POST", {"allow": "POST"})
    dataset = request.parameters.get("dataset") or request.path.rstrip("/").rpartition("/")[2]
    if dataset not in DATASETS:
        raise Refusal(400, f"unknown dataset {dataset[:40]!r}: POST /upload/<dataset>, one of {', '.join(DATASETS)}")
    if not request.body.strip():
        raise Refusal(400, "the body is empty")
    try:
        compression(request.body[:8])
    except SourceError as error:
        raise Refusal(400, f"the body {error}") from None
    return Upload(dataset, _name(request, dataset), request.body)


def _name(request: Request, dataset: str) -> str:
    given = request.query.get("name") or request.headers.get("x-file-name") or dataset
    name = _UNSAFE.sub("-", PurePosixPath(given.replace("\\", "/")).name).lstrip("._-")[-_LONGEST_NAME:] or dataset
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return name if PurePosixPath(name).suffix else name + _ENDINGS.get(kind, "")
