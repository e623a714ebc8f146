"""Every transform gives the same rows and types on Polars, DuckDB and Spark, over a simulated shop with its dirt."""

from typing import Any

import duckdb
import narwhals as nw
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from clickstream_platform_tests.transforms.conftest import CASES, Shop, run


def assert_same_rows(answer: pl.DataFrame, expected: pl.DataFrame) -> None:
    assert answer.schema == expected.schema
    # Lists do not sort; every table has a key without them.
    key = [name for name, dtype in expected.schema.items() if not dtype.is_nested()]
    assert_frame_equal(answer.sort(key), expected.sort(key), check_exact=True)


def test_the_shop_has_something_to_say_in_every_table(shop: Shop) -> None:
    assert {name for name, rows in shop.tables.items() if rows.is_empty()} == set()
    assert set(shop.tables["sessions"]["start_reason"]) == {"first_event", "timeout", "max_duration"}
    assert shop.tables["attributed_checkouts"]["is_attributed"].n_unique() == 2
    assert set(shop.tables["events_quarantine"]["reason"]) == {
        "clock_skew",
        "foreign_currency",
        "purchase_without_value",
    }


@pytest.mark.parametrize("table", CASES)
def test_duckdb_agrees_with_polars(table: str, shop: Shop, duckdb_session: duckdb.DuckDBPyConnection) -> None:
    def scan(name: str) -> nw.LazyFrame[Any]:
        return nw.from_native(duckdb_session.read_parquet(shop.path(name)))

    answer = run(table, scan).to_native().pl()
    assert_same_rows(answer, shop.tables[table])


@pytest.mark.spark
@pytest.mark.parametrize("table", CASES)
def test_spark_agrees_with_polars(table: str, shop: Shop, spark_session: Any) -> None:
    def scan(name: str) -> nw.LazyFrame[Any]:
        return nw.from_native(spark_session.read.parquet(shop.path(name)))

    answer = pl.from_arrow(run(table, scan).to_native().toArrow())
    assert isinstance(answer, pl.DataFrame)
    assert_same_rows(answer, shop.tables[table])
