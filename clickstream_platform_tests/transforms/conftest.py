"""A small simulated shop with all its dirt as bronze, and the three engines that read it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import polars as pl
import pytest

from clickstream_platform import transforms
from clickstream_platform.contract.funnels import ECOMMERCE, Condition, Funnel, FunnelStep
from clickstream_platform.ingest import IngestOptions, ingest_sources
from clickstream_platform.lib import channel_fits
from clickstream_platform.simulate import simulate
from clickstream_platform.transforms import ExperimentSpan

Frame = nw.LazyFrame[Any]

FIRST_DAY, DAYS = date(2024, 3, 1), 5
LAST_DAY = FIRST_DAY + timedelta(days=DAYS - 1)
_CURRENCY = {"currency": "USD"}
_SPAN = ExperimentSpan(FIRST_DAY + timedelta(days=1), LAST_DAY - timedelta(days=1), window_days=1, pre_period_days=2)
_RANGE = {"first_day": FIRST_DAY, "last_day": LAST_DAY}

FUNNELS = (
    ECOMMERCE,
    Funnel(
        "blankets",
        (
            FunnelStep("view_item", "Blanket", (Condition("product_category", ("blankets", "tea")),)),
            FunnelStep("page_view", "Looks on", (Condition("page_path_prefix", ("/c", "/p/")),)),
            FunnelStep("page_view", "Looks again", (Condition("device_type", ("desktop", "mobile")),)),
        ),
        2,
        ("channel", "campaign"),
    ),
    Funnel(
        "mugs",
        (
            FunnelStep("search", "Mug", (Condition("property", ('"blue mug"', "7"), "search_term"),)),
            FunnelStep("add_to_cart", "Takes one"),
        ),
        90,
    ),
)
"""What is there by default, and what configuration can ask for."""


@dataclass(frozen=True)
class Case:
    """A transform, the tables it reads and its arguments."""

    inputs: tuple[str, ...]
    arguments: dict[str, Any]


CASES: dict[str, Case] = {
    "events_clean": Case(("events",), _CURRENCY),
    "events_quarantine": Case(("events",), _CURRENCY),
    "customers_clean": Case(("customers",), {}),
    "products_clean": Case(("products",), {}),
    "orders_validated": Case(("orders", "customers_clean", "products_clean"), _CURRENCY),
    "orders_quarantine": Case(("orders", "customers_clean", "products_clean"), _CURRENCY),
    "marketing_spend_clean": Case(("marketing_spend",), _CURRENCY),
    "marketing_spend_quarantine": Case(("marketing_spend",), _CURRENCY),
    "sessions": Case(("events_clean",), {**_RANGE, "timeout": timedelta(minutes=30)}),
    "daily_sales_summary": Case(("orders_validated",), {}),
    "product_performance": Case(("events_clean", "products_clean"), {}),
    "conversion_funnel": Case(("sessions",), {}),
    "funnel_steps": Case(("events_clean", "sessions"), {"funnels": FUNNELS, **_RANGE}),
    "touchpoints": Case(("events_clean", "sessions"), {}),
    "conversion_paths": Case(("touchpoints", "events_clean"), {**_RANGE, "lookback": timedelta(days=3)}),
    "path_counts": Case(("conversion_paths",), _RANGE),
    "conversion_credit": Case(
        ("conversion_paths", "events_clean"),
        {**_RANGE, "refund_reach": timedelta(days=2), "half_life": timedelta(days=1), "treatment": "exposure"},
    ),
    "channel_attribution": Case(("conversion_credit", "channel_effects", "marketing_spend_clean"), _RANGE),
    "attributed_checkouts": Case(("events_clean",), {**_RANGE, "window": timedelta(hours=1)}),
    "traffic_summary": Case(("events_clean",), {}),
    "purchase_histories": Case(("orders_validated",), {"until": LAST_DAY, "recent_days": 2}),
    "holdout_purchases": Case(
        ("orders_validated",), {"calibration_end": FIRST_DAY + timedelta(days=2), "holdout_end": LAST_DAY}
    ),
    "cohort_retention": Case(("orders_validated", "customers_clean"), {}),
    "entity_activity": Case(("events_clean",), {}),
    "experiment_exposures": Case(("events_clean",), {}),
    "experiment_sums": Case(
        ("experiment_exposures", "entity_activity"), {"spans": {"free_delivery": _SPAN}, "default": ExperimentSpan()}
    ),
    "customer_lifetime_value": Case(
        ("orders_validated", "purchase_histories", "purchase_forecasts"),
        {
            "as_of": LAST_DAY,
            "horizon_days": 2,
            "discount_rate": 0.1,
            "spending": transforms.SpendingModel(6.25, 3.74, 15.44),
        },
    ),
}
"""Every transform, in an order in which each finds its inputs made."""


@dataclass(frozen=True)
class Shop:
    """Where the shop's tables lie, one Parquet file each, and what the Polars engine answers."""

    folder: Path
    tables: dict[str, pl.DataFrame]

    def path(self, table: str) -> str:
        """The table's Parquet file."""
        return str(self.folder / f"{table}.parquet")


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Five days of a dirty shop: bronze as ingest writes it, silver and gold as Polars computes them."""
    root = tmp_path_factory.mktemp("shop")
    simulate(root, days=DAYS, shoppers=600, seed=11, dirty_rate=0.05, start=FIRST_DAY)
    ingest_sources([root / "landing"], IngestOptions(lake_uri=str(root / "lake"), pii_key=b"k" * 32), processes=1)
    shop = Shop(root, {})
    for table in ("events", "customers", "products", "orders", "marketing_spend"):
        files = root / "lake" / "bronze" / table
        shop.tables[table] = pl.read_parquet(files / "**" / "*.parquet", hive_partitioning=False)
        shop.tables[table].write_parquet(shop.path(table))
    for table in CASES:
        if table == "customer_lifetime_value":
            some_forecasts(shop.tables["purchase_histories"]).write_parquet(shop.path("purchase_forecasts"))
        if table == "channel_attribution":
            days = [FIRST_DAY + timedelta(days=number) for number in range(DAYS)]
            effects = channel_fits.channel_effects(shop.tables["path_counts"], days, 3, "exposure")
            effects.write_parquet(shop.path("channel_effects"))
        answer = run(table, lambda name: nw.from_native(pl.scan_parquet(shop.path(name))))
        shop.tables[table] = answer.to_native().collect()
        shop.tables[table].write_parquet(shop.path(table))
    return shop


def some_forecasts(histories: pl.DataFrame) -> pl.DataFrame:
    """A forecast for every history but the commonest, whose customers keep their past."""
    again, last, since = (pl.col(name) for name in transforms.HISTORY)
    odd = 1 / (3 + again + 0.1 * since)
    found = histories.group_by(transforms.HISTORY).len().sort("len", *transforms.HISTORY, descending=True)[1:]
    return found.select(
        *transforms.HISTORY,
        (1 - odd * last / 10).alias("probability_alive"),
        (odd * (again + 1)).alias("expected_purchases"),
        (odd * (again + 1) * 0.96).alias("discounted_purchases"),
    )


def run(table: str, scan: Callable[[str], Frame]) -> Frame:
    """The table computed from its inputs, read with an engine's scan."""
    case = CASES[table]
    transform: Callable[..., Frame] = getattr(transforms, table)
    return transform(*map(scan, case.inputs), **case.arguments)


@pytest.fixture(scope="session")
def duckdb_session() -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB in memory, its clock in UTC."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection


@pytest.fixture(scope="session")
def spark_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Spark on two local cores, its clock in UTC."""
    from pyspark.sql import SparkSession

    settings = {
        "spark.ui.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse")),
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": "-Duser.timezone=UTC",
    }
    session = SparkSession.builder.master("local[2]").config(map=settings).getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()
