"""Files of events, customers, products and orders into bronze: idempotent, streaming, nothing lost."""

from clickstream_platform.ingest.api import ingest_file, ingest_raw, ingest_sources
from clickstream_platform.ingest.errors import IngestError, SourceError
from clickstream_platform.ingest.identity import source_id
from clickstream_platform.ingest.options import IngestOptions
from clickstream_platform.ingest.sources import Source, dataset_of
from clickstream_platform.ingest.summary import IngestSummary, SourceReport

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
