import os
import re
import signal
import threading
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from clickstream_platform.schemas import TABLES
from clickstream_platform.sql import CATALOGUE, LakeSession, SqlError
from clickstream_platform.sql.catalogue import REJECTED
from clickstream_platform_tests.sql.lakes import DAYS, FIRST, write_lake


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_lake(tmp_path_factory.mktemp("it's a [lake]"))


@pytest.fixture(scope="module")
def session(lake: Path) -> LakeSession:
    return LakeSession(str(lake))


def rows(session: LakeSession, query: str) -> list[tuple[object, ...]]:
    (statement,) = session.statements(query)
    batches = session.run(statement).batches
    return [tuple(row.values()) for batch in batches for row in batch.to_pylist()]


def files_read(session: LakeSession, query: str) -> list[int]:
    ((_, plan),) = rows(session, f"EXPLAIN ANALYZE {query}")
    return [int(count) for count in re.findall(r"Total Files Read: (\d+)", str(plan))]


def test_catalogue_is_that_of_the_schemas() -> None:
    declared = {name: (table.layer, table.partition_column) for name, table in TABLES.items()}
    known = {name: (table.schema, table.day_column) for name, table in CATALOGUE.items() if table is not REJECTED}
    assert known == declared


def test_amounts_stay_decimals(session: LakeSession) -> None:
    assert rows(session, "SELECT sum(total_revenue) FROM gold.daily_sales_summary") == [(Decimal("3030.00"),)]


def test_unqualified_names_are_found_in_every_layer(session: LakeSession) -> None:
    assert rows(session, "SELECT count(*) FROM events_clean, customers_clean") == [(DAYS * 2,)]


@pytest.mark.parametrize(
    ("condition", "days"),
    [
        ("date = '2024-03-05'", 1),
        ("date = DATE '2024-03-05' AND region = 'EU'", 1),
        ("date BETWEEN '2024-03-05' AND '2024-03-07'", 3),
        ("date >= '2024-03-05' AND date < '2024-03-07'", 2),
        ("date IN ('2024-03-05', '2024-03-09', '2024-03-10')", 3),
        ("date_trunc('week', date) = '2024-03-04'", 7),
        ("date > '2025-01-01'", 0),
    ],
)
def test_condition_on_the_day_reads_those_days_alone(session: LakeSession, condition: str, days: int) -> None:
    query = f"SELECT count(*) FROM daily_sales_summary WHERE {condition}"
    assert rows(session, query) == [(days * 10,)]
    assert files_read(session, query) == [days]


def test_condition_on_the_day_of_one_side_of_a_join_prunes_both(session: LakeSession) -> None:
    query = (
        "SELECT sum(s.total_orders) FROM daily_sales_summary s JOIN events_clean e ON s.date = e.event_date "
        "WHERE e.event_date BETWEEN '2024-03-05' AND '2024-03-06'"
    )
    assert rows(session, query) == [(90,)]
    assert files_read(session, query) == [2, 2]


def test_without_a_condition_every_day_is_read(session: LakeSession) -> None:
    assert files_read(session, "SELECT sum(total_orders) FROM daily_sales_summary") == [DAYS]


def test_day_column_is_the_day_of_the_rows(session: LakeSession) -> None:
    found = rows(session, "SELECT DISTINCT date FROM daily_sales_summary ORDER BY date")
    assert found == [(FIRST + timedelta(days=n),) for n in range(DAYS)]


def test_table_without_objects_is_empty_with_its_columns(session: LakeSession) -> None:
    assert rows(session, "SELECT * FROM events_quarantine") == []
    (columns,) = [[name for name, _ in session.columns(CATALOGUE["events_quarantine"])]]
    assert columns == list(TABLES["events_quarantine"].columns)
    assert rows(session, "SELECT count(*), max(reason) FROM rejected") == [(0, None)]


def test_column_that_came_later_is_null_on_older_days(tmp_path: Path) -> None:
    write_lake(tmp_path, days=2)
    newest = tmp_path / "gold/daily_sales_summary/year=2024/month=03/day=02/data.parquet"
    pl.read_parquet(newest).with_columns(channel=pl.lit("Direct")).write_parquet(newest)
    found = rows(LakeSession(str(tmp_path)), "SELECT DISTINCT date, channel FROM daily_sales_summary ORDER BY date")
    assert found == [(date(2024, 3, 1), None), (date(2024, 3, 2), "Direct")]


def test_only_the_tables_of_a_query_are_looked_at(tmp_path: Path) -> None:
    write_lake(tmp_path, days=2)
    (tmp_path / "silver/customers_clean/data.parquet").write_bytes(b"no Parquet")
    session = LakeSession(str(tmp_path))
    assert rows(session, "SELECT count(*) FROM daily_sales_summary") == [(20,)]
    with pytest.raises(SqlError, match="customers_clean"):
        rows(session, "FROM customers_clean")


def test_refresh_shows_days_that_have_come_since(tmp_path: Path) -> None:
    write_lake(tmp_path, days=2)
    session = LakeSession(str(tmp_path))
    rows(session, "SELECT count(*) FROM events_quarantine, daily_sales_summary")
    write_lake_day = tmp_path / "gold/daily_sales_summary/year=2024/month=03"
    (write_lake_day / "day=02").rename(write_lake_day / "day=03")
    session.refresh()
    assert rows(session, "SELECT max(date) FROM daily_sales_summary") == [(date(2024, 3, 3),)]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE x (i INT)",
        "DROP VIEW gold.daily_sales_summary",
        "INSERT INTO daily_sales_summary SELECT 1",
        "COPY (SELECT 1) TO 'x.csv'",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO 'x.csv'",
        "EXPLAIN /* ANALYZE */ ANALYZE COPY (SELECT 1) TO 'x.csv'",
        "EXPLAIN EXPLAIN ANALYZE COPY (SELECT 1) TO 'x.csv'",
        "SET threads = 1",
        "ATTACH 'x.db'",
        "INSTALL httpfs",
        "SELECT 1; DROP VIEW gold.daily_sales_summary",
    ],
)
def test_statements_that_do_more_than_read_are_refused(session: LakeSession, statement: str) -> None:
    with pytest.raises(SqlError, match=r"only queries are run here|syntax error"):
        session.statements(statement)


@pytest.mark.parametrize("path", ["raw/landing/events/original.jsonl", "../outside.txt"])
def test_files_other_than_tables_are_out_of_reach(tmp_path: Path, path: str) -> None:
    root = write_lake(tmp_path / "lake", days=1)
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text("secret")
    with pytest.raises(SqlError, match="Permission"):
        rows(LakeSession(str(root)), f"SELECT * FROM read_text('{root / path}')")


def test_unknown_table_is_told_with_its_place_and_the_closest(session: LakeSession) -> None:
    with pytest.raises(SqlError, match=r"no table sesions. Did you mean sessions\?\n\nLINE 2:  FROM sesions"):
        rows(session, "SELECT *\n FROM sesions")


def test_unknown_column_is_told_with_its_place(session: LakeSession) -> None:
    with pytest.raises(SqlError, match=r'"revenue" not found(.|\n)*LINE 1: SELECT revenue FROM'):
        rows(session, "SELECT revenue FROM daily_sales_summary")


@pytest.mark.parametrize("exists", [True, False])
def test_empty_lake_is_told_with_what_to_do(tmp_path: Path, exists: bool) -> None:
    root = tmp_path if exists else tmp_path / "none"
    with pytest.raises(SqlError, match=r"is empty. Bring data in with `clickstream ingest PATH`"):
        rows(LakeSession(str(root)), "FROM daily_sales_summary")


def test_other_addresses_are_no_lake() -> None:
    with pytest.raises(SqlError, match="a lake is a folder or s3://"):
        LakeSession("gs://bucket/lake")


def test_pivot_and_catalog_queries_work(session: LakeSession) -> None:
    pivoted = rows(
        session,
        "PIVOT (FROM daily_sales_summary WHERE date = '2024-03-05') ON region USING sum(total_orders) GROUP BY date",
    )
    assert [str(value) for value in pivoted[0]] == ["2024-03-05", "45"]
    tables = rows(session, "SELECT table_name FROM information_schema.tables")
    assert {name for (name,) in tables} == set(CATALOGUE)


def test_interrupt_stops_a_running_query(session: LakeSession) -> None:
    endless = "SELECT count(*) FROM range(1_000_000_000) a, range(1_000_000) b WHERE a.range * b.range % 7 = 1"
    timer = threading.Timer(1, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        rows(session, endless)
    timer.join()
    assert rows(session, "SELECT 1") == [(1,)]
