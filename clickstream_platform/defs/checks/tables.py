"""The checks of every silver and gold table."""

import dagster as dg

from clickstream_platform.lib.checks import checked_tables
from clickstream_platform.lib.checks.asset_checks import table_checks


@dg.definitions
def checks() -> dg.Definitions:
    """One check for each rule of each table's schema, and those that compare tables with each other."""
    return dg.Definitions(asset_checks=[check for table in checked_tables() for check in table_checks(table.name)])
