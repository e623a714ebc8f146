"""Clicks and checkouts on streams of their own: shards of both have the same names, and their numbers say nothing."""

from clickstream_platform.realtime.kinesis import read_batches
from clickstream_platform_tests.aws import Aws
from clickstream_platform_tests.lambdas.stream import Shard, created, event, processor, rows_of

CLICK = event(event_id="click", event_name="click", event_time="2024-03-01T09:40:00Z")
VIEW = event(event_id="view", event_time="2024-03-01T09:50:00Z")
PURCHASE = event(
    event_id="purchase", event_name="purchase", event_time="2024-03-01T10:00:00Z", value=20.0, order_id="o1"
)


def take(payload: bytes, *, stream: str, sequence: int, arrived_at: float = 1_800_000_000.0) -> None:
    records = Shard(first=sequence).records([payload], arrived_at)
    for record in records:
        record["eventSourceARN"] = f"arn:aws:kinesis:us-east-1:123456789012:stream/{stream}"
    (batch,) = read_batches({"Records": records})
    assert processor().process(batch, "test") is None


def test_shards_of_the_same_name_count_apart(aws: Aws) -> None:
    created(aws)
    take(PURCHASE, stream="checkouts", sequence=900)
    take(VIEW, stream="clicks", sequence=100)
    assert sum(counter["events"] for counter in rows_of(aws, "metrics")) == 2
    (entity,) = rows_of(aws, "sessions")
    assert entity["session"]["events"] == 2


def test_a_late_click_of_a_lower_number_is_credited(aws: Aws) -> None:
    created(aws)
    take(PURCHASE, stream="checkouts", sequence=900)
    assert [row["is_attributed"] for row in rows_of(aws, "attributed-checkouts")] == [False]
    take(CLICK, stream="clicks", sequence=100)
    (row,) = rows_of(aws, "attributed-checkouts")
    assert (row["click_id"], row["order_id"], row["revenue_cents"]) == ("click", "o1", 2000)


def test_a_final_row_stays_as_it_is(aws: Aws) -> None:
    created(aws)
    take(PURCHASE, stream="checkouts", sequence=900)
    (before,) = rows_of(aws, "attributed-checkouts")
    take(CLICK, stream="clicks", sequence=100, arrived_at=before["final_at"] + 1.0)
    assert rows_of(aws, "attributed-checkouts") == [before]


def test_an_earlier_click_takes_the_place_of_a_later_one_and_not_the_other_way(aws: Aws) -> None:
    created(aws)
    earlier = event(event_id="earlier", event_name="click", event_time="2024-03-01T09:10:00Z")
    take(CLICK, stream="clicks", sequence=1)
    take(PURCHASE, stream="checkouts", sequence=1)
    take(earlier, stream="clicks", sequence=2)
    take(event(event_id="later", event_name="click", event_time="2024-03-01T09:55:00Z"), stream="clicks", sequence=3)
    (row,) = rows_of(aws, "attributed-checkouts")
    assert row["click_id"] == "earlier"
