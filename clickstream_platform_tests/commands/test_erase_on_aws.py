"""`clickstream erase` of a platform on S3 and DynamoDB: live tables and old versions of objects, too."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clickstream_platform.lambdas.environment import LambdaSettings
from clickstream_platform.lambdas.file_ingest.taking import FileIngest
from clickstream_platform.realtime.dynamodb import Dynamo
from clickstream_platform.realtime.erased import ErasedEntities
from clickstream_platform.realtime.kinesis import read_batches
from clickstream_platform.realtime.tables import LIVE_TABLES
from clickstream_platform_tests.aws import Aws
from clickstream_platform_tests.commands.shops import KEY, Shop
from clickstream_platform_tests.commands.traces import (
    BROWSER,
    CORE,
    DAYS,
    OTHER,
    USER,
    as_lines,
    deliveries,
    events,
    shop_files,
    traces,
)
from clickstream_platform_tests.lambdas.stream import BUCKET, Shard, created, processor, rows_of

pytestmark = pytest.mark.slow
WHO = ["--entity", USER, "--linked"]


@pytest.fixture
def shop(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Files and streams came in, tables were built; the bucket keeps versions of everything."""
    created(aws)
    s3 = aws.client("s3")
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    shop = Shop(tmp_path, f"s3://{BUCKET}").use(monkeypatch)
    files = FileIngest(LambdaSettings(lake_uri=shop.lake.uri, pii_key=KEY))
    for name, data in shop_files().items():
        s3.put_object(Bucket=BUCKET, Key=f"landing/{name}", Body=data)
        assert files.take(f"landing/{name}", "test") is not None
    stream(DAYS[0], 2000)
    for name, data in deliveries().items():
        year, month, day, rest = name.split("/", 3)
        s3.put_object(Bucket=BUCKET, Key=f"raw/year={year}/month={month}/day={day}/{rest}", Body=data)
    shop.build()
    for entity in (USER, BROWSER, OTHER):
        item = {"entity_id": entity, "replay_id": "r1", "events": 3}
        assert Dynamo("clickstream-", patience=5).put_many("replayed-entities", [item]) == []
    return shop


def stream(day: str, start: int) -> None:
    records = Shard(first=start * 10**50).records(as_lines(events(day, start)).splitlines())
    for batch in read_batches({"Records": records}):
        assert processor(pii_key=KEY).process(batch, "test") is None


def objects(aws: Aws) -> Iterator[tuple[str, bytes]]:
    """Every version of every object."""
    s3 = aws.client("s3")
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=BUCKET):
        for one in page.get("Versions", ()):
            got = s3.get_object(Bucket=BUCKET, Key=one["Key"], VersionId=one["VersionId"])
            yield one["Key"], got["Body"].read()


def live(aws: Aws, who: str) -> dict[str, int]:
    """Live tables with items that name somebody."""
    rows: dict[str, list[dict[str, Any]]] = {table.name: rows_of(aws, table.name) for table in LIVE_TABLES}
    found = {name: sum(who in repr(item).lower() for item in items) for name, items in rows.items()}
    return {name: count for name, count in found.items() if count}


def tags(aws: Aws) -> dict[str, str]:
    s3 = aws.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
    return {one["Key"]: one["ETag"] + one["LastModified"].isoformat() for page in pages for one in page["Contents"]}


def test_nothing_is_left_in_any_version_of_any_object_nor_in_live_tables(shop: Shop, aws: Aws) -> None:
    held, before, others = set(traces(objects(aws))), tags(aws), live(aws, OTHER)
    assert {name.split("/")[0] for name in held} >= {
        "raw",
        "landing",
        "bronze",
        "rejected",
        "silver",
        "gold",
        "_staging",
    }
    assert set(live(aws, CORE)) == {"sessions", "event-index", "attributed-checkouts", "replayed-entities"}
    result = shop.run("erase", *WHO)
    assert result.exit_code == 0, (result.output, result.exception)
    assert "live 4" in result.stdout
    assert traces(objects(aws)) == []
    assert live(aws, CORE) == {}
    assert live(aws, OTHER) == others
    after = tags(aws)
    kept = {
        name: tag for name, tag in before.items() if name not in held and name.startswith(("raw", "bronze", "rejected"))
    }
    assert kept and {name: after[name] for name in kept} == kept
    assert ErasedEntities(Dynamo("clickstream-", patience=5), KEY.encode()).erased_of([USER, BROWSER, OTHER]) == {
        USER,
        BROWSER,
    }


def test_somebody_in_live_tables_alone_is_erased_unless_these_are_left_out(shop: Shop, aws: Aws) -> None:
    Dynamo("clickstream-", patience=5).put_many("sessions", [{"entity_id": "live only", "parts": []}])
    left_out = shop.run("erase", "--entity", "live only", "--no-live")
    assert left_out.exit_code != 0 and "nothing is held" in str(left_out.exception)
    before = tags(aws)
    assert shop.run("erase", "--entity", "live only").exit_code == 0
    assert live(aws, "live only") == {}
    assert {name: tag for name, tag in tags(aws).items() if not name.startswith("_audit")} == before


def test_a_batch_that_comes_after_the_erasure_is_new_data_that_can_be_erased(shop: Shop, aws: Aws) -> None:
    assert shop.run("erase", *WHO).exit_code == 0
    stream(DAYS[1], 3000)
    assert traces(objects(aws)) != [] and live(aws, CORE) != {}
    assert shop.run("erase", *WHO).exit_code == 0
    assert traces(objects(aws)) == [] and live(aws, CORE) == {}


def test_a_platform_without_live_tables(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="plain")
    s3.put_object(
        Bucket="plain", Key="lake/raw/year=2024/month=03/day=01/a.gz", Body=gzip.compress(as_lines(events(DAYS[0], 0)))
    )
    shop = Shop(tmp_path, "s3://plain/lake").use(monkeypatch)
    wanted = shop.run("erase", *WHO, "--live")
    assert wanted.exit_code != 0 and "set CLICKSTREAM_TABLE_PREFIX" in str(wanted.exception)
    result = shop.run("erase", "--entity", USER, "--entity", BROWSER)
    assert result.exit_code == 0, result.output
    assert "There are no live tables" in result.stderr
    body = s3.get_object(Bucket="plain", Key="lake/raw/year=2024/month=03/day=01/a.gz")["Body"].read()
    assert gzip.decompress(body).count(b"\n") == len(events(DAYS[0], 0, everyone=False))
