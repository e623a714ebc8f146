"""Whatever fails and is killed on the way: in the end every event is there, none counted twice, sessions right."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from clickstream_platform.ingest import IngestOptions, ingest_sources
from clickstream_platform.lake import Lake
from clickstream_platform.local_aws.environment import local_environment
from clickstream_platform.local_aws.server import LocalServer
from clickstream_platform_tests import oracle
from clickstream_platform_tests.aws import Aws
from clickstream_platform_tests.lambdas import live
from clickstream_platform_tests.lambdas.faults import Faults, FaultyProxy, ForkingFunction
from clickstream_platform_tests.lambdas.stream import BUCKET, Shard, created, event, rows_of

SEEDS = 200
_START = datetime(2024, 3, 1, 21, tzinfo=UTC)
_NAMES = ["page_view", "view_item", "add_to_cart", "click", "purchase", "purchase", "refund"]
_CONSENTS = [None, {"analytics": "granted"}, {"ads": "denied"}, None, {"analytics": "denied"}, {"ads": "granted"}]
_BOT = "Googlebot/2.1 (+http://www.google.com/bot.html)"


def payloads(entity: int, draw: random.Random) -> list[bytes]:
    """What one entity sends: out of order, some late by hours, some twice, some broken, over midnight."""
    sent: list[bytes] = []
    moment = _START
    for number in range(draw.randint(4, 9)):
        moment += timedelta(minutes=draw.choice([1, 3, 8, 29, 30, 31, 55]))
        said = moment - timedelta(minutes=draw.choice([0, 0, 0, 0, 12, 45, 170, 200]))
        name = draw.choice(_NAMES)
        money = {"value": draw.randint(1, 9999) / 100, "order_id": f"o{number}"} if name == "purchase" else {}
        address = draw.choice(["/", "/?utm_source=google&utm_medium=cpc", "/?utm_source=news&utm_medium=email"])
        one = event(
            event_id=f"{entity}-{number}",
            event_name=name,
            event_time=said.isoformat(),
            anonymous_id=f"entity{entity}",
            url=f"https://shop.example{address}",
            **money,
            consent=_CONSENTS[(entity + number) % len(_CONSENTS)],
            **({"user_agent": _BOT} if entity == 0 and number % 2 else {}),
        )
        sent += [one] * draw.choice([1, 1, 1, 2])
        if draw.random() < 0.1:
            sent.append(b'{"event_id": "broken"')
    return sent


SHARDS = {
    name: [record for entity in entities for record in payloads(entity, random.Random(entity))]
    for name, entities in {"shardId-000000000000": (0, 1, 2), "shardId-000000000001": (3, 4)}.items()
}
"""The records of each shard. Entities of one shard are sent in turns by `mixed`."""


def mixed(records: list[bytes]) -> list[bytes]:
    return random.Random(7).sample(records, len(records))


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    """Plain SQL over what the command line makes of the same records."""
    folder: Path = tmp_path_factory.mktemp("expected")
    file = folder / "events.jsonl"
    file.write_bytes(b"".join(record + b"\n" for records in SHARDS.values() for record in records))
    ingest_sources([file], IngestOptions(lake_uri=str(folder / "lake")), processes=1)
    con = duckdb.connect()
    oracle.views(con, f"{Lake(str(folder / 'lake')).uri}/bronze", materialize=True)
    return {
        "traffic": live.traffic_like_live(oracle.rows(con, "traffic_summary")),
        "sessions": live.sessions_like_live(oracle.rows(con, "sessions")),
        "checkouts": live.checkouts_like_live(oracle.rows(con, "attributed_checkouts")),
        "ids": con.sql("select distinct event_id from events order by 1").pl(),
    }


@pytest.fixture(scope="module")
def faulty(aws_server: LocalServer) -> Iterator[tuple[FaultyProxy, ForkingFunction]]:
    """A function whose every call goes through a proxy."""
    with FaultyProxy(aws_server.endpoint, lambda: None) as proxy:
        settings = {"CLICKSTREAM_LAKE_URI": f"s3://{BUCKET}", "CLICKSTREAM_STORAGE_TIMEOUT_SECONDS": "0.2"}
        function = ForkingFunction(local_environment(proxy.endpoint, settings))
        proxy.on_kill = function.kill
        yield proxy, function
        function.stop()


def deliver(function: ForkingFunction, records: list[dict[str, Any]], draw: random.Random) -> None:
    """Give a shard's records as Lambda does, in batches of any size, now and then one batch twice at once."""
    place = 0
    while place < len(records):
        batch = records[place : place + draw.choice([1, 5, 20, 60])]
        copies = draw.choice([1, 1, 1, 2])
        function.start(*[{"Records": batch}] * copies)
        answers = function.results()
        reached = [place + _done(batch, answer) for answer in answers]
        place = min(reached)


def _done(batch: list[dict[str, Any]], answer: Any) -> int:
    """How many records from the first on an answer has done."""
    if answer is None:
        return 0
    failures = answer["batchItemFailures"]
    sequences = [record["kinesis"]["sequenceNumber"] for record in batch]
    return sequences.index(failures[0]["itemIdentifier"]) if failures else len(batch)


def run(aws: Aws, proxy: FaultyProxy, function: ForkingFunction, seed: int) -> None:
    created(aws)
    draw = random.Random(seed)
    faults = Faults(seed, most=25)
    proxy.decide = faults
    for name, sent in SHARDS.items():
        deliver(function, Shard(name).records(mixed(sent)), draw)
    proxy.decide = lambda: None
    assert faults.count > 5


def check(aws: Aws, expected: dict[str, pl.DataFrame]) -> None:
    bronze = Lake(f"s3://{BUCKET}").scan("events").collect()
    assert_frame_equal(bronze.select("event_id").unique().sort("event_id"), expected["ids"])
    assert len(rows_of(aws, "event-index")) == len(expected["ids"])
    assert_frame_equal(live.traffic(aws), expected["traffic"])
    assert_frame_equal(live.sessions(aws), expected["sessions"])
    assert_frame_equal(live.checkouts(aws), expected["checkouts"])
    rejected = aws.client("s3").list_objects_v2(Bucket=BUCKET, Prefix="rejected/events/")
    assert rejected["KeyCount"] > 0


@pytest.mark.parametrize("seed", range(2))
def test_failures_and_kills_lose_nothing_and_count_nothing_twice(
    aws: Aws, faulty: tuple[FaultyProxy, ForkingFunction], expected: dict[str, pl.DataFrame], seed: int
) -> None:
    run(aws, *faulty, seed)
    check(aws, expected)


@pytest.mark.slow
@pytest.mark.parametrize("tens", range(SEEDS // 10))
def test_the_same_over_many_seeds(
    aws: Aws, faulty: tuple[FaultyProxy, ForkingFunction], expected: dict[str, pl.DataFrame], tens: int
) -> None:
    for seed in range(10 * tens + 2, 10 * tens + 12):
        aws.server.reset()
        run(aws, *faulty, seed)
        check(aws, expected)
