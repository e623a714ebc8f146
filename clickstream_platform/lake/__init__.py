"""Where tables live: layout, scan and atomic partition replace, on local disk and S3 alike."""

from clickstream_platform.lake import layout
from clickstream_platform.lake.footer import parquet_footer
from clickstream_platform.lake.lake import Lake
from clickstream_platform.lake.store import LakeError, list_paths, open_store
from clickstream_platform.lake.writing import Written

__all__ = ["Lake", "LakeError", "Written", "layout", "list_paths", "open_store", "parquet_footer"]
