"""Consent in replays: an event says the same again, sums leave out who denies, and old objects say nothing."""

from pathlib import PurePath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clickstream_platform_tests.lambdas.replay.replayed import Replayed
from clickstream_platform_tests.lambdas.stream import BUCKET, Shard, event, rows_of

DAY = {"from": "2024-03-01", "to": "2024-03-01"}
DENIED = {"analytics": "denied", "ads": "denied"}


@pytest.fixture
def shop(replayed: Replayed) -> Replayed:
    """One who was not asked and one who denies."""
    replayed.stream.deliver(
        Shard().records(
            [event(event_id="a1", anonymous_id="ann"), event(event_id="b1", anonymous_id="bob", consent=DENIED)]
        )
    )
    return replayed


def added_up(shop: Replayed, **request: Any) -> set[str]:
    told = shop.done(days=DAY, **request)
    assert (told["state"], told["counts"]["processed"], told["counts"]["failed"]) == ("done", 2, 0)
    return {one["entity_id"] for one in rows_of(shop.aws, "replayed-entities") if one["replay_id"] == told["replay_id"]}


@pytest.mark.parametrize(("default", "persons"), [("granted", {"ann"}), ("denied", set())])
def test_what_somebody_did_is_added_up_where_they_allow_it(shop: Replayed, default: str, persons: set[str]) -> None:
    shop.configure(consent_default=default)
    assert added_up(shop) == persons


def _as_written_before(shop: Replayed) -> None:
    """Take the columns of consent out of the objects, as they were before there was consent."""
    s3 = shop.aws.client("s3")
    for key in shop.stream.objects("bronze/events/"):
        table = pq.read_table(pa.BufferReader(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()))
        sink = pa.BufferOutputStream()
        pq.write_table(table.drop_columns(["analytics_consent", "ads_consent"]), sink)
        s3.put_object(Bucket=BUCKET, Key=key, Body=sink.getvalue().to_pybytes())


def test_objects_from_before_there_was_consent_are_replayed_and_say_nothing(shop: Replayed) -> None:
    _as_written_before(shop)
    assert added_up(shop) == {"ann", "bob"}


def test_they_reach_another_lake_with_the_columns_of_today(shop: Replayed) -> None:
    _as_written_before(shop)
    shop.configure(replay_lake_uri=f"s3://{BUCKET}/other")
    assert shop.done(days=DAY, target="bronze")["counts"]["processed"] == 2
    s3 = shop.aws.client("s3")
    (key,) = shop.stream.objects("other/bronze/events/")
    assert PurePath(key).name.startswith("replay-")
    table = pq.read_table(pa.BufferReader(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()))
    assert table.column("ads_consent").to_pylist() == [None, None]
