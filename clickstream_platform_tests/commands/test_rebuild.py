"""`clickstream rebuild` and the job `rebuild`: what they compute again, and what they tell of it."""

import gzip
import json
import os
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from clickstream_platform.schemas import TABLES
from clickstream_platform.simulate import simulate
from clickstream_platform_tests.commands.shops import Shop, rewrite, run_job

pytestmark = pytest.mark.slow
FIRST, LAST = date(2024, 3, 1), date(2024, 3, 3)
COMPUTED = [table for table in TABLES.values() if table.layer != "bronze"]
SPAN = ["--from", str(FIRST), "--to", str(LAST)]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    folder = tmp_path_factory.mktemp("shop")
    simulate(folder, days=3, shoppers=150, seed=5, dirty_rate=0.05)
    shop = Shop(folder / "platform")
    with pytest.MonkeyPatch.context() as patch:
        shop.use(patch)
        shop.ingest(folder / "landing")
        shop.build()
    return shop


@pytest.fixture
def shop(built: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return built.copied(tmp_path).use(monkeypatch)


def day_file(shop: Shop, table: str, day: date = FIRST) -> Path:
    return Path(shop.lake.uri, table, f"year={day:%Y}/month={day:%m}/day={day:%d}/data.parquet")


def found(shop: Shop, *arguments: str) -> dict[tuple[str, str], tuple[str, str, list[str]]]:
    result = shop.run("rebuild", *SPAN, "--json", *arguments)
    assert result.exit_code == 1, result.output
    return {
        (one["table"], one["measure"]): (one["before"], one["after"], one["days"])
        for one in json.loads(result.stdout)["differences"]
    }


def test_unchanged_code_and_data_give_no_difference_in_one_line(shop: Shop) -> None:
    before = {path: content for path, (_, _, content) in shop.files("bronze").items()}
    result = shop.run("rebuild", *SPAN)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"no difference: {len(COMPUTED)} tables, 2024-03-01..2024-03-03, ")
    assert result.stdout.count("\n") == 1
    assert {path: content for path, (_, _, content) in shop.files("bronze").items()} == before
    assert shop.files("_audit") == {}


def test_what_differs_is_told_by_table_measure_and_day(shop: Shop) -> None:
    """A wrong value, two values that change places under the same sum, a lost bronze row, and days left alone."""
    tuesday = FIRST + timedelta(days=1)
    rewrite(
        day_file(shop, "gold/product_performance"),
        lambda frame: frame.with_columns(
            revenue=pl.when(pl.int_range(pl.len()) == 0)
            .then(pl.col("revenue") + 1)
            .otherwise(pl.col("revenue"))
            .cast(pl.Decimal(18, 2))
        ),
    )
    swapped = day_file(shop, "gold/conversion_funnel", tuesday)
    rewrite(
        swapped, lambda frame: frame.sort("sessions", "channel").with_columns(sessions=pl.col("sessions").reverse())
    )
    untouched = day_file(shop, "gold/traffic_summary", LAST + timedelta(days=1))
    untouched.parent.mkdir(parents=True)
    untouched.write_bytes(b"of a day that nobody asked about")
    lost = next(Path(shop.lake.uri, "bronze/events/year=2024/month=03/day=03").glob("*.parquet"))
    rewrite(lost, lambda frame: frame.filter(pl.col("event_id") != frame["event_id"].first()))

    told = found(shop)
    assert told["product_performance", "sum(revenue)"][2] == [str(FIRST)]
    before, after, _ = told["product_performance", "sum(revenue)"]
    assert float(before) - float(after) == 1
    assert ("product_performance", "rows") not in told or told["product_performance", "rows"][2] == [str(LAST)]
    assert str(tuesday) in told["conversion_funnel", "content"][2]
    assert ("conversion_funnel", "sum(sessions)") not in told or str(tuesday) not in told[
        "conversion_funnel", "sum(sessions)"
    ][2]
    rows = told["events_clean", "rows"]
    assert (int(rows[0]) - int(rows[1]), rows[2]) == (1, [str(LAST)])
    assert told["events_clean", "keys"] == rows
    assert ("customer_lifetime_value", "rows") not in told
    assert untouched.read_bytes() == b"of a day that nobody asked about"
    again = shop.run("rebuild", *SPAN)
    assert (again.exit_code, again.stdout[:13]) == (0, "no difference")


def test_an_object_that_cannot_be_read_is_mended(shop: Shop) -> None:
    day_file(shop, "gold/traffic_summary").write_bytes(b"no Parquet")
    told = found(shop)
    assert told["traffic_summary", "unreadable"][:2] == ("1", "0")
    assert {table for table, _ in told} == {"traffic_summary"}
    assert pl.read_parquet(day_file(shop, "gold/traffic_summary")).height > 0


def test_a_killed_rebuild_is_ended_by_the_next_and_held_against_the_state_before_it(shop: Shop) -> None:
    rewrite(day_file(shop, "silver/sessions"), lambda frame: frame.with_columns(page_views=pl.col("page_views") + 1))
    wrong = day_file(shop, "silver/sessions")
    inode = wrong.stat().st_ino
    process = shop.start("rebuild", *SPAN)
    while wrong.stat().st_ino == inode and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert process.returncode == -9
    result = shop.run("rebuild", *SPAN)
    assert result.exit_code == 1, result.output
    assert "when a rebuild of these days began that broke off" in result.stderr
    assert "silver.sessions" in result.stdout and "sum(page_views)" in result.stdout
    assert shop.run("rebuild", *SPAN).exit_code == 0


def test_a_failed_rebuild_says_what_is_rebuilt_and_what_is_not(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = next(Path(shop.lake.uri, "bronze/orders").rglob("*.parquet"))
    good = broken.read_bytes()
    broken.write_bytes(b"no Parquet")
    result = shop.run("rebuild", *SPAN)
    assert result.exit_code == 2
    rebuilt, _, rest = result.stderr.partition("Not rebuilt; the same command finishes:")
    assert "silver.customers_clean" in rebuilt and "silver.events_clean" in rebuilt
    assert "silver.orders_validated: 0 of 3 partition(s)" in rest
    assert "gold.customer_lifetime_value: 0 of 1 partition(s)" in rest
    broken.write_bytes(good)
    assert shop.run("rebuild", *SPAN).exit_code == 0


def test_bronze_is_read_from_raw_first_where_asked(shop: Shop) -> None:
    event = {"event_id": "new", "event_name": "page_view", "event_time": "2024-03-02T10:00:00Z", "anonymous_id": "zoe"}
    early = {**event, "event_id": "early", "event_time": "2024-02-01T10:00:00Z"}
    raw = Path(shop.lake.uri, "raw/year=2024/month=03/day=02/10/delivered.gz")
    raw.parent.mkdir(parents=True)
    raw.write_bytes(gzip.compress(b"".join(json.dumps(one).encode() + b"\n" for one in (event, early))))
    at = datetime(2024, 3, 2, 12, tzinfo=UTC).timestamp()
    os.utime(raw, (at, at))
    result = shop.run("rebuild", *SPAN, "--raw", "--json")
    assert result.exit_code == 1, result.output
    assert "other day(s) (2024-02-01): `clickstream build` follows" in result.stderr
    rows = {one["table"]: one["days"] for one in json.loads(result.stdout)["differences"] if one["measure"] == "rows"}
    assert rows["events"] == rows["events_clean"] == rows["sessions"] == ["2024-03-02"]
    again = shop.run("rebuild", *SPAN, "--raw")
    assert again.exit_code == 0, again.output
    assert f"no difference: {len(COMPUTED) + 1} tables" in again.stdout
    nothing = shop.run("rebuild", "--from", "2024-03-01", "--raw")
    assert nothing.exit_code == 1 and "nothing was delivered" in str(nothing.exception)


def test_the_job_tells_the_difference_in_its_run(shop: Shop) -> None:
    rewrite(day_file(shop, "gold/traffic_summary"), lambda frame: frame.with_columns(events=pl.col("events") + 1))
    config = {"from": str(FIRST), "to": str(LAST)}
    told = run_job(shop, "rebuild", config, "rebuilt_days")
    assert told is not None
    assert told["measures that differ"] == 2
    assert "| gold.traffic_summary | sum(events) |" in str(told["difference"])
    again = run_job(shop, "rebuild", config, "rebuilt_days")
    assert again is not None and again["difference"] == "no difference"
    assert run_job(shop, "rebuild", {"from": "1 March", "to": str(LAST)}, "rebuilt_days") is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from", "2024-03-03", "--to", "2024-03-01"], "before they begin on 2024-03-03"),
        (["--from", "2023-03-01"], "set CLICKSTREAM_START_DATE earlier"),
        (["--from", "2024-03-01", "--to", "2999-01-01"], "has not come yet"),
    ],
)
def test_days_that_cannot_be_rebuilt_are_refused_before_anything_is_written(
    shop: Shop, arguments: list[str], message: str
) -> None:
    before = shop.files("silver", "gold")
    result = shop.run("rebuild", *arguments)
    assert result.exit_code != 0 and message in str(result.exception)
    assert shop.files("silver", "gold") == before
