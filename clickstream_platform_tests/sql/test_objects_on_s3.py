"""The same over S3: a moto server on loopback."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from clickstream_platform.sql import LakeSession, SqlError
from clickstream_platform_tests.sql.lakes import write_lake
from clickstream_platform_tests.sql.test_session import files_read, rows


@pytest.fixture
def s3_lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean_environment: None) -> Iterator[str]:
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
    }.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    client.create_bucket(Bucket="shop")
    root = write_lake(tmp_path, days=3)
    for path in root.rglob("*.parquet"):
        client.upload_file(str(path), "shop", f"lake/{path.relative_to(root)}")
    client.put_object(Bucket="shop", Key="lake/raw/original.jsonl", Body=b"secret")
    yield "s3://shop/lake"
    server.stop()


@pytest.mark.slow
def test_lake_on_s3_is_queried_pruned_and_confined(s3_lake: str) -> None:
    session = LakeSession(s3_lake)
    assert rows(session, "SELECT count(*) FROM daily_sales_summary") == [(30,)]
    query = "SELECT count(*) FROM events_clean WHERE event_date = '2024-03-02'"
    assert rows(session, query) == [(1,)]
    assert files_read(session, query) == [1]
    with pytest.raises(SqlError, match="Permission"):
        rows(session, f"FROM read_text('{s3_lake}/raw/original.jsonl')")
