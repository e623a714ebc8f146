"""The latest version of records that arrive again and again: customers, products, order lines, spend."""

from collections.abc import Sequence

import narwhals as nw

from clickstream_platform.transforms._frames import Frame

VERSION_TIME = "version_time"
"""When a version was made: `updated_at` where the record says so, else the time of the file it came in."""

_ORDER = (VERSION_TIME, "source_time", "source_id", "source_line", "record_hash")
"""Later in this order wins. It is total, so no order of arrival or of reading changes the answer."""


def latest_versions(records: Frame, key: Sequence[str]) -> Frame:
    """One row a key, its latest version whole, with `version_time`."""
    versions = records.with_columns(nw.coalesce("updated_at", "source_time").alias(VERSION_TIME))
    return versions.unique([*key], keep="last", order_by=[*_ORDER])
