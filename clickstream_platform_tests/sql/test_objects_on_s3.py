"""The same over S3: a moto server on loopback."""

from pathlib import Path

import pytest

from clickstream_platform.sql import LakeSession, SqlError
from clickstream_platform_tests.aws import Aws
from clickstream_platform_tests.sql.lakes import write_lake
from clickstream_platform_tests.sql.test_session import files_read, rows


@pytest.fixture
def s3_lake(tmp_path: Path, aws: Aws) -> str:
    client = aws.client("s3")
    client.create_bucket(Bucket="shop")
    root = write_lake(tmp_path, days=3)
    for path in root.rglob("*.parquet"):
        client.upload_file(str(path), "shop", f"lake/{path.relative_to(root)}")
    client.put_object(Bucket="shop", Key="lake/raw/original.jsonl", Body=b"secret")
    return "s3://shop/lake"


@pytest.mark.slow
def test_lake_on_s3_is_queried_pruned_and_confined(s3_lake: str) -> None:
    session = LakeSession(s3_lake)
    assert rows(session, "SELECT count(*) FROM daily_sales_summary") == [(30,)]
    query = "SELECT count(*) FROM events_clean WHERE event_date = '2024-03-02'"
    assert rows(session, query) == [(1,)]
    assert files_read(session, query) == [1]
    with pytest.raises(SqlError, match="Permission"):
        rows(session, f"FROM read_text('{s3_lake}/raw/original.jsonl')")
