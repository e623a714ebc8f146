"""From bytes to records: JSON lines, JSON arrays and CSV, plain or compressed, all in constant memory."""

from clickstream_platform.ingest.readers.formats import Reader, open_reader
from clickstream_platform.ingest.readers.raw import CsvRecord, RawRecord, Refused

__all__ = ["CsvRecord", "RawRecord", "Reader", "Refused", "open_reader"]
