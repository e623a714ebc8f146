"""Do the stored columns differ from the declared ones, or from those stored before?"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from clickstream_platform.lake import Lake
from clickstream_platform.lib.checks.stored import StoredDay, stored_days
from clickstream_platform.lib.checks.verdict import CheckInfo, Verdict
from clickstream_platform.schemas import Table

SCHEMA_CHANGE = "schema_change"
COLUMNS = "columns"
"""Where a verdict keeps the stored columns, as JSON, for the next one to compare with."""
Columns = Mapping[str, str]
"""Column name to type."""


def schema_change_info(table: Table) -> CheckInfo:
    """The check that tells of added, removed and changed columns."""
    return CheckInfo(
        table.name,
        SCHEMA_CHANGE,
        "warn",
        "stored columns and types are the declared ones and those stored before",
        remedy="recompute the days that were stored with the old columns",
        by_day=False,
    )


def check_schema_change(
    lake: Lake, table: Table, stored: Mapping[date | None, StoredDay], before: Columns | None = None
) -> Verdict:
    """One verdict over all the days in `stored`.

    Args:
        lake: where the table lives.
        table: the table.
        stored: what its objects hold.
        before: the columns at the last check; without it, those of the day before the first day.
    """
    declared = as_columns(table.polars_schema())
    held = [as_columns(schema) for day in stored.values() for schema in day.schemas]
    earlier = before if before is not None else _day_before(lake, table, list(stored))
    found: list[str] = []
    for columns in held:
        found += [f"against the schema: {text}" for text in differences(declared, columns)]
        found += [f"against what was stored before: {text}" for text in differences(earlier or columns, columns)]
    found = list(dict.fromkeys(found))
    return Verdict(
        schema_change_info(table),
        not found,
        None,
        checked=len(held),
        failed=sum(columns != declared or columns != (earlier or columns) for columns in held),
        detail="; ".join(found) or f"{len(declared)} columns as declared",
        counts={COLUMNS: json.dumps(held[-1] if held else declared)},
    )


def as_columns(schema: Mapping[str, object]) -> dict[str, str]:
    """A schema as plain text, to keep and to compare."""
    return {name: str(dtype) for name, dtype in schema.items()}


def differences(old: Columns, new: Columns) -> Iterator[str]:
    """What became of the old columns, one sentence each. Order does not matter: columns are read by name."""
    yield from (f"added {name} ({new[name]})" for name in new if name not in old)
    yield from (f"removed {name} ({old[name]})" for name in old if name not in new)
    yield from (f"changed {name} ({old[name]} to {new[name]})" for name in new if old.get(name, new[name]) != new[name])


def _day_before(lake: Lake, table: Table, days: Sequence[date | None]) -> Columns | None:
    dated = [day for day in days if day is not None]
    if not dated:
        return None
    held = stored_days(lake, table, [min(dated) - timedelta(days=1)])
    schemas = [schema for day in held.values() for schema in day.schemas]
    return as_columns(schemas[-1]) if schemas else None
