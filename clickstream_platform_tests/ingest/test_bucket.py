"""A lake in a bucket behaves as one in a folder."""

import io

import boto3
import pyarrow.parquet as pq
import pytest

from clickstream_platform.ingest import IngestError, IngestOptions, ingest_sources
from clickstream_platform_tests.aws import Aws
from clickstream_platform_tests.ingest.harness import Lake, events, jsonl


@pytest.fixture
def bucket(aws: Aws) -> object:
    """A bucket named `shop` on the emulation."""
    return boto3.resource("s3").create_bucket(Bucket="shop")


def test_bronze_rejected_message_and_ledger_reach_the_bucket(lake: Lake, bucket: object) -> None:
    path = lake.file(jsonl(*events(5), b"bad"))
    options = IngestOptions(lake_uri="s3://shop/lake")
    report = ingest_sources([path], options, processes=1).sources[0]
    assert (report.status, report.accepted, report.rejected) == ("new", 5, {"malformed_json": 1})
    keys = {one.key: one for one in bucket.objects.all()}  # type: ignore[attr-defined]
    assert set(keys) == {
        f"lake/{report.objects[0]}",
        f"lake/rejected/events/{report.source_id}.parquet",
        f"lake/_queue/{report.source_id}.json",
        f"lake/_ledger/events/{report.source_id}.json",
    }
    body = keys[f"lake/{report.objects[0]}"].get()["Body"].read()
    assert pq.read_table(io.BytesIO(body)).num_rows == 5

    assert ingest_sources([path], options, processes=1).sources[0].status == "already_ingested"
    again = IngestOptions(lake_uri="s3://shop/lake", again=True, records_per_object=2)
    assert ingest_sources([path], again, processes=1).sources[0].status == "new"
    assert {one.key for one in bucket.objects.all()} == set(keys)  # type: ignore[attr-defined]


def test_a_bucket_that_is_not_there_is_explained(lake: Lake, bucket: object) -> None:
    with pytest.raises(IngestError, match=r"cannot use s3://other/lake/.*Check the bucket's name"):
        ingest_sources([lake.file(jsonl(*events(1)))], IngestOptions(lake_uri="s3://other/lake"), processes=1)
