"""A shop's events through Kinesis, functions, S3 and SQS into Dagster give the tables of the command line.

And live state says the same as the batch tables: window by window, session by session, checkout by checkout.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from clickstream_platform.lake import Lake
from clickstream_platform.lake.store import list_paths
from clickstream_platform.local_aws.poller import Counts
from clickstream_platform.schemas import TABLES
from clickstream_platform.simulate import simulate
from clickstream_platform_tests import oracle
from clickstream_platform_tests.e2e.streaming import StreamingPlatform, embedded
from clickstream_platform_tests.lambdas import live
from clickstream_platform_tests.lambdas.stream import lines_of

COMPUTED = [name for name, table in TABLES.items() if table.layer != "bronze"]
LINEAGE = ("source_id", "source_line")
LARGEST = 1_048_576
"""Kinesis takes no longer record; of those in files the command line refuses each, and says so."""


@dataclass(frozen=True)
class Size:
    """How large the shop is, and how many records an invocation gets."""

    events: int
    days: int
    seed: int
    batch_size: int


SIZES = [
    pytest.param(Size(600, days=1, seed=33, batch_size=100), id="600 events"),
    # Some ten minutes: it takes 80,000 calls of DynamoDB, of which the emulation serves 150 a second.
    pytest.param(Size(104_000, days=2, seed=21, batch_size=10_000), id="100,000 events", marks=pytest.mark.slow),
]


@dataclass(frozen=True)
class Run:
    """One shop, both ways."""

    platform: StreamingPlatform
    embedded: Lake
    lines: list[bytes]
    counts: Counts
    reported: set[tuple[str, str | None]]

    def table(self, name: str) -> pl.DataFrame:
        """A table of the bucket's lake."""
        with self.platform.lake() as lake:
            return lake.scan(name).sort(oracle.KEYS[name]).collect()


@pytest.fixture(scope="module", params=SIZES)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    size: Size = request.param
    out, folder = tmp_path_factory.mktemp("simulated"), tmp_path_factory.mktemp("aws")
    simulate(out, days=size.days, events=size.events, seed=size.seed, dirty_rate=0.03)
    files = sorted(path for path in (out / "landing").rglob("*") if path.is_file())
    lines = [line for line in lines_of(out) if len(line) <= LARGEST]
    with ExitStack() as stack:
        platform = StreamingPlatform(folder, size.batch_size, stack)
        counts = platform.stream(lines)
        platform.land([file for file in files if file.parent.name != "events"])
        reported = platform.sense()
        platform.run("build", "--all")
        yield Run(platform, embedded(tmp_path_factory.mktemp("embedded"), files), lines, counts, reported)


def test_every_record_is_delivered_and_none_discarded(run: Run) -> None:
    assert (run.counts.records_delivered, run.counts.records_discarded) == (len(run.lines), 0)
    assert not any(run.platform.waiting().values())
    with run.platform.lake() as lake:
        accepted = len(lake.scan("events").collect())
    assert accepted + sum(rejected_reasons(run, "events").values()) == len(run.lines)
    told = Counter[str]()
    for line in run.platform.metrics():
        told.update({name: line[name] for name in ("ingested", "rejected", "batch_size") if name in line})
    assert told == {"ingested": accepted, "rejected": len(run.lines) - accepted, "batch_size": len(run.lines)}


def test_the_sensor_has_reported_every_partition_that_bronze_has(run: Run) -> None:
    with run.platform.lake() as lake:
        days = {
            (table, day.isoformat()) for table in ("events", "orders", "marketing_spend") for day in lake.days(table)
        }
    assert run.reported == days | {("customers", None), ("products", None)}


@pytest.mark.parametrize("table", COMPUTED)
def test_every_table_is_that_of_the_command_line(run: Run, table: str) -> None:
    columns = [column for column in TABLES[table].columns if column not in LINEAGE]
    expected = run.embedded.scan(table).sort(oracle.KEYS[table]).collect()
    assert_frame_equal(run.table(table).select(columns), expected.select(columns))


def test_records_are_refused_for_the_same_reasons(run: Run) -> None:
    for dataset in ("events", "orders", "customers", "marketing_spend"):
        here = rejected_reasons(run, dataset)
        there = reasons_of(run.embedded, dataset)
        there.pop("too_large", None)  # no stream takes those
        assert here == there, dataset
        assert here or dataset in ("orders", "marketing_spend"), f"of {dataset} nothing is refused here to compare"


def test_live_metrics_are_traffic_summary_window_by_window(run: Run) -> None:
    gold = live.traffic_like_live(run.table("traffic_summary"))
    assert len(gold) > 100
    assert_frame_equal(live.traffic(run.platform.aws), gold)


def test_live_sessions_are_silver_sessions(run: Run) -> None:
    assert_frame_equal(live.sessions(run.platform.aws), live.sessions_like_live(run.table("sessions")))


def test_live_first_clicks_are_attributed_checkouts(run: Run) -> None:
    found = live.checkouts(run.platform.aws)
    assert found["is_attributed"].any()
    assert not found["is_attributed"].all()
    assert_frame_equal(found, live.checkouts_like_live(run.table("attributed_checkouts")))


def rejected_reasons(run: Run, dataset: str) -> dict[str, int]:
    with run.platform.lake() as lake:
        return reasons_of(lake, dataset)


def reasons_of(lake: Lake, dataset: str) -> dict[str, int]:
    """Rejected records by reason; a dataset without any has no objects."""
    paths = [path for path, _ in list_paths(lake.store, f"rejected/{dataset}")]
    if not paths:
        return {}
    rejected = pl.scan_parquet([lake.address(path) for path in paths], hive_partitioning=False)
    return dict(rejected.group_by("reason").len().sort("reason").collect().iter_rows())
