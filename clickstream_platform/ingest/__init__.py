"""Files of events, master data, orders and spend into bronze: idempotent, streaming, nothing lost.

What is exported here is imported when it is first asked for: a Lambda function that takes records off a stream uses
some modules of this package, and has no time for those that read files.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clickstream_platform.ingest.api import ingest_file, ingest_raw, ingest_sources
    from clickstream_platform.ingest.errors import IngestError, SourceError
    from clickstream_platform.ingest.identity import source_id
    from clickstream_platform.ingest.options import IngestOptions
    from clickstream_platform.ingest.sources import Source, dataset_of
    from clickstream_platform.ingest.summary import IngestSummary, SourceReport

_MODULES = {
    "IngestError": "errors",
    "IngestOptions": "options",
    "IngestSummary": "summary",
    "Source": "sources",
    "SourceError": "errors",
    "SourceReport": "summary",
    "dataset_of": "sources",
    "ingest_file": "api",
    "ingest_raw": "api",
    "ingest_sources": "api",
    "source_id": "identity",
}

__all__ = [
    "IngestError",
    "IngestOptions",
    "IngestSummary",
    "Source",
    "SourceError",
    "SourceReport",
    "dataset_of",
    "ingest_file",
    "ingest_raw",
    "ingest_sources",
    "source_id",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
