"""Are the tables of both ways the same?"""

from math import log10
from pathlib import Path

import duckdb

from clickstream_platform.lake import Lake
from clickstream_platform.schemas import TABLES
from clickstream_platform_tests import oracle

# Float columns may differ in their last bit (a median between two numbers): compared to so many digits.
_ROUNDED = "round({0}, {1} - greatest(0, ceil(log10(greatest(abs({0}), 1))))::int)"
_DIGITS = 12


def differences(lake: Lake, out: Path) -> dict[str, int]:
    """Rows that only one of both ways has, for each table that has such rows."""
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    found = {}
    for name, table in TABLES.items():
        if table.layer == "bronze" or name not in oracle.TABLES:
            continue
        digits = round(-log10(oracle.TOLERANCES[name])) - 1 if name in oracle.TOLERANCES else _DIGITS
        columns = ", ".join(
            f'{_ROUNDED.format(column, digits)} AS "{column}"' if str(kind) == "Float64" else f'"{column}"'
            for column, kind in table.polars_schema().items()
            if column not in oracle.MODELLED.get(name, ())
        )
        ours = f"SELECT {columns} FROM read_parquet('{lake.address(f'{table.layer}/{name}')}/**/*.parquet')"
        if name in oracle.MODELLED_ROWS:
            ours += f" WHERE NOT ({oracle.MODELLED_ROWS[name]})"
        theirs = f"SELECT {columns} FROM read_parquet('{out / name}.parquet')"
        [count] = con.execute(
            f"SELECT count(*) FROM (({ours} EXCEPT ALL {theirs}) UNION ALL ({theirs} EXCEPT ALL {ours}))"
        ).fetchone() or [0]
        if count:
            found[name] = int(count)
    return found
