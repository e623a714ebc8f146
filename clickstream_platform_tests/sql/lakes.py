"""A small lake of real Parquet objects."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl

FIRST = date(2024, 3, 1)
DAYS = 30


def write_lake(root: Path, days: int = DAYS) -> Path:
    """Ten sales rows and one event a day from 2024-03-01 on, and two customers."""
    for number in range(days):
        day = FIRST + timedelta(days=number)
        _write(root / "gold/daily_sales_summary", _sales(day), day)
        _write(root / "silver/events_clean", _event(day), day)
    customers = pl.DataFrame({"customer_id": ["c1", "c2"], "name": ["Ada", "Grace\x1b[31m"]})
    _write(root / "silver/customers_clean", customers, None)
    return root


def _sales(day: date) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "date": [day] * 10,
            "product_category": [f"category {n}" for n in range(10)],
            "region": ["EU"] * 10,
            "total_orders": list(range(10)),
            "total_revenue": [Decimal("10.10")] * 10,
        },
        schema_overrides={"total_revenue": pl.Decimal(18, 2)},
    )


def _event(day: date) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "event_id": [f"e{day:%d}"],
            "event_time": [datetime(day.year, day.month, day.day, 12, tzinfo=UTC)],
            "event_date": [day],
            "items": [[{"product_id": "p1", "price": Decimal("2.50")}]],
        },
        schema_overrides={
            "event_time": pl.Datetime("us", "UTC"),
            "items": pl.List(pl.Struct({"product_id": pl.String, "price": pl.Decimal(18, 2)})),
        },
    )


def _write(table: Path, frame: pl.DataFrame, day: date | None) -> None:
    folder = table / f"year={day:%Y}/month={day:%m}/day={day:%d}" if day else table
    folder.mkdir(parents=True)
    frame.write_parquet(folder / "data.parquet")
