"""`clickstream erase`: nothing of a person is left anywhere, everything of others is as it was, whatever happens."""

import gzip
import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from clickstream_platform.ingest import IngestOptions, ingest_raw, ingest_sources
from clickstream_platform.lib.landing import put_ingested_away
from clickstream_platform.schemas import TABLES
from clickstream_platform.simulate import simulate
from clickstream_platform_tests.commands.shops import KEY, Shop, run_job
from clickstream_platform_tests.commands.traces import (
    BROWSER,
    CORE,
    DAYS,
    EMAIL,
    OTHER,
    USER,
    deliveries,
    event,
    events,
    files_below,
    shop_files,
    traces,
    written,
)

pytestmark = pytest.mark.slow
WHO = ["--entity", USER, "--linked"]
NOON = datetime(2024, 3, 4, 12, tzinfo=UTC).timestamp()


def filled(folder: Path, monkeypatch: pytest.MonkeyPatch, *, everyone: bool = True) -> Shop:
    """A simulated shop with the person's files: ingested, put away and built; or one that never heard of the person."""
    shop = Shop(folder / "platform").use(monkeypatch)
    lake = Path(shop.lake.uri)
    simulate(lake, days=3, shoppers=60, seed=3, dirty_rate=0.05)
    written(lake / "landing", shop_files(everyone=everyone))
    written(lake / "raw", {_arrival(name): data for name, data in deliveries(everyone=everyone).items()})
    for path in [*(lake / "raw").rglob("*.*"), *(lake / "landing").rglob("*.*")]:
        os.utime(path, (NOON, NOON))
    options = IngestOptions(lake_uri=shop.lake.uri, pii_key=KEY.encode(), notify=False)
    put_ingested_away(options, ingest_sources([lake / "landing"], options, processes=1).sources)
    ingest_raw([datetime.fromisoformat(day).date() for day in DAYS], options, processes=1)
    shop.build()
    return shop


def _arrival(name: str) -> str:
    year, month, day, rest = name.split("/", 3)
    return f"year={year}/month={month}/day={day}/{rest}"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    with pytest.MonkeyPatch.context() as patch:
        return filled(tmp_path_factory.mktemp("shop"), patch)


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    """The tables of a platform that never heard of the person."""
    with pytest.MonkeyPatch.context() as patch:
        return computed(filled(tmp_path_factory.mktemp("without"), patch, everyone=False))


def computed(shop: Shop) -> dict[str, pl.DataFrame]:
    """Silver and gold, but for where rows came from, which the bytes of a file decide."""
    frames = {
        name: shop.lake.scan(name).drop("source_id", "source_line", strict=False).collect()
        for name, table in TABLES.items()
        if table.layer != "bronze"
    }
    return {name: frame.sort(TABLES[name].key) for name, frame in frames.items()}


def assert_never_heard_of(shop: Shop, without: dict[str, pl.DataFrame]) -> None:
    found = computed(shop)
    assert found.keys() == without.keys()
    for name, frame in found.items():
        assert_frame_equal(frame, without[name])
    assert left(shop) == []


@pytest.fixture
def shop(built: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return built.copied(tmp_path).use(monkeypatch)


def left(shop: Shop) -> list[str]:
    return traces(files_below(Path(shop.lake.uri)))


def test_the_search_of_the_tests_finds_the_person(shop: Shop) -> None:
    layers = {name.split("/")[0] for name in left(shop)}
    assert layers == {"raw", "bronze", "rejected", "silver", "gold"}


def test_nothing_is_left_and_objects_without_the_person_are_untouched(shop: Shop) -> None:
    held, before = set(left(shop)), shop.files("raw", "bronze", "rejected", "silver", "gold")
    result = shop.run("erase", *WHO)
    assert result.exit_code == 0, (result.output, result.exception)
    assert "nothing is left: searched raw " in result.stdout
    assert left(shop) == []
    after = shop.files("raw", "bronze", "rejected")
    gone = held - set(after) - {name for name in held if name.startswith(("silver", "gold"))}
    assert {name.rpartition("-")[2] for name in gone if "raw" in name} == {"theirs.jsonl"}
    assert set(after) == set(shop.files("raw", "bronze", "rejected"))
    assert {name: one for name, one in after.items() if name not in held} == {
        name: one for name, one in before.items() if name not in held and not name.startswith(("silver", "gold"))
    }
    assert shop.run("check", "--all", "--lake", shop.lake.uri).exit_code == 0


def test_tables_are_those_of_a_platform_that_never_heard_of_the_person(
    shop: Shop, without: dict[str, pl.DataFrame]
) -> None:
    empty = {name for name, frame in without.items() if frame.is_empty()}
    # No shop of a few days has a holdout.
    assert empty - {"events_quarantine", "orders_quarantine"} == {"customer_value_holdout"}
    assert shop.run("erase", *WHO).exit_code == 0
    assert_never_heard_of(shop, without)


def started(shop: Shop) -> bool:
    return any(Path(shop.lake.uri, "_audit/erased").glob("*"))


def changed(*patterns: str) -> Callable[[Shop], Callable[[Shop], bool]]:
    """Whether half of the objects that hold the person are others by now."""

    def of(shop: Shop) -> Callable[[Shop], bool]:
        root = Path(shop.lake.uri)
        held = {name: (root / name).stat().st_ino for name in left(shop) if name.startswith(patterns)}

        def inode(name: str) -> int | None:
            try:
                return (root / name).stat().st_ino
            except FileNotFoundError:
                return None

        def is_so(shop: Shop) -> bool:
            return sum(inode(name) != before for name, before in held.items()) > len(held) // 2

        return is_so

    return of


@pytest.mark.parametrize(
    "moment",
    [lambda shop: started, changed("raw"), changed("bronze"), changed("silver"), changed("gold")],
    ids=["registered", "raw", "bronze", "silver", "gold"],
)
def test_an_erasure_that_was_killed_is_ended_by_the_next(
    shop: Shop, without: dict[str, pl.DataFrame], moment: Callable[[Shop], Callable[[Shop], bool]]
) -> None:
    is_time = moment(shop)
    process = shop.start("erase", *WHO)
    while not is_time(shop) and process.poll() is None:
        time.sleep(0.001)
    process.kill()
    process.communicate()
    assert process.returncode == -9
    result = shop.run("erase", *WHO)
    assert result.exit_code == 0, result.output
    assert "that had broken off was gone on with" in result.stderr
    assert_never_heard_of(shop, without)
    (record,) = audit_records(shop)
    assert (record["state"], record["linked"]) == ("done", 1)
    assert record["removed"]["bronze"]["customers"] == 1


def audit_records(shop: Shop) -> list[dict[str, object]]:
    return [json.loads(path.read_bytes()) for path in sorted(Path(shop.lake.uri, "_audit/erasures").iterdir())]


def test_originals_that_are_read_again_bring_nobody_back(shop: Shop, without: dict[str, pl.DataFrame]) -> None:
    assert shop.run("erase", *WHO).exit_code == 0
    bronze = shop.lake.scan("events").collect()
    shop.ingest(Path(shop.lake.uri, "raw/landing"))
    assert_frame_equal(shop.lake.scan("events").collect(), bronze)
    result = shop.run("rebuild", "--from", DAYS[0], "--to", DAYS[-1], "--raw")
    assert result.exit_code == 0, result.output
    assert shop.lake.scan("events").collect().height == bronze.height
    assert_never_heard_of(shop, without)


def test_the_same_file_again_stays_out_of_bronze_and_is_erased_from_raw_again(shop: Shop, tmp_path: Path) -> None:
    assert shop.run("erase", *WHO).exit_code == 0
    landing = Path(shop.lake.uri, "landing")
    written(landing, {"events/lines.jsonl": shop_files()["events/lines.jsonl"]})
    options = IngestOptions(lake_uri=shop.lake.uri, pii_key=KEY.encode(), notify=False)
    put_ingested_away(options, ingest_sources([landing], options, processes=1).sources)
    assert {name.split("/")[0] for name in left(shop)} == {"raw"}
    assert shop.run("erase", "--entity", USER, "--entity", BROWSER).exit_code == 0
    assert left(shop) == []


def test_a_dry_run_counts_and_changes_nothing(shop: Shop) -> None:
    before = shop.files("")
    result = shop.run("erase", *WHO, "--dry-run")
    assert result.exit_code == 0
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in result.stdout.splitlines() if "│" in line]
    count = shop.lake.scan("orders").filter(pl.col("customer_id") == USER).collect().height
    assert ["bronze", "orders", f"{count}", "3"] in rows
    assert {row[0] for row in rows} == {"raw", "bronze", "rejected", "silver", "gold"}
    assert shop.files("") == before


def test_who_is_not_known_is_told_so(shop: Shop) -> None:
    before = shop.files("")
    result = shop.run("erase", "--entity", "no such person")
    assert result.exit_code != 0 and "nothing is held of 'no such person'" in str(result.exception)
    for odd in ("x" * 5000, "\udcff", "*", "a\nb", "../..", "' OR 1=1 --"):
        strange = shop.run("erase", "--entity", odd)
        assert strange.exit_code != 0 and "nothing" in str(strange.exception)
        assert type(strange.exception).__module__.startswith("clickstream_platform")
    assert shop.run("erase").exit_code == shop.run("erase", "--entity", " ").exit_code == 2
    assert shop.files("") == before


def test_ids_that_begin_alike_and_numbers_are_different_people(shop: Shop) -> None:
    """`17` is a customer; it is also a quantity, a price and part of other ids."""
    ids = ["17", "170", "u-1", "u-10", "u-1-2", "U-1"]
    records = [
        event(1000 + place, DAYS[0], user_id=name, properties={"results": 17, "said": "17"})
        for place, name in enumerate(ids)
    ]
    refused = [{**event(1050 + place, DAYS[0], user_id=name), "value": -17} for place, name in enumerate(ids)]
    lines = "".join(json.dumps(one) + "\n" for one in records + refused).encode()
    table = b"customer_id,email,name\n" + b"".join(f"{name},{name}@s.example,N\n".encode() for name in ids)
    for path in written(
        Path(shop.lake.uri), {"landing/events/ids.gz": gzip.compress(lines), "landing/customers/ids.csv": table}
    ):
        shop.ingest(path)
    shop.build()
    assert shop.run("erase", "--entity", "17", "--entity", "u-1").exit_code == 0
    others = sorted(set(ids) - {"17", "u-1"})
    kept = [
        json.loads(line)["user_id"]
        for line in gzip.decompress(Path(shop.lake.uri, "landing/events/ids.gz").read_bytes()).splitlines()
    ]
    assert sorted(kept) == sorted(others * 2)
    assert Path(shop.lake.uri, "landing/customers/ids.csv").read_text().count("\n") == 1 + len(others)
    for table_name, column in (
        ("events", "user_id"),
        ("customers", "customer_id"),
        ("customers_clean", "customer_id"),
        ("events_clean", "user_id"),
    ):
        assert sorted(shop.lake.scan(table_name).filter(pl.col(column).is_in(ids)).collect()[column].unique()) == others
    refusals = pl.concat([pl.read_parquet(path) for path in Path(shop.lake.uri, "rejected/events").glob("*")])
    assert refusals.filter(pl.col("record").str.contains('"value":-17', literal=True)).height == len(others)


def test_somebody_else_with_the_same_address_or_browser_keeps_what_is_theirs(shop: Shop) -> None:
    shared = [
        event(3001, DAYS[0], user_id="wife", email=EMAIL),
        event(3002, DAYS[0], user_id="wife", anonymous_id=BROWSER),
        event(3003, DAYS[0], anonymous_id=BROWSER),
        event(3004, DAYS[2], user_id="wife", anonymous_id=BROWSER, event_time=f"{DAYS[2]}T23:59:00Z"),
        event(3005, "2024-03-04", user_id="wife", event_time="2024-03-04T00:05:00Z"),
    ]
    (path,) = written(
        Path(shop.lake.uri), {"landing/events/shared.jsonl": "".join(json.dumps(one) + "\n" for one in shared).encode()}
    )
    shop.ingest(path)
    shop.build()
    result = shop.run("erase", *WHO)
    assert result.exit_code == 0
    assert "anonymous id" not in result.stdout  # the browser is not theirs alone
    found = (
        shop.lake.scan("events").filter((pl.col("user_id") == "wife") | (pl.col("anonymous_id") == BROWSER)).collect()
    )
    assert set(found["event_id"]) >= {"event-3001", "event-3002", "event-3003"}
    assert path.read_bytes().count(b"\n") == 5
    assert shop.run("erase", "--entity", BROWSER).exit_code == 0
    kept = shop.lake.scan("events_clean").filter(pl.col("user_id") == "wife").sort("event_id").collect()
    assert kept["event_id"].to_list() == ["event-3001", "event-3005"]
    sessions = shop.lake.scan("sessions").filter(pl.col("entity_id") == "wife").sort("started_at").collect()
    assert sessions["events"].to_list() == [1, 1]
    assert sessions["session_date"].cast(pl.String).to_list() == [DAYS[0], "2024-03-04"]  # one began before midnight


def test_what_comes_in_meanwhile_is_removed_before_the_proof(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    from clickstream_platform.lib.erasure import erase as erasing

    removed, rounds = erasing._remove, []

    def remove_while_a_shop_sends(*arguments: object) -> None:
        removed(*arguments)  # type: ignore[arg-type]
        rounds.append(1)
        if len(rounds) < 3:
            (path,) = written(
                shop.folder,
                {
                    f"late-{len(rounds)}.jsonl": "".join(
                        json.dumps(one) + "\n" for one in events(DAYS[0], 5000)
                    ).encode()
                    + b" " * len(rounds)
                },
            )
            options = IngestOptions(lake_uri=shop.lake.uri, dataset="events", pii_key=KEY.encode())
            ingest_sources([path], options, processes=1)

    monkeypatch.setattr(erasing, "_remove", remove_while_a_shop_sends)
    result = shop.run("erase", *WHO)
    assert result.exit_code == 0, result.output
    assert len(rounds) == 3
    assert left(shop) == []
    assert audit_records(shop)[0]["proof"]["rounds"] == 3  # type: ignore[index]


def test_what_cannot_be_searched_is_named_and_no_proof_is_claimed(shop: Shop) -> None:
    written(Path(shop.lake.uri), {"landing/events/strange.parquet": b"PAR1 and so on"})
    result = shop.run("erase", *WHO)
    assert result.exit_code == 1
    assert "not searched: landing/events/strange.parquet is a Parquet file" in result.stderr
    assert "nothing is left" not in result.stdout
    assert audit_records(shop)[0]["state"] == "something is left"


def test_rows_in_tables_whose_bronze_was_lost_go_too(shop: Shop) -> None:
    for path in Path(shop.lake.uri, "bronze/orders").rglob("*.parquet"):
        path.unlink()
    assert any(name.startswith("silver/orders_validated") for name in left(shop))
    assert shop.run("erase", *WHO).exit_code == 0
    assert left(shop) == []


def test_mentions_in_rows_of_others_are_told_where_asked_for(shop: Shop) -> None:
    seen = [
        event(4001, DAYS[0], user_id=OTHER, url=f"https://shop.example/of/{BROWSER}?from={BROWSER}"),
        event(4002, DAYS[0], user_id=OTHER, properties={"invited_by": BROWSER, "not": f"{BROWSER}2"}),
        event(4003, DAYS[0], user_id=OTHER, properties={"not": f"{BROWSER}2"}),
    ]
    lines = "".join(json.dumps(one) + "\n" for one in seen).encode()
    (path,) = written(Path(shop.lake.uri), {"landing/events/seen.jsonl": lines})
    shop.ingest(path)
    result = shop.run("erase", *WHO, "--thorough")
    assert result.exit_code == 1
    assert "mentioned: 1 value(s) of bronze.events.page_url" in result.stderr
    assert "mentioned: 1 value(s) of silver.events_clean.properties" in result.stderr
    assert path.read_bytes() == lines
    assert shop.run("erase", *WHO).exit_code == 0


def test_staged_rows_of_killed_writers_go_too(shop: Shop) -> None:
    staged = Path(shop.lake.uri, "_staging/tables/abc")
    staged.mkdir(parents=True)
    shop.lake.scan("events_clean").collect().write_parquet(staged / "2024-03-01.parquet")
    (staged / "torn.parquet").write_bytes(BROWSER.encode())
    shop.lake.scan("products_clean").collect().write_parquet(staged / "data.parquet")
    assert shop.run("erase", *WHO).exit_code == 0
    assert [path.name for path in staged.iterdir()] == ["data.parquet"]


def test_the_audit_names_nobody(shop: Shop) -> None:
    (path,) = written(
        Path(shop.lake.uri),
        {f"landing/events/export-of-{BROWSER}.jsonl": json.dumps(event(1, DAYS[0], user_id=USER)).encode()},
    )
    shop.ingest(path)
    assert shop.run("erase", *WHO).exit_code == 0
    assert not path.exists()
    (record,) = audit_records(shop)
    assert CORE not in json.dumps(record)
    assert len(record["entities"]) == 1 and record["state"] == "done"  # type: ignore[arg-type]
    registered = list(Path(shop.lake.uri, "_audit/erased").iterdir())
    assert len(registered) == 2
    assert traces(files_below(shop.folder / "home")) == []


def test_the_job_erases_and_proves(shop: Shop) -> None:
    told = run_job(shop, "erase", {"entities": [USER], "linked": True}, "erased_person")
    assert told is not None
    assert told["proof"]["found"] == {}  # type: ignore[index]
    assert left(shop) == []
    assert run_job(shop, "erase", {"entities": ["no such person"]}, "erased_person") is None
    assert OTHER in shop.lake.scan("sessions").collect()["entity_id"].to_list()
