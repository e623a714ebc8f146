"""SQL over the lake: DuckDB, one view a table, read-only, reading no more days than a query's WHERE leaves."""

from clickstream_platform.sql.catalogue import CATALOGUE, LakeTable
from clickstream_platform.sql.errors import SqlError
from clickstream_platform.sql.session import LakeSession, Result

__all__ = ["CATALOGUE", "LakeSession", "LakeTable", "Result", "SqlError"]
