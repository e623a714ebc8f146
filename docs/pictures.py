"""Draw the pictures of the analysts' pages from a lake: `make pictures`.

They are what the Dagster UI shows on each gold table, over the newest days that the lake has of it.
"""

import sys
from pathlib import Path

from clickstream_platform.lake import Lake
from clickstream_platform.lib.charts import picture
from clickstream_platform.lib.io_manager import shown_rows
from clickstream_platform.schemas import TABLES

PAGES = Path(__file__).parent / "analyst"


def main() -> None:
    """Write a PNG beside each page of a gold table."""
    lake = Lake(sys.argv[1])
    for page in sorted(PAGES.glob("*.md")):
        table = TABLES.get(page.stem)
        if table is None or table.layer != "gold":
            continue
        newest = lake.days(table.name)[-1] if table.partition_column else None
        rows = shown_rows(lake, table.name, newest)
        drawn = picture(table.name, rows)
        if drawn is None or rows.is_empty():
            raise SystemExit(f"{table.name}: there is nothing to draw in {lake.uri}")
        page.with_suffix(".png").write_bytes(drawn)
        print(f"{page.stem}.png: {rows.height:,} rows")


if __name__ == "__main__":
    main()
