"""A picture for each gold table, as Markdown that the Dagster UI shows on the asset.

Pictures are PNG on an opaque card, so that they read alike in the dark and the light theme, and small (a few colours, a
palette image): they are stored with every materialization event. Matplotlib is loaded on the first chart only, and
without pyplot: no global state, no window, safe in threads. The same rows give the same bytes.
"""

import base64

import polars as pl

from clickstream_platform.lib.charts import attribution, cohorts, customers, experiments, funnels, shop
from clickstream_platform.lib.charts.parts import png

DRAWINGS = {
    **shop.DRAWINGS,
    **customers.DRAWINGS,
    **funnels.DRAWINGS,
    **cohorts.DRAWINGS,
    **experiments.DRAWINGS,
    **attribution.DRAWINGS,
}
"""By gold table: from its rows of the days to show to a figure."""

COLUMNS: dict[str, tuple[str, ...]] = {**customers.COLUMNS, **funnels.COLUMNS, **attribution.COLUMNS}
"""What a drawing and the table's facts read of a table, where reading all of its columns would be dear."""


def chart(table_name: str, frame: pl.DataFrame) -> str:
    """Markdown with the picture that an analyst wants of a gold table.

    Args:
        table_name: a gold table; one without a drawing of its own gets its rows by day, or its number of rows.
        frame: the rows to draw, of as many days as the picture should span.

    Returns:
        One Markdown image (PNG as a data URI, below 60 kB), or a sentence where there are no rows.
    """
    if frame.is_empty():
        return f"*{table_name} has no rows in these days.*"
    drawn = picture(table_name, frame)
    if drawn is None:
        return f"*{table_name}: {frame.height:,} rows.*"
    return f"![{table_name}](data:image/png;base64,{base64.b64encode(drawn).decode()})"


def picture(table_name: str, frame: pl.DataFrame) -> bytes | None:
    """The PNG of a gold table's rows; None for a table without days that has no drawing of its own."""
    draw = DRAWINGS.get(table_name)
    if draw is None and "date" not in frame.columns:
        return None
    return png((draw or shop.rows_by_day)(frame))
