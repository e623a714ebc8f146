"""Raw objects of a bucket are read like those of a folder."""

import gzip
from datetime import UTC, datetime

import pytest

from clickstream_platform.ingest import IngestOptions, ingest_raw
from clickstream_platform_tests.aws import Aws
from clickstream_platform_tests.ingest.harness import events, jsonl


@pytest.mark.slow
def test_raw_objects_of_a_bucket_are_rebuilt_in_several_processes(aws: Aws) -> None:
    s3, today = aws.client("s3"), datetime.now(UTC).date()
    s3.create_bucket(Bucket="shop-lake")
    for number, country in enumerate(("DE", "FR", "US")):
        key = f"lake/raw/year={today:%Y}/month={today:%m}/day={today:%d}/0{number}/events-1.gz"
        s3.put_object(Bucket="shop-lake", Key=key, Body=gzip.compress(jsonl(*events(2000, country=country), b"bad")))
    options = IngestOptions(lake_uri="s3://shop-lake/lake")

    def keys(prefix: str) -> list[str]:
        found = s3.list_objects_v2(Bucket="shop-lake", Prefix=f"lake/{prefix}")
        return [one["Key"] for one in found.get("Contents", [])]

    read: list[int] = []
    first = ingest_raw([today], options, processes=2, on_progress=lambda name, count: read.append(count))
    bronze, rejected = keys("bronze/events/"), keys("rejected/events/")
    second = ingest_raw([today], options, processes=1)

    assert (first.accepted, first.rejected) == (6000, {"malformed_json": 3})
    assert sum(read) == sum(source.bytes_read for source in first.sources)
    assert (second.accepted, keys("bronze/events/"), keys("rejected/events/")) == (6000, bronze, rejected)
    assert ingest_raw([today], options, processes=1, again=False).accepted == 0
    assert len(rejected) == 3
