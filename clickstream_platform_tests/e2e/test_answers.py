"""Raw files to gold through the commands, held against the simulator's truth and against plain SQL over bronze."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from clickstream_platform.lake import Lake
from clickstream_platform.schemas import TABLES
from clickstream_platform.simulate import simulate
from clickstream_platform.sql import LakeSession
from clickstream_platform_tests import oracle

PAGES = [path for path in sorted((Path(__file__).parents[2] / "docs/analyst").glob("*.md")) if path.stem in TABLES]
NEEDS_MONTHS = ("customer_lifetime_value", "customer_value_holdout", "funnel_steps")
"""Their questions are about customers who came back, and segments of a size: six days have neither."""
COMPUTED = [name for name, table in TABLES.items() if table.layer != "bronze"]


class Shop:
    """A folder with a lake and a Dagster home, and the commands run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lake = Lake(str(folder / "lake"))
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CLICKSTREAM_"))}
        self.env = {**kept, "CLICKSTREAM_LAKE_URI": self.lake.uri, "DAGSTER_HOME": str(folder / "home")}

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "clickstream_platform.cli", *arguments]
        return subprocess.Popen(
            command, env=self.env, cwd=self.folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def run(self, *arguments: str) -> str:
        process = self.start(*arguments)
        said, _ = process.communicate(timeout=600)
        assert process.returncode == 0, said
        return said

    def ingest(self, files: Sequence[Path]) -> None:
        self.run("ingest", *map(str, files))

    def table(self, name: str) -> pl.DataFrame:
        return self.lake.scan(name).sort(oracle.KEYS[name]).collect()

    def oracle(self) -> duckdb.DuckDBPyConnection:
        con = duckdb.connect()
        oracle.views(con, f"{self.lake.uri}/bronze", materialize=True)
        return con


def files_of(out: Path) -> list[Path]:
    return sorted(path for path in (out / "landing").rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("simulated")
    simulate(out, days=6, shoppers=600, seed=11, dirty_rate=0.03)
    return out


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, simulated: Path) -> Shop:
    """Everything ingested and built once."""
    shop = Shop(tmp_path_factory.mktemp("shop"))
    shop.ingest(files_of(simulated))
    shop.run("build")
    return shop


@pytest.fixture(scope="module")
def answers(shop: Shop) -> duckdb.DuckDBPyConnection:
    return shop.oracle()


@pytest.mark.parametrize("table", [name for name in COMPUTED if name not in oracle.FITTED])
def test_every_table_is_what_plain_sql_says(shop: Shop, answers: duckdb.DuckDBPyConnection, table: str) -> None:
    found = (
        shop.table(table)
        .remove(pl.sql_expr(oracle.MODELLED_ROWS.get(table, "false")))
        .drop(oracle.MODELLED.get(table, ()))
    )
    assert not found.is_empty()
    # A median between two numbers may differ in the last bit between engines; all else is exact.
    tolerance = oracle.TOLERANCES.get(table, 1e-13)
    assert_frame_equal(found, oracle.rows(answers, table), check_exact=False, rel_tol=tolerance, abs_tol=0)


@pytest.mark.parametrize("table", ["sessions", *oracle.GOLD])
def test_every_table_is_what_the_simulator_knows(shop: Shop, simulated: Path, table: str) -> None:
    truth = pl.read_parquet(simulated / "truth" / f"{table}.parquet").sort(oracle.KEYS[table])
    found = shop.table(table).drop(oracle.MODELLED.get(table, ()))
    assert_frame_equal(found, truth, check_exact=False, rel_tol=1e-13, abs_tol=0)


def test_six_days_fit_no_model_so_that_the_past_stands_for_the_future(
    shop: Shop, answers: duckdb.DuckDBPyConnection
) -> None:
    models = shop.table("customer_value_models")
    assert models["model"].to_list() == ["bg_nbd", "gamma_gamma"]
    assert models["customers"].to_list() == [shop.table("customer_lifetime_value").height] * 2
    assert not models["converged"].any() and models["message"].str.contains("bought on a second day").all()
    assert shop.table("customer_value_holdout").is_empty()
    expected = answers.sql("""
        SELECT customer_id, 'historic' AS value_method, NULL::DOUBLE AS probability_alive,
            count(DISTINCT order_date)::DOUBLE AS expected_purchases,
            floor(sum(total_amount)::DOUBLE / count(DISTINCT order_date) * 100 + 0.5)::BIGINT AS purchase_cents,
            sum(total_amount)::DECIMAL(18, 2) AS clv, 365::BIGINT AS horizon_days, 0.1::DOUBLE AS discount_rate
        FROM orders_validated WHERE status NOT IN ('cancelled', 'refunded') GROUP BY customer_id ORDER BY customer_id
    """).pl()
    cents = (pl.col("expected_purchase_value") * 100).cast(pl.Int64).alias("purchase_cents")
    found = shop.table("customer_lifetime_value").with_columns(cents).select(expected.columns)
    assert_frame_equal(found, expected)


def test_checks_pass_on_all_of_it(shop: Shop) -> None:
    shop.run("check", "--all")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_question_on_a_page_for_analysts_is_answered(shop: Shop, page: Path) -> None:
    (question,) = re.findall(r"```sql\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert page.stem in question
    session = LakeSession(shop.lake.uri)
    (statement,) = session.statements(question)
    rows = sum(batch.num_rows for batch in session.run(statement).batches)
    assert rows or page.stem in NEEDS_MONTHS


def test_building_again_finds_nothing_to_do(shop: Shop) -> None:
    before = {
        path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in shop.folder.glob("lake/[sg]*/**/*.parquet")
    }
    assert "up to date" in shop.run("build")
    after = {
        path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in shop.folder.glob("lake/[sg]*/**/*.parquet")
    }
    assert before == after


def test_the_order_of_arrival_does_not_matter(shop: Shop, simulated: Path, tmp_path: Path) -> None:
    """Late files repair the days they touch: the last day first, master data last, a build after each part."""
    files = files_of(simulated)
    events = [path for path in files if path.parent.name == "events"]
    orders = [path for path in files if path.parent.name == "orders"]
    master = [path for path in files if path not in events and path not in orders]
    late = Shop(tmp_path)
    for part in (events[3:], [*orders, *events[:1]], [*master, *events[1:3]]):
        late.ingest(part[::-1])
        late.run("build")
    for table in COMPUTED:
        columns = [column for column in TABLES[table].columns if column not in ("source_id", "source_line")]
        assert_frame_equal(late.table(table).select(columns), shop.table(table).select(columns))


@pytest.mark.slow
def test_runs_over_few_days_give_the_same_answers(shop: Shop, simulated: Path, tmp_path: Path) -> None:
    """A session that crosses the border between two runs is whole, and so is all that looks back or ahead."""
    small = Shop(tmp_path)
    small.env["CLICKSTREAM_RUN_BATCH_DAYS"] = "2"
    small.ingest(files_of(simulated))
    small.run("build")
    for table in COMPUTED:
        assert_frame_equal(small.table(table), shop.table(table))


@pytest.mark.slow
def test_the_nightly_job_gives_the_same_answers(shop: Shop) -> None:
    before = {table: shop.table(table) for table in COMPUTED}
    job = [
        sys.executable,
        "-m",
        "dagster",
        "job",
        "execute",
        "-m",
        "clickstream_platform.definitions",
        "-j",
        "daily_tables",
    ]
    tags = ["--tags", '{"dagster/partition": "2024-03-04"}']
    done = subprocess.run([*job, *tags], env=shop.env, cwd=shop.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "RUN_SUCCESS" in done.stderr
    for table in COMPUTED:
        assert_frame_equal(shop.table(table), before[table])


@pytest.mark.slow
def test_a_build_that_is_killed_is_finished_by_the_next(shop: Shop, simulated: Path, tmp_path: Path) -> None:
    killed = Shop(tmp_path)
    killed.ingest(files_of(simulated))
    first = date(2024, 3, 1)
    for table in ("events_clean", "sessions", "daily_sales_summary"):
        process = killed.start("build")
        deadline = time.monotonic() + 300
        while first not in killed.lake.days(table) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        for name in COMPUTED:
            killed.lake.scan(name).collect()  # whole or not there, never torn
    killed.run("build")
    for table in COMPUTED:
        assert_frame_equal(killed.table(table), shop.table(table))
