"""A replay into an empty platform: its silver and gold become those of the platform that the events came from."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from polars.testing import assert_frame_equal

from clickstream_platform.lake import Lake
from clickstream_platform.schemas import TABLES
from clickstream_platform.simulate import simulate
from clickstream_platform_tests import oracle
from clickstream_platform_tests.e2e.streaming import bare_environment, embedded, run
from clickstream_platform_tests.lambdas.replay.replayed import Replayed
from clickstream_platform_tests.lambdas.stream import BUCKET, Shard

COMPUTED = [name for name, table in TABLES.items() if table.layer != "bronze"]
MASTER = ("customers", "orders", "products", "marketing_spend")
DAYS = {"from": "2024-03-01", "to": "2024-03-03"}
NOT_IN_EVENTS = {"email_hash", "source_id", "source_line"}
"""What bronze has of an event and no event says again; lineage is that of the stream."""


@dataclass(frozen=True)
class Shop:
    """A shop's lake of the command line, and the files it was made of."""

    lake: Lake
    folder: Path


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    out, folder = tmp_path_factory.mktemp("simulated"), tmp_path_factory.mktemp("embedded")
    simulate(out, days=3, events=900, seed=11, dirty_rate=0.03)
    files = sorted(path for path in (out / "landing").rglob("*") if path.is_file())
    return Shop(embedded(folder, files), folder)


def put_lake(replayed: Replayed, shop: Shop) -> None:
    """The shop's bronze events in the platform's bucket."""
    root = Path(shop.lake.uri)
    for path in (root / "bronze" / "events").rglob("*.parquet"):
        replayed.aws.client("s3").put_object(Bucket=BUCKET, Key=str(path.relative_to(root)), Body=path.read_bytes())


def built(replayed: Replayed, shop: Shop, bucket: str, folder: Path) -> Lake:
    """Silver and gold of a bucket's bronze events, with the shop's master data and orders."""
    root, s3 = folder / "lake", replayed.aws.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="bronze/events/")
    contents = {one["Key"]: s3.get_object(Bucket=bucket, Key=one["Key"]) for page in pages for one in page["Contents"]}
    for dataset in MASTER:
        for path in (Path(shop.lake.uri) / "bronze" / dataset).rglob("*.parquet"):
            write(root / path.relative_to(shop.lake.uri), path.read_bytes())
    for key, content in contents.items():
        write(root / key, content["Body"].read())
    environment = {
        **bare_environment(),
        "CLICKSTREAM_LAKE_URI": str(root),
        "DAGSTER_HOME": str(folder / "home"),
    }
    run(environment, folder, "build", "--all")
    return Lake(str(root))


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def same(table: str, lake: Lake, expected: Lake, without: set[str]) -> None:
    columns = [column for column in TABLES[table].columns if column not in without]
    key = oracle.KEYS[table]
    found, wanted = (one.scan(table).sort(key).collect().select(columns) for one in (lake, expected))
    assert_frame_equal(found, wanted)


@pytest.mark.slow
def test_a_replay_to_bronze_rebuilds_identical_silver_and_gold(replayed: Replayed, shop: Shop, tmp_path: Path) -> None:
    replayed.aws.client("s3").create_bucket(Bucket="empty")
    replayed.configure(replay_lake_uri="s3://empty")
    put_lake(replayed, shop)
    told = replayed.done(days=DAYS, target="bronze", include_duplicates=True)
    assert told["state"] == "done" and told["counts"]["processed"] > 500
    lake = built(replayed, shop, "empty", tmp_path)
    for table in COMPUTED:
        same(table, lake, shop.lake, set())


@pytest.mark.slow
def test_a_replay_to_the_stream_rebuilds_the_same_silver_and_gold(
    replayed: Replayed, shop: Shop, tmp_path: Path
) -> None:
    replayed.configure(streams="clickstream-events", replay_lake_uri="")
    put_lake(replayed, shop)
    told = replayed.done(days=DAYS, target="stream")
    assert told["state"] == "done"
    records = on_stream(replayed)
    assert len(records) == told["counts"]["processed"]
    replayed.aws.client("s3").create_bucket(Bucket="empty")
    replayed.stream.configure(lake_uri="s3://empty")
    replayed.stream.deliver(Shard().records(records))
    lake = built(replayed, shop, "empty", tmp_path)
    assert lake.days("events") == [date(2024, 3, day) for day in (1, 2, 3)]
    for table in COMPUTED:
        same(table, lake, shop.lake, NOT_IN_EVENTS)


def on_stream(replayed: Replayed) -> list[bytes]:
    kinesis: Any = replayed.aws.client("kinesis")
    records: list[bytes] = []
    for shard in kinesis.list_shards(StreamName="clickstream-events")["Shards"]:
        iterator = kinesis.get_shard_iterator(
            StreamName="clickstream-events", ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while found := (answer := kinesis.get_records(ShardIterator=iterator))["Records"]:
            records += [record["Data"] for record in found]
            iterator = answer["NextShardIterator"]
    return records
