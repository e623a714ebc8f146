"""What ingest writes is what the tables' schemas declare: the two are stated apart, as ingest knows no data frames."""

import polars as pl
import pytest

from clickstream_platform.ingest.bronze_schemas import SCHEMAS
from clickstream_platform.schemas import TABLES


@pytest.mark.parametrize("name", SCHEMAS)
def test_bronze_is_written_with_the_declared_columns(name: str) -> None:
    written = pl.from_arrow(SCHEMAS[name].empty_table())
    assert isinstance(written, pl.DataFrame)
    assert list(written.schema.items()) == list(TABLES[name].polars_schema().items())
