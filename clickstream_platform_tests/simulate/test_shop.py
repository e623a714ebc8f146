"""What goes on in the shop: everything that the platform must cope with happens, and happens often enough."""

import polars as pl
import pytest

from clickstream_platform.contract.channels import CHANNELS
from clickstream_platform.simulate import simulate
from clickstream_platform_tests.simulate.conftest import Shop


def one(shop: Shop, query: str) -> int:
    [(value,)] = shop.ask(query)
    return int(value)


def test_sessions_begin_for_every_reason(busy_shop: Shop) -> None:
    reasons = busy_shop.truth("sessions")["start_reason"].value_counts(sort=True)

    assert reasons["start_reason"].to_list() == ["first_event", "timeout", "max_duration"]


def test_some_sessions_go_on_over_midnight(busy_shop: Shop) -> None:
    over = busy_shop.truth("sessions").filter(pl.col("ended_at").dt.date() > pl.col("session_date"))

    assert len(over.filter(pl.col("start_reason") != "max_duration")) >= 3


def test_some_gaps_within_a_session_are_exactly_the_timeout(busy_shop: Shop) -> None:
    gaps = """
        SELECT event_time - lag(event_time) OVER (PARTITION BY entity_id ORDER BY event_time, event_id) AS gap
        FROM events_clean WHERE NOT is_bot
    """
    assert one(busy_shop, f"SELECT count(*) FROM ({gaps}) WHERE gap = INTERVAL 30 MINUTES") >= 1
    assert one(busy_shop, f"SELECT count(*) FROM ({gaps}) WHERE gap = INTERVAL 0 MINUTES") >= 1


def test_checkouts_lie_within_at_and_beyond_the_attribution_window(busy_shop: Shop) -> None:
    checkouts = busy_shop.truth("attributed_checkouts")

    assert checkouts["is_attributed"].sum() >= 10
    assert (~checkouts["is_attributed"]).sum() >= 10
    assert (checkouts["seconds_from_click"] == 3600).sum() >= 1


def test_every_channel_brings_visitors(busy_shop: Shop) -> None:
    channels = set(busy_shop.truth("sessions")["channel"])

    assert channels == set(CHANNELS)


def test_customers_come_back_buy_again_and_get_refunds(busy_shop: Shop) -> None:
    lifetimes, products = busy_shop.truth("customer_lifetime_value"), busy_shop.truth("product_performance")
    visits = busy_shop.truth("sessions").group_by("entity_id").len()

    assert (visits["len"] > 1).sum() > 20
    assert (lifetimes["total_orders"] > 1).sum() >= 1
    assert products["refunds"].sum() >= 1
    assert one(busy_shop, "SELECT count(*) FROM events_clean WHERE event_name = 'refund' AND revenue < 0") >= 1


def test_crawlers_come_and_nothing_of_them_is_in_gold(busy_shop: Shop) -> None:
    bots = one(busy_shop, "SELECT count(*) FROM events_clean WHERE is_bot")

    assert bots == busy_shop.counts["events"]["total"]["bots"] > 20
    people = one(busy_shop, "SELECT count(*) FROM events_clean WHERE NOT is_bot")
    assert busy_shop.truth("traffic_summary")["events"].sum() == people


def test_some_events_come_days_late(busy_shop: Shop) -> None:
    newest = "SELECT source_id, max(event_date) AS day FROM events GROUP BY ALL"
    first = f"""
        SELECT event_id, event_date, min(day) AS arrived
        FROM events JOIN ({newest}) USING (source_id)
        SEMI JOIN events_clean USING (event_id)
        GROUP BY ALL
    """
    late = busy_shop.ask(f"SELECT arrived - event_date AS days, count(*) FROM ({first}) WHERE days > 0 GROUP BY ALL")

    assert {days for days, _ in late} == {1, 2, 3}
    assert sum(count for _, count in late) == busy_shop.counts["events"]["total"]["late"] > 10


def test_some_orders_wait_for_their_customer_and_product(busy_shop: Shop) -> None:
    for dataset, key in (("customers", "customer_id"), ("products", "product_id")):
        first = f"SELECT {key}, min(source_time) AS known FROM {dataset} GROUP BY ALL"
        waits = f"SELECT count(*) FROM orders JOIN ({first}) USING ({key}) WHERE source_time < known"
        assert one(busy_shop, waits) >= 1, dataset


def test_orders_customers_and_products_change_afterwards(busy_shop: Shop) -> None:
    for query in (
        "SELECT order_id, product_id FROM orders GROUP BY ALL HAVING count(DISTINCT status) > 1",
        "SELECT customer_id FROM customers GROUP BY ALL HAVING count(DISTINCT updated_at) > 1",
        "SELECT product_id FROM products GROUP BY ALL HAVING count(DISTINCT name) > 1",
    ):
        assert one(busy_shop, f"SELECT count(*) FROM ({query})") >= 1, query


def test_duplicates_are_copies_and_second_receipts(busy_shop: Shop) -> None:
    receipts = "count(DISTINCT coalesce(received_at, event_time)) AS receipts"
    twice = f"SELECT {receipts} FROM events GROUP BY event_id HAVING count(*) > 1"

    assert one(busy_shop, f"SELECT count(*) FROM ({twice}) WHERE receipts = 1") >= 1
    assert one(busy_shop, f"SELECT count(*) FROM ({twice}) WHERE receipts > 1") >= 1


def test_personal_data_is_in_the_files_and_not_in_bronze(busy_shop: Shop) -> None:
    files = b"".join(path.read_bytes() for path in (busy_shop.out / "landing" / "events").glob("*.jsonl"))

    assert b'"email":"' in files
    assert b'"ip":"' in files
    assert b"&email=" in files
    assert one(busy_shop, "SELECT count(*) FROM events AS e WHERE e::VARCHAR LIKE '%@example.%'") == 0


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    out = tmp_path_factory.mktemp("month") / "out"
    simulate(out, 14, 2_000, 1, 0.0)
    return pl.read_parquet(out / "truth" / "sessions.parquet")


def test_traffic_follows_the_hours_of_the_day(month: pl.DataFrame) -> None:
    by_hour = dict(month.group_by(pl.col("started_at").dt.hour()).len().iter_rows())

    assert min(by_hour[hour] for hour in (18, 19, 20)) > 1.5 * max(by_hour[hour] for hour in (7, 8, 9))


def test_traffic_follows_the_days_of_the_week(month: pl.DataFrame) -> None:
    by_weekday = dict(month.group_by(pl.col("session_date").dt.weekday()).len().iter_rows())

    assert by_weekday[6] > 1.05 * by_weekday[2]
