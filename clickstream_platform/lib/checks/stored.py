"""What a table's objects really hold, read from their Parquet footers: cheap, whatever the size of the table."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

import obstore
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from clickstream_platform.lake import Lake, layout
from clickstream_platform.schemas import Table

_READERS = 16
"""Footers read at once: on S3 each is a round trip."""
_USUAL_FOOTER = 65_536
"""Bytes that nearly every footer fits into."""


@dataclass
class StoredDay:
    """The objects of one day of a table (or of all of an unpartitioned one).

    Attributes:
        rows: rows by the footers.
        schemas: the distinct schemas found.
        unreadable: objects that are no Parquet, as sentences.
        strays_possible: the footers do not prove that every row carries the day's date.
    """

    rows: int = 0
    schemas: list[pl.Schema] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    strays_possible: bool = False


@dataclass(frozen=True)
class _Footer:
    rows: int
    schema: pl.Schema
    dates: set[object]
    """The dates that the rows lie between, the day itself alone when there are no others; None for unknown."""


def stored_days(lake: Lake, table: Table, days: Sequence[date] | None) -> dict[date | None, StoredDay]:
    """What is stored of each day asked for; days without objects are empty. Key None: an unpartitioned table."""
    partitioned = table.partition_column is not None
    wanted: Sequence[date | None] = (days or ()) if partitioned else (None,)
    found = {day: StoredDay() for day in wanted}
    paths = lake.objects(table.name, days if partitioned else None)
    with ThreadPoolExecutor(_READERS) as readers:
        footers = list(readers.map(lambda path: _footer(lake, table, path), paths))
    for path, footer in zip(paths, footers, strict=True):
        day = layout.day_of(path) if partitioned else None
        stored = found.setdefault(day, StoredDay())
        if isinstance(footer, str):
            stored.unreadable.append(footer)
            continue
        stored.rows += footer.rows
        stored.strays_possible |= bool(footer.dates - {day})
        if footer.schema not in stored.schemas:
            stored.schemas.append(footer.schema)
    return found


def _footer(lake: Lake, table: Table, path: str) -> _Footer | str:
    """An object's footer, or why it cannot be read."""
    try:
        metadata = pq.read_metadata(pa.BufferReader(_tail(lake, path)))
        schema = metadata.schema.to_arrow_schema().remove_metadata()
        return _Footer(metadata.num_rows, _polars_schema(schema), _dates(metadata, table.partition_column))
    except (pa.ArrowException, OSError, EOFError) as error:
        return f"{path} is no readable Parquet object ({(str(error).splitlines() or [type(error).__name__])[0][:200]})"


def _tail(lake: Lake, path: str) -> bytes:
    """The end of a Parquet object: footer, its length (4 bytes), the mark (4 bytes). One request, seldom two."""
    tail = bytes(obstore.get(lake.store, path, options={"range": {"suffix": _USUAL_FOOTER}}).bytes())
    needed = int.from_bytes(tail[-8:-4], "little") + 8
    if tail[-4:] == b"PAR1" and len(tail) == _USUAL_FOOTER < needed:
        tail = bytes(obstore.get(lake.store, path, options={"range": {"suffix": needed}}).bytes())
    return tail


def _dates(metadata: pq.FileMetaData, column: str | None) -> set[object]:
    """Lowest and highest date of each row group; None where the footer does not tell, or has nulls."""
    if column is None:
        return set()
    places = [place for place in range(metadata.num_columns) if metadata.schema.column(place).path == column]
    found: set[object] = set() if places else {None}
    for group in range(metadata.num_row_groups):
        for place in places:
            told = metadata.row_group(group).column(place).statistics
            certain = told is not None and told.has_min_max and told.null_count == 0
            found |= {told.min, told.max} if certain else {None}
    return found


@lru_cache(maxsize=64)
def _polars_schema(schema: pa.Schema) -> pl.Schema:
    frame = pl.from_arrow(schema.empty_table())
    assert isinstance(frame, pl.DataFrame)
    return frame.schema
