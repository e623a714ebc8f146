"""The cost model's arithmetic, beside a calculation by hand."""

import math
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from clickstream_platform_tests.infra.templates import ROOT
from infra.cost_assumptions import cells
from infra.cost_model import TRAFFIC, ours, shards, table, usual
from infra.prices import PRICES
from infra.settings import read_settings

PROD = read_settings("prod")


def test_a_thousand_events_a_minute_by_hand() -> None:
    events = 43_800_000  # 730 hours of 60 minutes
    batches = 525_600  # two shards, a window of ten seconds: 12 a minute
    found = ours(1_000, PROD)
    # Six shards (three streams of two) for 730 hours at 0.015, and a put each at 0.014 a million.
    assert found["Kinesis"] == pytest.approx(65.70 + 0.6132)
    # 5 KB a record: 219 GB at 0.029.
    assert found["Firehose"] == pytest.approx(6.351)
    # 0.15 s a batch and 3 ms an event: 210,240 GB-seconds; and 0.20 a million invocations.
    assert found["Lambda"] == pytest.approx(210_240 * 0.0000133334 + 0.10512)
    # One entry an event; four units for each of 0.9 entities; a fiftieth is a checkout; 49.94 counters a batch of 83.3.
    writes = events * (1 + 0.9 * 4 + 0.02) + batches * 49.94
    reads = events * (0.9 + 0.02)
    stored = 12.967 * (0.25 + 0.20)
    assert found["Live tables (DynamoDB)"] == pytest.approx(writes * 0.625e-6 + reads * 0.125e-6 + stored, rel=1e-4)
    # 1.2 requests an object, and a look every five seconds.
    assert found["SQS"] == pytest.approx((630_720 + 525_600) * 0.4e-6)
    # Two webservers, daemon and code location of half a core, a run of two; 13 GB.
    assert found["Fargate"] == pytest.approx(730 * (4 * 0.03238 + 13 * 0.00356))
    assert found["RDS"] == pytest.approx(2 * (730 * 0.168 + 100 * 0.115))
    # Two NAT gateways and 20 GB; five endpoints in two zones; the load balancer with one unit; four addresses.
    assert found["Network"] == pytest.approx(65.7 + 0.9 + 73 + 16.425 + 5.84 + 14.6)


def test_the_usual_design_by_hand() -> None:
    found = usual(1_000)
    assert found["Kinesis"] == pytest.approx(2 * 730 * 0.015 + 0.6132)
    assert found["Firehose"] == pytest.approx(219 * (0.029 + 0.018))
    # A crawl an hour, two DPU, ten minutes at least.
    assert found["Glue crawler"] == pytest.approx(730 * 2 / 6 * 0.44)
    # Two jobs an hour, two DPU, three minutes of start; then 15,000 events a second and DPU, twice.
    assert found["Glue Spark"] == pytest.approx((730 * 2 * 2 * 0.05 + 2 * 43_800_000 / 15_000 / 3_600) * 0.44)


def test_more_traffic_never_costs_less() -> None:
    for cost in (lambda rate: ours(rate, PROD), usual):
        found = [sum(cost(rate).values()) for rate in TRAFFIC]
        assert all(less < more for less, more in pairwise(found))


def test_a_million_events_get_cheaper_with_traffic() -> None:
    found = [sum(ours(rate, PROD).values()) / rate for rate in TRAFFIC]
    assert all(less > more for less, more in pairwise(found))


def test_shards_are_those_of_the_busiest_minutes() -> None:
    assert shards(100, 2) == 2
    # 5,000 a second at the peak; a batch of 1,000 takes 3.15 s, so a shard gets through 317 a second.
    assert shards(100_000) == math.ceil(5_000 / (1_000 / 3.15)) == 16


def test_counters_are_those_that_were_counted() -> None:
    assert [cells(events) for events in (1, 8, 100, 1_000)] == pytest.approx([1, 7.4, 58, 193])
    assert cells(0.5) == 0.5
    assert 7.4 < cells(20) < 18.6


def test_every_price_says_what_for_and_where_it_is_from() -> None:
    for price in PRICES.values():
        assert price.usd > 0
        assert price.unit
        assert price.page.endswith("/pricing/")


def test_an_instance_without_a_price_is_named() -> None:
    other = msgspec.structs.replace(PROD, database_instance="r8g.large")
    with pytest.raises(LookupError, match=r"r8g\.large"):
        ours(100, other)


def test_the_command_prints_the_table_that_the_readme_has() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "infra.cost_model"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == table()
    assert table() in Path(ROOT, "infra", "README.md").read_text()
