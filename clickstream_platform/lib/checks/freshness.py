"""Does a table keep up with what has arrived? Whatever the calendar says: old data that is all computed is fresh."""

from collections.abc import Mapping
from datetime import date, datetime

import obstore

from clickstream_platform.lake import Lake, layout
from clickstream_platform.lib.checks.verdict import CheckInfo, Verdict
from clickstream_platform.schemas import TABLES

FRESHNESS = "freshness"
SOURCES: Mapping[str, str] = {
    "events_clean": "events",
    "sessions": "events",
    "orders_validated": "orders",
    "customers_clean": "customers",
    "products_clean": "products",
    "marketing_spend_clean": "marketing_spend",
    "daily_sales_summary": "orders",
    "product_performance": "events",
    "conversion_funnel": "events",
    "traffic_summary": "events",
    "customer_lifetime_value": "orders_validated",
    "entity_activity": "events",
    "cohort_retention": "orders_validated",
}
"""Table -> what it must keep up with. Tables that may well have no rows on a day are not among them."""


def freshness_info(table_name: str) -> CheckInfo:
    """The check that a table keeps up with its source."""
    source = TABLES[SOURCES[table_name]]
    by_day = TABLES[table_name].partition_column is not None
    return CheckInfo(
        table_name,
        FRESHNESS,
        "warn",
        f"the newest day of {source.layer} {source.name} is there"
        if by_day
        else f"it was written after the newest object of {source.layer} {source.name}",
        remedy="run `clickstream build`, or see why what arrived last was not computed",
        by_day=False,
    )


def check_freshness(lake: Lake, table_name: str) -> Verdict:
    """One verdict on the table as a whole."""
    info, source = freshness_info(table_name), SOURCES[table_name]
    arrived: date | None
    have: date | None
    if TABLES[table_name].partition_column is None:
        arrived, have = _last_write(lake, source), _last_write(lake, table_name)
        said = "written {have:%Y-%m-%d %H:%M} UTC, its source {arrived:%Y-%m-%d %H:%M} UTC"
    else:
        arrived, have = max(lake.days(source), default=None), max(lake.days(table_name), default=None)
        said = "newest day {have}, of its source {arrived}"
    if arrived is None:
        return Verdict(info, True, None, detail="nothing has arrived")
    if have is None:
        return Verdict(info, False, None, 1, 1, f"nothing is there, and {TABLES[source].layer} {source} has rows")
    fresh = have >= arrived
    return Verdict(info, fresh, None, 1, int(not fresh), said.format(have=have, arrived=arrived))


def _last_write(lake: Lake, table_name: str) -> datetime | None:
    """When the newest of a table's objects was written."""
    table = TABLES[table_name]
    try:
        batches = obstore.list(lake.store, prefix=layout.table_prefix(table.layer, table.name) + "/")
        return max((meta["last_modified"] for batch in batches for meta in batch), default=None)
    except FileNotFoundError:
        return None
