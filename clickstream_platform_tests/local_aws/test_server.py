"""The emulated AWS: its own process, its own environment, and a Kinesis that behaves as documented."""

import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from clickstream_platform.local_aws.environment import local_environment
from clickstream_platform.local_aws.server import LocalAwsError, start_server
from clickstream_platform_tests.aws import Aws

SERVE_AND_DIE = """
import os
from clickstream_platform.local_aws.server import start_server
server = start_server()
print(server.process.pid, flush=True)
os._exit(9)
"""


def read_shard(aws: Aws, shard_id: str, limit: int = 10_000) -> tuple[list[str], bool]:
    """The data of a shard's records from the beginning, and whether the shard has ended."""
    kinesis = aws.client("kinesis")
    iterator = kinesis.get_shard_iterator(StreamName="s", ShardId=shard_id, ShardIteratorType="TRIM_HORIZON")
    answer = kinesis.get_records(ShardIterator=iterator["ShardIterator"], Limit=limit)
    return [record["Data"].decode() for record in answer["Records"]], "NextShardIterator" not in answer


def test_environment_of_the_user_does_not_reach_the_emulation() -> None:
    base = {"AWS_PROFILE": "work", "AWS_CA_BUNDLE": "/etc/x.pem", "PATH": "/bin", "NO_PROXY": "intranet"}
    given = local_environment("http://127.0.0.1:1", base)
    assert given["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert given["NO_PROXY"] == "intranet,127.0.0.1,localhost"
    assert given["PATH"] == "/bin"
    assert not {"AWS_PROFILE", "AWS_CA_BUNDLE"} & set(given)


def test_port_in_use_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(LocalAwsError, match=rf"127.0.0.1:{port} cannot be had.*in use"):
            start_server(port=port)


def test_server_ends_with_its_starter_however_that_ends() -> None:
    starter = subprocess.run([sys.executable, "-c", SERVE_AND_DIE], capture_output=True, text=True, timeout=60)
    assert starter.returncode == 9
    pid = int(starter.stdout)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("the server outlived its starter")


def test_reset_forgets_everything(aws: Aws) -> None:
    aws.client("s3").create_bucket(Bucket="shop")
    aws.server.reset()
    assert aws.client("s3").list_buckets()["Buckets"] == []


def test_records_put_at_the_same_time_are_all_kept_in_order(aws: Aws) -> None:
    kinesis = aws.client("kinesis")
    kinesis.create_stream(StreamName="s", ShardCount=1)

    def put(writer: int) -> list[str]:
        records = [{"PartitionKey": str(writer), "Data": f"{writer}-{i}".encode()} for i in range(500)]
        return [each["SequenceNumber"] for each in kinesis.put_records(StreamName="s", Records=records)["Records"]]

    with ThreadPoolExecutor(4) as pool:
        numbers = [number for given in pool.map(put, range(4)) for number in given]
    assert len(set(numbers)) == 2000
    assert {len(number) for number in numbers} == {56}
    assert len(read_shard(aws, "shardId-000000000000")[0]) == 2000


def test_split_shard_keeps_its_records_ends_and_gets_no_more(aws: Aws) -> None:
    kinesis = aws.client("kinesis")
    kinesis.create_stream(StreamName="s", ShardCount=1)
    before = kinesis.put_record(StreamName="s", PartitionKey="k", Data=b"before")
    kinesis.split_shard(StreamName="s", ShardToSplit=before["ShardId"], NewStartingHashKey=str(2**127))
    after = kinesis.put_record(StreamName="s", PartitionKey="k", Data=b"after")
    assert read_shard(aws, before["ShardId"]) == (["before"], True)
    assert read_shard(aws, after["ShardId"]) == (["after"], False)
    assert int(after["SequenceNumber"]) > int(before["SequenceNumber"])


def test_one_read_gives_ten_megabytes_at_most(aws: Aws) -> None:
    kinesis = aws.client("kinesis")
    kinesis.create_stream(StreamName="s", ShardCount=1)
    for _ in range(12):
        kinesis.put_record(StreamName="s", PartitionKey="k", Data=b"x" * 1_000_000)
    assert len(read_shard(aws, "shardId-000000000000")[0]) == 10
