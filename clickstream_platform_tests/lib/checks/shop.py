"""A small lake that is right in every table, and ways to break it."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from clickstream_platform.lake import Lake
from clickstream_platform.lib.checks import Verdict, evaluate
from clickstream_platform.schemas import TABLES
from clickstream_platform.schemas.attribution import ATTRIBUTION_MODELS

DAYS = [date(2024, 3, 4) + timedelta(days=i) for i in range(3)]
MONDAY, TUESDAY, WEDNESDAY = DAYS
SHOP_CURRENCY = "USD"


def noon(day: date, minutes: int = 0) -> datetime:
    return datetime.combine(day, time(12), UTC) + timedelta(minutes=minutes)


def rows(table: str, records: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """A frame of the table; columns that a record leaves out are null, or something of their type."""
    described = TABLES[table]
    schema = described.polars_schema()
    optional = {name for name, column in described.columns.items() if column.nullable}
    filler = {name: None if name in optional else _something(dtype) for name, dtype in schema.items()}
    return pl.DataFrame([{**filler, **record} for record in records], schema=schema, orient="row")


def _something(dtype: pl.DataType) -> Any:
    match dtype:
        case pl.String():
            return "x"
        case pl.List():
            return []
        case pl.Decimal():
            return Decimal("1.00")
        case pl.Date():
            return MONDAY
        case pl.Datetime():
            return noon(MONDAY)
        case pl.Boolean():
            return False
        case _:
            return 1


def good_lake(folder: Path, days: Sequence[date] = DAYS) -> Lake:
    """A shop with, each day, an event that came twice, an order line in two versions, and one of each in quarantine."""
    lake = Lake(str(folder))
    for table, of_day in TABLES_BY_DAY.items():
        lake.replace(table, rows(table, [record for day in days for record in of_day(day)]).lazy(), days)
    for table, records in WHOLE_TABLES.items():
        lake.replace(table, rows(table, records(days[-1])).lazy())
    return lake


def _event(day: date, name: str, event: str = "page_view", **more: Any) -> dict[str, Any]:
    told = {"event_id": f"{name}-{day}", "event_name": event, "event_time": noon(day), "event_date": day}
    return told | {"analytics_consent": True, "ads_consent": True} | more


def _line(day: date, order: str, **more: Any) -> dict[str, Any]:
    return {
        "order_id": f"{order}-{day}",
        "product_id": "mug",
        "customer_id": "ada",
        "order_time": noon(day),
        "order_date": day,
        "total_amount": Decimal("20.00"),
        "status": "completed",
    } | more


def _spend(day: date, currency: str = SHOP_CURRENCY, **more: Any) -> dict[str, Any]:
    """A line of spend; those of one currency are of one campaign."""
    origin = {"channel": "Paid Search", "source": "google", "medium": "cpc", "campaign": f"in {currency}"}
    return {"spend_date": day, **origin, "cost": Decimal("9.50")} | more


_FROM_A_NEWSLETTER = {"channel": "Email", "source": "news", "medium": "email", "campaign": "spring"}


def _bronze_events(day: date) -> list[dict[str, Any]]:
    """Each day somebody looks, buys, and comes again."""
    events = [_event(day, "look"), _event(day, "look"), _event(day, "again", event_time=noon(day, 2))]
    return [*events, _event(day, "buy", "purchase", event_time=noon(day, 1)), _event(day, "odd", "purchase")]


def _events_clean(day: date) -> list[dict[str, Any]]:
    view: dict[str, Any] = {**_FROM_A_NEWSLETTER, "has_source": True, "is_touch": True, "revenue": Decimal(0)}
    return [
        _event(day, "look", **view, experiments=[{"experiment": "button", "variant": "A"}]),
        _event(day, "again", event_time=noon(day, 2), **view),
        _event(day, "buy", "purchase", event_time=noon(day, 1), order_id=f"known-{day}", revenue=Decimal("20.00")),
    ]


def _touchpoints(day: date) -> list[dict[str, Any]]:
    at = {"look": noon(day), "again": noon(day, 2)}
    origin = {**_FROM_A_NEWSLETTER, "touch_type": "source", "is_direct": False}
    return [{"touch_id": f"{name}-{day}", "touched_at": time, "date": day, **origin} for name, time in at.items()]


def _conversion_paths(day: date) -> list[dict[str, Any]]:
    """What was looked at led to the order; coming again has led to nothing."""
    touch = {"position": 1, "touched_at": noon(day), "channel": "Email", "campaign": "spring"}
    led = {"date": day, "path": "Email", "touch_count": 1}
    bought = {"path_id": f"buy-{day}", "outcome": "conversion", "ended_at": noon(day, 1), "order_id": f"known-{day}"}
    again = {"path_id": f"x@{noon(day, 2)}", "outcome": "open", "ended_at": noon(day, 2), "revenue": Decimal(0)}
    return [
        {**led, **bought, "revenue": Decimal("20.00"), "first_touch_at": noon(day), "touches": [touch]},
        {**led, **again, "first_touch_at": noon(day, 2)},
    ]


def _channel_effects(day: date) -> list[dict[str, Any]]:
    """Of the paths up to the day, one of two converted, and none would have without e-mail."""
    so_far = (day - MONDAY).days + 1
    counts = {"date": day, "channel": "Email", "share": 1.0, "paths": 2 * so_far, "conversions": so_far}
    return [{**counts, "model": model, "effect": effect} for model, effect in (("markov", 1.0), ("shapley", 0.5))]


def _channel_attribution(day: date) -> list[dict[str, Any]]:
    nothing = dict.fromkeys(("revenue", "refunds", "net_revenue"), Decimal(0))
    paid = dict.fromkeys(("revenue", "net_revenue"), Decimal("20.00"))
    email = {"channel": "Email", "campaign": "spring", "conversions": 1.0, **nothing, **paid}
    spent = {"cost": Decimal("9.50"), "roas": 0.0}
    search = {"channel": "Paid Search", "campaign": f"in {SHOP_CURRENCY}", "conversions": 0.0, **nothing, **spent}
    return [{"date": day, "model": model, **cell} for model in ATTRIBUTION_MODELS for cell in (email, search)]


_NO_ACTIVITY = dict.fromkeys(("page_views", "item_views", "carts", "purchases", "refunds"), 0)
TABLES_BY_DAY: dict[str, Callable[[date], list[dict[str, Any]]]] = {
    "events": _bronze_events,
    "orders": lambda day: [_line(day, "known"), _line(day, "known", status="shipped"), _line(day, "waits")],
    "events_clean": _events_clean,
    "events_quarantine": lambda day: [
        _event(day, "odd", "purchase", order_id=f"waits-{day}", reason="foreign_currency")
    ],
    "orders_validated": lambda day: [_line(day, "known", status="shipped")],
    "orders_quarantine": lambda day: [_line(day, "waits", reason="unknown_customer")],
    "marketing_spend": lambda day: [_spend(day), _spend(day, "USD"), _spend(day, "EUR")],
    "marketing_spend_clean": lambda day: [_spend(day)],
    "marketing_spend_quarantine": lambda day: [_spend(day, "EUR", reason="foreign_currency")],
    "sessions": lambda day: [
        {
            "session_id": f"ada@{day}",
            "session_date": day,
            "start_reason": "first_event",
            **_FROM_A_NEWSLETTER,
            "started_at": noon(day),
            "ended_at": noon(day, 2),
            "events": 3,
            "view_item_at": noon(day, 1),
            "add_to_cart_at": noon(day, 2),
        }
    ],
    "touchpoints": _touchpoints,
    "entity_activity": lambda day: [{"entity_id": "x", "activity_date": day, "events": 3, **_NO_ACTIVITY}],
    "experiment_exposures": lambda day: [
        {
            "exposure_date": day,
            "experiment": "button",
            "variant": "A",
            "entity_id": "x",
            **{f"{count}_after": 0 for count in ("events", *_NO_ACTIVITY)},
        }
    ],
    "daily_sales_summary": lambda day: [
        {
            "date": day,
            "total_orders": 3,
            "total_revenue": Decimal("20.00"),
            "avg_order_value": Decimal("6.67"),
            "unique_customers": 2,
        }
    ],
    "product_performance": lambda day: [{"date": day, "product_id": "mug"}],
    "conversion_funnel": lambda day: [
        {"date": day, "channel": channel, "sessions": 9, "view_item": 5, "add_to_cart": 5, "begin_checkout": 1}
        for channel in ("Direct", "Email")
    ],
    "funnel_steps": lambda day: [
        {
            "date": day,
            "funnel": "ecommerce",
            "dimension": "all",
            "segment": "all",
            "step": step,
            "entered": 9,
            "reached": 9 if step == 1 else 3,
            "dropped": 0 if step == 1 else 6,
            "conversion_from_first": 1.0 if step == 1 else 1 / 3,
            "conversion_from_previous": 1.0 if step == 1 else 1 / 3,
        }
        for step in (1, 2)
    ],
    "conversion_paths": _conversion_paths,
    "channel_effects": _channel_effects,
    "channel_attribution": _channel_attribution,
    "attributed_checkouts": lambda day: [
        {
            "date": day,
            "checkout_id": f"buy-{day}",
            "checkout_time": noon(day),
            "is_attributed": True,
            "click_id": "c",
            "click_time": noon(day, -9),
        }
    ],
    "traffic_summary": lambda day: [{"date": day, "window_start": noon(day, 5), "events": 4, "sessions": 2}],
}
WHOLE_TABLES: dict[str, Callable[[date], list[dict[str, Any]]]] = {
    "customers": lambda _: [{"customer_id": name} for name in ("ada", "ada", "bob")],
    "products": lambda _: [{"product_id": "mug"}],
    "customers_clean": lambda _: [
        {"customer_id": "ada", "email": "ada@shop.test", "name": "Ada"},
        {"customer_id": "bob", "phone": "+12025550123", "name": "Bob"},
    ],
    "products_clean": lambda _: [{"product_id": "mug", "price": Decimal("5.00")}],
    "cohort_retention": lambda _: [{"cohort_by": "sign_up", "period": "week"}],
    "experiment_results": lambda _: [
        {
            "experiment": "button",
            "metric": "conversion",
            "variant": variant,
            "reason": "control",
            "cuped_reason": "control",
            "expected_share": 0.5,
        }
        for variant in ("A", "B")
    ],
    "customer_lifetime_value": lambda day: [
        {
            "customer_id": "ada",
            "rfm_segment": "champions",
            "as_of": day,
            "rfm_score": "111",
            "repeat_purchases": 0,
            "value_method": "bg_nbd",
            "probability_alive": 1.0,
        }
    ],
    "customer_value_models": lambda day: [
        {
            "model": "bg_nbd",
            "training_end": day,
            **dict.fromkeys(("r", "alpha", "a", "b", "log_likelihood"), 1.0),
            "converged": True,
        }
    ],
    "customer_value_holdout": lambda day: [
        {
            "repeat_purchases": 0,
            "calibration_end": day - timedelta(days=1),
            "holdout_end": day,
            "actual_purchases": 1.0,
            "expected_purchases": 1.0,
        }
    ],
}


def stored_object(lake: Lake, table: str, day: date | None = MONDAY) -> Path:
    (path,) = lake.objects(table, None if day is None else [day])
    return Path(lake.uri) / path


def rewrite(lake: Lake, table: str, change: Callable[[pl.DataFrame], pl.DataFrame], day: date | None = MONDAY) -> None:
    """Change an object behind the lake's back, which itself refuses rows and columns that do not fit."""
    path = stored_object(lake, table, day)
    change(pl.read_parquet(path, hive_partitioning=False)).write_parquet(path)


def failed(lake: Lake, table: str, days: Sequence[date] | None = None) -> dict[tuple[str, date | None], Verdict]:
    """The verdicts that did not pass, by check and day."""
    verdicts = evaluate(lake, table, days)
    return {(verdict.info.name, verdict.day): verdict for verdict in verdicts if not verdict.passed}
