"""The stream processor over a simulated shop: live state says what the shop itself knows."""

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from clickstream_platform.realtime.kinesis import read_batches
from clickstream_platform.simulate import simulate
from clickstream_platform_tests.aws import Aws
from clickstream_platform_tests.lambdas import live
from clickstream_platform_tests.lambdas.stream import Shard, created, cut, lines_of, processor


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("shop")
    simulate(out, days=3, shoppers=700, seed=5, dirty_rate=0.03)
    return out


def truth(shop: Path, table: str) -> pl.DataFrame:
    return pl.read_parquet(shop / "truth" / f"{table}.parquet")


@pytest.mark.slow
def test_live_state_is_what_the_shop_knows(aws: Aws, shop: Path) -> None:
    created(aws)
    stream = processor()
    for invocation in cut(Shard().records(lines_of(shop)), 500):
        (batch,) = read_batches(invocation)
        assert stream.process(batch, "test") is None
    assert not live.checkouts(aws).filter("is_attributed").is_empty()
    assert_frame_equal(live.traffic(aws), live.traffic_like_live(truth(shop, "traffic_summary")))
    assert_frame_equal(live.sessions(aws), live.sessions_like_live(truth(shop, "sessions")))
    assert_frame_equal(live.checkouts(aws), live.checkouts_like_live(truth(shop, "attributed_checkouts")))
