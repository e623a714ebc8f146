"""The same tables by hand-written DuckDB SQL over the same bronze files: `python -m benchmarks.duckdb_sql BRONZE OUT`.

The SQL is the one that the tests hold the tables against. Each table is made once and written to Parquet.
"""

import sys
from pathlib import Path

import duckdb

from clickstream_platform_tests import oracle


def main() -> None:
    """Compute every table and write it to OUT/<table>.parquet."""
    bronze, out = sys.argv[1], Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect(str(out / "work.duckdb"))
    oracle.views(con, bronze, materialize=True)
    for table in oracle.TABLES:
        con.execute(f"COPY {table} TO '{out / table}.parquet' (FORMAT parquet, COMPRESSION zstd)")
    con.close()


if __name__ == "__main__":
    main()
