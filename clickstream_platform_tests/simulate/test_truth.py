"""The simulator's truth against plain SQL over what ingest made of its files."""

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from clickstream_platform.simulate import ShopConfig
from clickstream_platform.simulate.blocks import blocks_of_day
from clickstream_platform.simulate.journey import DAY
from clickstream_platform.simulate.memory import Memory
from clickstream_platform.simulate.truth.book import session_reasons
from clickstream_platform_tests import oracle
from clickstream_platform_tests.simulate.conftest import MakeShop, Shop

TABLES = ("sessions", "marketing_spend_clean", *oracle.GOLD)
SHOPS = {
    "dirty": {},
    "clean": {"seed": 2, "dirty_rate": 0.0},
    "filthy": {"seed": 3, "dirty_rate": 0.3},
    "in small blocks": {"seed": 4, "block": 7},
    "one day": {"seed": 5, "days": 1},
    "one shopper": {"seed": 6, "shoppers": 1, "days": 12},
}


@pytest.fixture(scope="module", params=SHOPS.values(), ids=SHOPS.keys())
def shop(make_shop: MakeShop, request: pytest.FixtureRequest) -> Shop:
    return make_shop(**request.param)


@pytest.mark.parametrize("table", TABLES)
def test_truth_is_what_sql_finds_in_the_files(shop: Shop, table: str) -> None:
    found = oracle.rows(shop.con, table)

    # Averages of two numbers may differ in the last bit between engines; all else is exact.
    assert_frame_equal(found, shop.truth(table), check_exact=False, rel_tol=1e-13, abs_tol=0)


@pytest.mark.parametrize("dataset", ["events", "orders"])
def test_counts_by_day_are_the_rows_of_bronze_and_silver(shop: Shop, dataset: str) -> None:
    date, clean = ("event_date", "events_clean") if dataset == "events" else ("order_date", "orders_validated")
    lost = "duplicates" if dataset == "events" else "superseded"
    days = {day: dict(counts) for day, counts in shop.counts[dataset].get("days", {}).items()}

    def by_day(table: str) -> dict[str, int]:
        return {str(day): rows for day, rows in shop.ask(f"SELECT {date}, count(*) FROM {table} GROUP BY ALL")}

    kept = "clean" if dataset == "events" else "validated"
    assert by_day(dataset) == {day: counts["accepted"] for day, counts in days.items() if "accepted" in counts}
    assert by_day(clean) == {day: counts[kept] for day, counts in days.items() if kept in counts}
    reasons = shop.ask(f"SELECT {date}, reason, count(*) FROM {dataset}_quarantine GROUP BY ALL")
    assert {(str(day), reason): rows for day, reason, rows in reasons} == {
        (day, reason): rows for day, counts in days.items() for reason, rows in counts.get("quarantined", {}).items()
    }
    for counts in days.values():
        refused = sum(counts.get("quarantined", {}).values())
        assert counts["accepted"] == counts.get(kept, 0) + refused + counts.get(lost, 0)


def test_counts_of_spend_by_day_are_the_rows_of_bronze_and_silver(shop: Shop) -> None:
    for day, counts in shop.counts["marketing_spend"]["days"].items():
        found = {
            table: shop.ask(f"SELECT count(*) FROM {table} WHERE spend_date = '{day}'")[0][0]
            for table in ("marketing_spend", "marketing_spend_clean", "marketing_spend_quarantine")
        }
        refused = counts.get("quarantined", {}).get("foreign_currency", 0)
        assert tuple(found.values()) == (counts["accepted"], counts["clean"], refused)
        assert counts["accepted"] == counts["clean"] + refused + counts.get("superseded", 0)


@pytest.mark.parametrize("purpose", ["analytics", "ads"])
def test_counts_by_day_tell_how_many_events_consent_withholds(shop: Shop, purpose: str) -> None:
    found = shop.ask(f"SELECT event_date, count(*) FROM events_clean WHERE NOT {purpose}_consent GROUP BY ALL")
    stated = {day: counts.get(f"{purpose}_denied", 0) for day, counts in shop.counts["events"].get("days", {}).items()}
    assert {str(day): rows for day, rows in found} == {day: rows for day, rows in stated.items() if rows}


@pytest.mark.parametrize("dataset", ["customers", "products"])
def test_counts_of_master_data_are_the_rows_of_bronze_and_silver(shop: Shop, dataset: str) -> None:
    total = shop.counts[dataset]["total"]

    [(bronze,)] = shop.ask(f"SELECT count(*) FROM {dataset}")
    [(silver,)] = shop.ask(f"SELECT count(*) FROM {dataset}_clean")

    assert bronze == total.get("accepted", 0) == silver + total.get("superseded", 0)
    assert silver == total.get("clean", 0)


@pytest.mark.parametrize("dataset", ["events", "orders", "customers", "products", "marketing_spend"])
def test_every_malformed_record_is_refused_for_the_stated_reason(shop: Shop, dataset: str) -> None:
    stated = {
        (file, reason): rows
        for file, counts in shop.counts[dataset]["files"].items()
        for reason, rows in counts.get("rejected", {}).items()
    }

    found = shop.ask(
        f"SELECT parse_filename(source)[:10], reason, count(*) FROM rejected WHERE dataset = '{dataset}' GROUP BY ALL"
    )

    assert {(file, reason): rows for file, reason, rows in found} == stated


def test_a_clean_shop_refuses_nothing(make_shop: MakeShop) -> None:
    shop = make_shop(**SHOPS["clean"])

    assert shop.ask("SELECT count(*) FROM rejected") == [(0,)]
    assert shop.ask("SELECT count(*) FROM events_quarantine") == [(0,)]
    assert shop.ask("SELECT count(*) FROM orders_quarantine") == [(0,)]
    assert shop.ask("SELECT count(*) FROM marketing_spend_quarantine") == [(0,)]
    assert shop.ask("SELECT count(*) - count(DISTINCT event_id) FROM events") == [(0,)]


@pytest.mark.parametrize("seed", range(3))
def test_funnel_counts_never_rise(make_shop: MakeShop, seed: int) -> None:
    funnel = make_shop(seed + 1, dirty_rate=(0.05, 0.0, 0.3)[seed]).truth("conversion_funnel")

    steps = funnel.select("sessions", "view_item", "add_to_cart", "begin_checkout", "purchase")
    assert steps.select(pl.all_horizontal(pl.nth(i + 1) <= pl.nth(i) for i in range(4)).all()).item()
    assert steps["purchase"].sum() > 0


def test_a_days_sessions_follow_from_the_events_around_it(busy_shop: Shop) -> None:
    """From one timeout before the day before to the end of the day after: so that a day can be computed alone."""
    for day in ("2024-03-03", "2024-03-04", "2024-03-05"):
        with duckdb.connect() as con:
            con.execute("SET TimeZone = 'UTC'")
            con.execute("SET VARIABLE timeout = INTERVAL 30 MINUTES")
            around = f"""
                FROM events_clean
                WHERE event_time >= '{day}'::DATE - INTERVAL 1 DAY - INTERVAL 30 MINUTES
                AND event_time < '{day}'::DATE + INTERVAL 2 DAYS
            """
            con.register("events_clean", busy_shop.con.sql(around).to_arrow_table())
            alone = con.sql(
                f"SELECT * FROM ({oracle.query('sessions')}) WHERE session_date = '{day}' ORDER BY session_id"
            ).pl()

        assert_frame_equal(
            alone, busy_shop.truth("sessions").filter(pl.col("session_date") == pl.lit(day).str.to_date())
        )


@pytest.mark.parametrize(("ago", "reason"), [(0, "timeout"), (1, "first_event")])
def test_activity_counts_as_long_as_a_days_sessions_look_back(ago: int, reason: str) -> None:
    config = ShopConfig(days=1, shoppers=200)
    block = next(blocks_of_day(config, Memory.fresh(config), 0))

    block.units.before[:] = (config.epoch_day - 1) * DAY - ago

    assert set(session_reasons(block)) == {reason}
