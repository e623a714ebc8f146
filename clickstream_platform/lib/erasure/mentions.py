"""Where records of other people speak of a person: an id in an address of a page, or among free properties."""

import polars as pl

from clickstream_platform.lake import Lake
from clickstream_platform.lib.erasure.person import Person
from clickstream_platform.lib.erasure.tables import ID_COLUMNS
from clickstream_platform.schemas import TABLES


def mentions(lake: Lake, table: str, person: Person) -> dict[str, int]:
    """How many values of each text column of a table have an id or an address of the person as a word.

    Reads all text columns of the table, lists and structs not among them.

    Raises:
        polars.exceptions.PolarsError: An object is no Parquet of the table's columns.
    """
    texts = [name for name, kind in TABLES[table].polars_schema().items() if kind == pl.String]
    texts = [name for name in texts if name not in ID_COLUMNS]
    near = {name: pl.col(name).str.contains_any(person.spellings).fill_null(False) for name in texts}
    if not near:
        return {}
    rows = lake.scan(table).select(texts).filter(pl.any_horizontal(near.values())).collect(engine="streaming")
    counts = {
        name: sum(text is not None and person.is_mentioned_in(text) for text in rows[name]) for name in rows.columns
    }
    return {name: count for name, count in counts.items() if count}
