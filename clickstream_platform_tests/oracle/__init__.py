"""The same answers in plain DuckDB SQL: every silver and gold table as one SELECT over bronze.

Written from the tables' rules alone, one query a table, with none of the platform's code in them; whatever computes
the tables must agree row for row. A query may refer to bronze (`events`, `customers`, `products`, `orders`,
`marketing_spend`), to the views of `LATEST` and to the tables before it, and reads its parameters with `getvariable`:
`currency`, `timeout`, `window`, `consent_default`, `lookback` and `as_of`.
"""

from datetime import date, timedelta
from pathlib import Path

import duckdb
import polars as pl

from clickstream_platform.ingest.bronze_schemas import SCHEMAS

LATEST = ("orders_latest", "marketing_spend_latest")
"""What several tables begin with."""
SILVER = (
    "events_clean",
    "events_quarantine",
    "sessions",
    "entity_activity",
    "experiment_exposures",
    "customers_clean",
    "products_clean",
    "orders_validated",
    "orders_quarantine",
    "marketing_spend_clean",
    "marketing_spend_quarantine",
    "touchpoints",
)
GOLD = (
    "daily_sales_summary",
    "product_performance",
    "conversion_funnel",
    "attributed_checkouts",
    "traffic_summary",
    "customer_lifetime_value",
)
WITHOUT_TRUTH = (
    "funnel_steps",
    "cohort_retention",
    "experiment_results",
    "conversion_paths",
    "channel_attribution",
)
"""Gold tables that the simulator keeps no truth of. Of `experiment_results` SQL tells what it can: sums and uplifts."""
MODELLED = {
    "customer_lifetime_value": (
        *("value_method", "probability_alive", "expected_purchases", "expected_purchase_value", "clv"),
        *("horizon_days", "discount_rate"),
    ),
    "experiment_results": (
        "uplift_low",
        "uplift_high",
        "relative_low",
        "relative_high",
        "p_value",
        "adjusted_p_value",
        "reason",
        "cuped_low",
        "cuped_high",
        "cuped_p_value",
        "variance_reduction",
        "cuped_reason",
        "always_valid_p_value",
        "sequence_low",
        "sequence_high",
        "mixing_variance",
        "confidence_level",
        "sample_ratio_p_value",
        "sample_ratio_ok",
    ),
}
"""Columns that come of a model, which SQL does not have: `lib/customer_value` and `lib/experiments` have them."""
TOLERANCES = {"experiment_results": 1e-9}
"""Variances out of sums of squares differ from those that a database finds in one pass, and small uplifts even more."""
FITTED = ("customer_value_models", "customer_value_holdout", "channel_effects")
"""Gold tables of fitted models alone; held against published figures and other programs where they are fitted."""
MODELLED_ROWS = {"channel_attribution": "model IN ('markov', 'shapley')"}
"""Rows that come of a fitted model, in SQL: `transforms/test_fitted_credit.py` has them."""
TABLES = (*SILVER, *GOLD, *WITHOUT_TRUTH)
"""Every table of the oracle, in the order in which one may refer to another."""

KEYS = {
    "events_clean": ("event_date", "event_id"),
    "events_quarantine": ("event_date", "event_id"),
    "sessions": ("session_id",),
    "entity_activity": ("activity_date", "entity_id"),
    "experiment_exposures": ("exposure_date", "experiment", "variant", "entity_id"),
    "customers_clean": ("customer_id",),
    "products_clean": ("product_id",),
    "orders_validated": ("order_id", "product_id"),
    "orders_quarantine": ("order_id", "product_id"),
    "marketing_spend_clean": ("spend_date", "channel", "source", "medium", "campaign"),
    "marketing_spend_quarantine": ("spend_date", "channel", "source", "medium", "campaign"),
    "daily_sales_summary": ("date", "product_category", "region"),
    "product_performance": ("date", "product_id"),
    "conversion_funnel": ("date", "channel", "device_type"),
    "funnel_steps": ("date", "funnel", "dimension", "segment", "step"),
    "attributed_checkouts": ("checkout_id", "date"),
    "traffic_summary": ("window_start", "event_name", "channel", "country"),
    "customer_lifetime_value": ("customer_id",),
    "touchpoints": ("touch_type", "touch_id"),
    "conversion_paths": ("outcome", "path_id"),
    "channel_effects": ("date", "model", "channel"),
    "channel_attribution": ("date", "channel", "campaign", "model"),
    "customer_value_models": ("model",),
    "customer_value_holdout": ("repeat_purchases",),
    "cohort_retention": ("cohort_by", "period", "cohort_start", "age"),
    "experiment_results": ("experiment", "metric", "variant"),
}
"""What identifies a row of each table."""


def query(table: str) -> str:
    """The SELECT of a table."""
    return Path(__file__).with_name(f"{table}.sql").read_text()


def views(
    con: duckdb.DuckDBPyConnection,
    bronze_uri: str | Path,
    *,
    currency: str = "USD",
    timeout: timedelta = timedelta(minutes=30),
    window: timedelta = timedelta(hours=1),
    as_of: date | None = None,
    consent_default: str = "granted",
    lookback: timedelta = timedelta(days=30),
    materialize: bool = False,
) -> None:
    """Name bronze and every table in a connection.

    Args:
        con: Gets the views, the parameters as variables, and UTC as its time zone.
        bronze_uri: Folder of the bronze tables (`<lake>/bronze`); a table without any file is empty.
        currency: The shop's.
        timeout: A longer gap ends a session.
        window: How long before a checkout a click may be.
        as_of: Day that customers' ages are counted to; None: the newest day of `orders_validated`.
        consent_default: What holds for an event that says nothing of consent.
        lookback: How long before its end a path of touches may begin.
        materialize: Make tables instead of views, for when many are read.
    """
    con.execute("SET TimeZone = 'UTC'")
    for name, schema in SCHEMAS.items():
        if any(Path(bronze_uri, name).rglob("*.parquet")):
            files = f"{bronze_uri}/{name}/**/*.parquet".replace("'", "''")
            con.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{files}', hive_partitioning = false)")
        else:
            con.register(name, schema.empty_table())
    con.execute("SET VARIABLE currency = $1::VARCHAR", [currency])
    con.execute("SET VARIABLE timeout = $1::INTERVAL", [timeout])
    con.execute('SET VARIABLE "window" = $1::INTERVAL', [window])
    con.execute("SET VARIABLE consent_default = $1::VARCHAR", [consent_default])
    con.execute("SET VARIABLE lookback = $1::INTERVAL", [lookback])
    kind = "TABLE" if materialize else "VIEW"
    for table in (*LATEST, *TABLES):
        if table == "customer_lifetime_value":
            newest = (
                con.execute("SELECT max(order_date) FROM orders_validated").fetchone() if as_of is None else (as_of,)
            )
            con.execute("SET VARIABLE as_of = $1::DATE", [newest and newest[0]])
        con.execute(f"CREATE {kind} {table} AS {query(table)}")


def rows(con: duckdb.DuckDBPyConnection, table: str) -> pl.DataFrame:
    """A table of the oracle, ordered by its key."""
    return con.sql(f"SELECT * FROM {table} ORDER BY {', '.join(KEYS[table])}").pl()
