"""Runs over many days are computed in batches of days; what comes out does not depend on the batches."""

from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from clickstream_platform.config import get_settings
from clickstream_platform.ingest import IngestOptions, ingest_sources
from clickstream_platform.lake import Lake
from clickstream_platform.lib import table_frames
from clickstream_platform.lib.build import bronze_days
from clickstream_platform.lib.io_manager import LakeIOManager
from clickstream_platform.lib.table_asset import table_asset, table_key
from clickstream_platform.lib.table_frames import Frame, around, batches_of_days
from clickstream_platform.schemas import TABLES
from clickstream_platform.simulate import simulate

FIRST = date(2024, 3, 1)


class SizedLake:
    """Tells sizes of days, and nothing else."""

    def __init__(self, sizes: dict[date, int]) -> None:
        self._sizes = sizes

    def bytes_by_day(self, table: str, days: list[date]) -> dict[date, int]:
        return {day: self._sizes[day] for day in days if day in self._sizes}


@given(st.lists(st.integers(0, 3 * table_frames.BATCH_BYTES // 2), min_size=1, max_size=20))
def test_batches_cover_the_days_in_order_and_stay_small(sizes: list[int]) -> None:
    days = [FIRST + timedelta(days=n) for n in range(len(sizes))]
    by_day = dict(zip(days, sizes, strict=True))
    batches = list(batches_of_days(SizedLake(by_day), ["events"], days))  # type: ignore[arg-type]
    assert [day for batch in batches for day in batch] == days
    for batch in batches:
        assert len(batch) == 1 or sum(by_day[day] for day in batch) <= table_frames.BATCH_BYTES
    for batch, following in pairwise(batches):
        assert sum(by_day[day] for day in [*batch, following[0]]) > table_frames.BATCH_BYTES


def test_a_window_adds_the_days_around() -> None:
    assert around([FIRST, FIRST + timedelta(days=1)], (-2, 1)) == [FIRST + timedelta(days=n) for n in range(-2, 3)]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    folder = tmp_path_factory.mktemp("shop")
    simulate(folder, days=4, shoppers=300, seed=5, dirty_rate=0.05)
    lake = Lake(str(folder / "lake"))
    ingest_sources([folder / "landing"], IngestOptions(lake_uri=lake.uri), processes=1)
    return lake


def test_a_run_in_batches_of_a_day_gives_what_one_batch_gives(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKSTREAM_LAKE_URI", lake.uri)
    get_settings.cache_clear()
    whole = materialize(lake, table_frames.BATCH_BYTES, monkeypatch)
    by_day = materialize(lake, 1, monkeypatch)
    assert len(whole) == 2
    for name, frame in whole.items():
        assert not frame.is_empty()
        assert_frame_equal(by_day[name], frame)


def materialize(lake: Lake, batch_bytes: int, monkeypatch: pytest.MonkeyPatch) -> dict[str, pl.DataFrame]:
    """Events and sessions of all days in one run."""
    from clickstream_platform.defs.silver.events_clean import events_clean
    from clickstream_platform.defs.silver.sessions import sessions

    monkeypatch.setattr(table_frames, "BATCH_BYTES", batch_bytes)
    days = bronze_days(lake)
    tags = {
        "dagster/asset_partition_range_start": days[0].isoformat(),
        "dagster/asset_partition_range_end": days[-1].isoformat(),
    }
    manager = {"lake_io_manager": LakeIOManager(uri=lake.uri)}
    bronze = dg.AssetSpec(table_key(TABLES["events"]), partitions_def=events_clean.partitions_def)
    result = dg.materialize([bronze, events_clean, sessions], resources=manager, tags=tags)
    assert result.success
    counts = [m.metadata["dagster/row_count"].value for m in result.asset_materializations_for_node("silver__sessions")]
    found = {name: lake.scan(name).sort(TABLES[name].key).collect() for name in ("events_clean", "sessions")}
    assert sum(counts) == found["sessions"].height  # each day's materialization tells its own rows
    return found


@table_asset()
def products_clean(products: Frame) -> Frame:
    return products.select("product_id")


def test_columns_that_are_not_the_tables_stop_the_run_before_the_write(tmp_path: Path) -> None:
    manager = {"lake_io_manager": LakeIOManager(uri=str(tmp_path / "lake"))}
    bronze = dg.AssetSpec(table_key(TABLES["products"]))
    with pytest.raises(dg.DagsterTypeCheckDidNotPass, match="category: missing instead of String"):
        dg.materialize([bronze, products_clean], resources=manager)
    assert not list((tmp_path / "lake").rglob("*.parquet"))
