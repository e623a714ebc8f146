"""Names below the lake's root. Hive layout, so that DuckDB, Spark and Athena read it without this project.

```
landing/<dataset>/                                           files dropped by the shop
raw/landing/<dataset>/year=YYYY/month=MM/day=DD/             their originals after ingest, for a limited time
bronze/<table>/[year=YYYY/month=MM/day=DD/]<source>-<seq>.parquet
rejected/<table>/<source>.parquet
silver|gold/<table>/[year=YYYY/month=MM/day=DD/]data.parquet  one object a partition, replaced whole
_ledger/ _queue/ _staging/                                   bookkeeping; no table reads them
```
"""

import re
from datetime import date
from typing import Final

LANDING: Final = "landing"
REJECTED: Final = "rejected"
QUEUE: Final = "_queue"
STAGING: Final = "_staging/tables"
OBJECT: Final = "data.parquet"
"""The one object of a partition of silver and gold."""

_DAY = re.compile(r"/year=(\d{4})/month=(\d{2})/day=(\d{2})(?:/|$)")


def table_prefix(layer: str, table: str) -> str:
    """Folder of a table."""
    return f"{layer}/{table}"


def day_folder(day: date) -> str:
    """Folder of a day within its table."""
    return f"year={day:%Y}/month={day:%m}/day={day:%d}"


def day_of(path: str) -> date | None:
    """The day whose folder a path lies in; None outside of any."""
    found = _DAY.search(path)
    return date(*map(int, found.groups())) if found else None
