"""Tables in the lake: whole days in, whole days out, on local disk and on S3."""

import os
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import obstore
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream_platform.lake import Lake, LakeError, layout
from clickstream_platform.schemas import TABLES
from clickstream_platform_tests.aws import Aws

TABLE = "traffic_summary"
FIRST = date(2024, 3, 1)


def rows(*days: date, channel: str = "Direct") -> pl.LazyFrame:
    """One row of `traffic_summary` for each day given."""
    return pl.DataFrame(
        {
            "window_start": [datetime(d.year, d.month, d.day, tzinfo=UTC) for d in days],
            "date": list(days),
            "event_name": "page_view",
            "channel": channel,
            "country": "DE",
            "events": 1,
            "sessions": 1,
            "revenue": 0,
        },
        schema=TABLES[TABLE].polars_schema(),
        strict=False,
    ).lazy()


def day(offset: int) -> date:
    return FIRST + timedelta(days=offset)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def test_days_read_back_as_written(lake: Lake) -> None:
    lake.replace(TABLE, rows(day(0), day(2)), [day(0), day(1), day(2)])
    assert lake.scan(TABLE).collect().sort("date")["date"].to_list() == [day(0), day(2)]
    assert lake.scan(TABLE, [day(2)]).collect()["date"].to_list() == [day(2)]
    assert lake.days(TABLE) == [day(0), day(2)]


def test_rows_and_bytes_are_told_by_day(lake: Lake) -> None:
    written = lake.replace(TABLE, rows(day(0), day(0), day(1)), [day(0), day(1), day(2)])
    assert {key: value.rows for key, value in written.items()} == {day(0): 2, day(1): 1, day(2): 0}
    [path] = lake.objects(TABLE, [day(0)])
    assert written[day(0)].bytes == Path(lake.address(path)).stat().st_size


def test_a_table_never_written_is_empty_and_typed(lake: Lake) -> None:
    assert lake.scan(TABLE).collect().schema == TABLES[TABLE].polars_schema()
    assert lake.days(TABLE) == []


def test_replacing_a_day_leaves_the_others(lake: Lake) -> None:
    lake.replace(TABLE, rows(day(0), day(1)), [day(0), day(1)])
    lake.replace(TABLE, rows(day(1), day(1), channel="Email"), [day(1)])
    found = lake.scan(TABLE).collect().sort("date", "channel")
    assert found.select("date", "channel").rows() == [(day(0), "Direct"), (day(1), "Email"), (day(1), "Email")]


def test_a_day_that_has_no_rows_any_more_is_gone(lake: Lake) -> None:
    lake.replace(TABLE, rows(day(0), day(1)), [day(0), day(1)])
    lake.replace(TABLE, rows(), [day(1)])
    assert lake.days(TABLE) == [day(0)]


def test_rows_of_other_days_are_refused_and_nothing_changes(lake: Lake) -> None:
    lake.replace(TABLE, rows(day(0)), [day(0)])
    with pytest.raises(LakeError, match=r"rows of 2024-03-04"):
        lake.replace(TABLE, rows(day(0), day(3), channel="Email"), [day(0)])
    assert lake.scan(TABLE).collect()["channel"].to_list() == ["Direct"]
    assert not list(Path(lake.address(layout.STAGING)).rglob("*.parquet"))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda frame: frame.drop("country"),
        lambda frame: frame.with_columns(pl.col("events").cast(pl.Int32)),
        lambda frame: frame.with_columns(extra=pl.lit(1)),
    ],
    ids=["missing", "other type", "one too many"],
)
def test_other_columns_than_the_tables_are_refused(lake: Lake, spoil: object) -> None:
    with pytest.raises(LakeError, match=r"gold\.traffic_summary: (country|events|extra) is"):
        lake.replace(TABLE, spoil(rows(day(0))), [day(0)])  # type: ignore[operator]
    assert lake.days(TABLE) == []


def test_objects_of_an_older_schema_read_as_nulls(lake: Lake) -> None:
    name = "attributed_checkouts"
    old = {column: kind for column, kind in TABLES[name].polars_schema().items() if column != "campaign"}
    folder = Path(lake.address(f"gold/{name}/{layout.day_folder(day(0))}"))
    folder.mkdir(parents=True)
    frame = pl.DataFrame({column: [None] for column in old}, schema=old).with_columns(extra=pl.lit(1))
    frame.write_parquet(folder / layout.OBJECT)
    read = lake.scan(name).collect()
    assert read.columns == list(TABLES[name].columns)
    assert read["campaign"].to_list() == [None]


def test_other_programs_read_the_layout(lake: Lake) -> None:
    import duckdb

    lake.replace(TABLE, rows(day(0), day(1)), [day(0), day(1)])
    files = lake.address(f"gold/{TABLE}/**/*.parquet")
    found = duckdb.sql(
        f"select year, month, day, date from read_parquet('{files}', hive_partitioning = true) order by date"
    )
    assert [row[3] for row in found.fetchall()] == [day(0), day(1)]


def test_a_writer_killed_midway_shows_no_half_written_day(lake: Lake) -> None:
    lake.replace(TABLE, rows(day(0)), [day(0)])
    code = f"""
import polars as pl, time
from clickstream_platform.lake import Lake
from clickstream_platform_tests.lake.test_lake import day, rows
def slow(frame):
    print("writing", flush=True)
    time.sleep(60)
    return frame
frame = rows(*[day(0)] * 2, channel="Email").map_batches(slow)
Lake({lake.uri!r}).replace({TABLE!r}, frame, [day(0)])
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env={**os.environ})
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    process.kill()
    process.wait()
    assert lake.scan(TABLE).collect()["channel"].to_list() == ["Direct"]
    lake.replace(TABLE, rows(day(0), channel="Email"), [day(0)])
    assert lake.scan(TABLE).collect()["channel"].to_list() == ["Email"]


def test_leftovers_in_staging_are_swept_once_old(lake: Lake) -> None:
    obstore.put(lake.store, f"{layout.STAGING}/dead/2024-03-01.parquet", b"half")
    assert lake.sweep_staging(datetime.now(UTC) - timedelta(hours=1)) == 0
    time.sleep(0.01)
    assert lake.sweep_staging(datetime.now(UTC)) == 1


def test_an_address_that_is_no_lake_says_so(tmp_path: Path) -> None:
    with pytest.raises(LakeError, match="a folder or s3://"):
        Lake("gs://bucket")
    (tmp_path / "file").write_text("")
    with pytest.raises(LakeError, match="CLICKSTREAM_LAKE_URI"):
        Lake(str(tmp_path / "file" / "lake"))


@settings(max_examples=25, deadline=None)
@given(writes=st.lists(st.tuples(st.sets(st.integers(0, 5), min_size=1), st.sets(st.integers(0, 5))), max_size=4))
def test_the_lake_is_a_map_from_days_to_rows(tmp_path_factory: pytest.TempPathFactory, writes: list) -> None:
    """Whatever is replaced in whatever order, each day holds what was written to it last."""
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    expected: dict[date, str] = {}
    for number, (span, filled) in enumerate(writes):
        days, full = [day(i) for i in span], [day(i) for i in span & filled]
        lake.replace(TABLE, rows(*full, channel=str(number)), days)
        expected = {d: c for d, c in expected.items() if d not in days} | dict.fromkeys(full, str(number))
    assert dict(lake.scan(TABLE).select("date", "channel").collect().iter_rows()) == expected
    assert lake.days(TABLE) == sorted(expected)


@pytest.fixture
def bucket(aws: Aws) -> str:
    """A lake's address in a bucket of the emulation."""
    aws.client("s3").create_bucket(Bucket="shop")
    return "s3://shop/lake"


def test_the_same_holds_on_s3(bucket: str) -> None:
    lake = Lake(bucket)
    assert lake.scan(TABLE).collect().is_empty()
    written = lake.replace(TABLE, rows(day(0), day(1)), [day(0), day(1)])
    lake.replace(TABLE, rows(channel="Email"), [day(0)])
    assert written[day(1)].rows == 1
    assert lake.days(TABLE) == [day(1)]
    assert lake.scan(TABLE, [day(0), day(1)]).collect()["date"].to_list() == [day(1)]
    assert lake.objects(TABLE) == [f"gold/{TABLE}/{layout.day_folder(day(1))}/data.parquet"]
