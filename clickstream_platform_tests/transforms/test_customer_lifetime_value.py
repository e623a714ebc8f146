"""customer_lifetime_value."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from clickstream_platform import transforms
from clickstream_platform.transforms import HISTORY, SpendingModel, last_order_date, purchase_histories
from clickstream_platform_tests.transforms.rows import DAY, MOMENT, MONEY, at, found, frame, only

LINES = {
    "order_id": pl.String,
    "customer_id": pl.String,
    "status": pl.String,
    "total_amount": MONEY,
    "order_time": MOMENT,
    "order_date": pl.Date,
}

FORECASTS = {
    **dict.fromkeys(HISTORY, pl.Int64),
    **dict.fromkeys(("probability_alive", "expected_purchases", "discounted_purchases"), pl.Float64),
}


def bought(customer: str, days_ago: int = 0, amount: str = "10.00", order: str = "o", **fields: Any) -> dict[str, Any]:
    day = DAY - timedelta(days=days_ago)
    return {
        "order_id": f"{customer}-{order}-{days_ago}",
        "customer_id": customer,
        "status": "completed",
        "total_amount": Decimal(amount),
        "order_time": at("12:00", day),
        "order_date": day,
        **fields,
    }


def customer_lifetime_value(
    orders: Any, forecasts: list[dict[str, Any]] | None = None, *, as_of: date = DAY, horizon: int = 30, **more: Any
) -> Any:
    histories = purchase_histories(orders, until=as_of, recent_days=horizon)
    forecast = frame(forecasts or [], FORECASTS)
    return transforms.customer_lifetime_value(
        orders, histories, forecast, as_of=as_of, horizon_days=horizon, discount_rate=0.1, **more
    )


def values(*lines: dict[str, Any], **more: Any) -> dict[str, dict[str, Any]]:
    answer = found(customer_lifetime_value(frame(list(lines), LINES), **more))
    return {row["customer_id"]: row for row in answer}


def forecast(x: int, t_x: int, T: int, alive: float, purchases: float, discounted: float) -> dict[str, Any]:
    return dict(zip(FORECASTS, (x, t_x, T, alive, purchases, discounted), strict=True))


def test_orders_spending_and_days_of_a_customer() -> None:
    row = values(bought("c", 10, "1.00"), bought("c", 10, "0.01"), bought("c", 3, "2.00"))["c"]
    assert (row["total_orders"], row["total_spent"], row["avg_order_value"]) == (2, Decimal("3.01"), Decimal("1.51"))
    assert (row["days_since_first_order"], row["recency_days"], row["as_of"]) == (10, 3, DAY)


def test_days_are_calendar_days_over_leap_days_and_years() -> None:
    line = bought("c", order_time=at("23:59:59", date(2020, 2, 28)), order_date=date(2020, 2, 28))
    assert only(customer_lifetime_value(frame([line], LINES), as_of=date(2024, 3, 1)))["recency_days"] == 1463


@pytest.mark.parametrize("status", ["cancelled", "refunded"])
def test_cancelled_and_refunded_orders_do_not_count(status: str) -> None:
    assert values(bought("c", status=status)) == {}


def test_orders_after_the_day_are_ignored() -> None:
    assert values(bought("c", days_ago=-1)) == {}


def test_single_customer_is_recent_and_rare() -> None:
    row = values(bought("c"))["c"]
    assert (row["recency_score"], row["frequency_score"], row["monetary_score"]) == (5, 1, 1)
    assert row["rfm_segment"] == "new_customers"


def test_scores_are_fifths_of_the_places() -> None:
    rows = values(*(bought(f"c{place}", place, f"{place + 1}.00") for place in range(11)))
    assert [rows[f"c{place}"]["monetary_score"] for place in range(11)] == [1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert [rows[f"c{place}"]["recency_score"] for place in range(11)] == [5, 5, 5, 4, 4, 3, 3, 2, 2, 1, 1]


def test_equal_spending_and_recency_share_the_lowest_place() -> None:
    rows = values(*(bought(f"c{place}") for place in range(5)))
    assert {row["monetary_score"] for row in rows.values()} == {1}
    assert {row["recency_score"] for row in rows.values()} == {5}


def test_equal_frequencies_are_told_apart_by_the_first_order_then_the_id() -> None:
    rows = values(bought("b", 1), bought("a", 1), bought("z", 9), bought("y", 5), bought("x", 0), bought("x", 2))
    order = sorted(rows, key=lambda name: rows[name]["frequency_score"])
    assert order == ["z", "y", "a", "b", "x"]
    assert [rows[name]["frequency_score"] for name in order] == [1, 2, 3, 4, 5]


SEGMENTS = {
    "hibernating": ["11", "12", "21", "22"],
    "at_risk": ["13", "14", "23", "24"],
    "cant_lose": ["15", "25"],
    "about_to_sleep": ["31", "32"],
    "need_attention": ["33"],
    "loyal_customers": ["34", "35", "44", "45"],
    "promising": ["41"],
    "new_customers": ["51"],
    "potential_loyalists": ["42", "43", "52", "53"],
    "champions": ["54", "55"],
}


def test_every_pair_of_scores_has_its_segment() -> None:
    segment_of = {pair: name for name, pairs in SEGMENTS.items() for pair in pairs}
    assert len(segment_of) == 25
    # Customer (r, f) is the r-th most stale and orders f times: all 25 pairs of scores come up.
    lines = [
        bought(f"r{recency}f{often}", 10 * (5 - recency) + again, order=str(again))
        for recency in range(5)
        for often in range(5)
        for again in range(often + 1)
    ]
    rows = values(*lines)
    assert len({(row["recency_score"], row["frequency_score"]) for row in rows.values()}) >= 20
    for row in rows.values():
        assert row["rfm_segment"] == segment_of[f"{row['recency_score']}{row['frequency_score']}"]


def test_last_order_date_is_the_newest_day_of_any_order() -> None:
    assert last_order_date(frame([bought("a", 5), bought("b", 2, status="cancelled")], LINES)) == DAY - timedelta(
        days=2
    )
    assert last_order_date(frame([], LINES)) == date(1970, 1, 1)


def test_rfm_score_is_recency_then_frequency_then_monetary() -> None:
    rows = values(*(bought(f"c{place}", place, f"{place + 1}.00") for place in range(11)))
    for row in rows.values():
        assert row["rfm_score"] == f"{row['recency_score']}{row['frequency_score']}{row['monetary_score']}"
    assert rows["c0"]["rfm_score"][0] == "5" and rows["c0"]["rfm_score"][2] == "1"


def test_all_a_customer_buys_on_a_day_is_one_purchase() -> None:
    lines = [
        bought("c", 10, "1.00"),
        bought("c", 10, "2.00", order="p"),
        bought("c", 4, "5.00"),
        bought("c", 1, "3.50"),
    ]
    (history,) = found(purchase_histories(frame(lines, LINES), until=DAY, recent_days=5))
    assert tuple(history[name] for name in HISTORY) == (2, 9, 10)
    assert (history["repeat_spent"], history["recent_purchases"], history["recent_spent"]) == (
        Decimal("8.50"),
        2,
        Decimal("8.50"),
    )
    assert values(*lines)["c"]["repeat_purchases"] == 2


def test_recent_days_end_with_the_day_itself() -> None:
    lines = [bought("c", 0), bought("c", 4), bought("c", 5)]
    for days, purchases in ((1, 1), (5, 2), (6, 3)):
        (history,) = found(purchase_histories(frame(lines, LINES), until=DAY, recent_days=days))
        assert history["recent_purchases"] == purchases


def test_without_a_forecast_the_past_stands_for_the_future() -> None:
    row = values(bought("c", 40, "90.00"), bought("c", 20, "4.00"), bought("c", 3, "6.01"))["c"]
    assert (row["value_method"], row["probability_alive"]) == ("historic", None)
    assert (row["expected_purchases"], row["clv"]) == (2.0, Decimal("10.01"))
    assert row["expected_purchase_value"] == Decimal("33.34")
    assert (row["horizon_days"], row["discount_rate"]) == (30, 0.1)


def test_a_customers_forecast_is_that_of_their_history() -> None:
    lines = [bought("a", 10), bought("a", 3, "20.00"), bought("b", 10), bought("c", 9), bought("c", 3)]
    forecasts = [forecast(1, 7, 10, 0.5, 2.0, 1.5), forecast(0, 0, 10, 1.0, 0.25, 0.125), forecast(1, 7, 9, 0.9, 9, 9)]
    rows = values(*lines, forecasts=forecasts)
    assert {name: rows[name]["value_method"] for name in rows} == {"a": "bg_nbd", "b": "bg_nbd", "c": "historic"}
    assert (rows["a"]["probability_alive"], rows["a"]["expected_purchases"]) == (0.5, 2.0)
    assert (rows["a"]["expected_purchase_value"], rows["a"]["clv"]) == (Decimal("15.00"), Decimal("22.50"))
    assert (rows["b"]["expected_purchase_value"], rows["b"]["clv"]) == (Decimal("10.00"), Decimal("1.25"))


def test_expected_spending_is_what_lifetimes_expects() -> None:
    import pandas as pd
    from lifetimes import GammaGammaFitter

    theirs = GammaGammaFitter()
    theirs.params_ = pd.Series({"p": 6.25, "q": 3.74, "v": 15.44})
    amounts = {"a": ["10.00"], "b": ["10.00", "99.99"], "c": ["1.00", "35.10", "35.11"], "d": ["5.00"] * 9}
    lines = [bought(name, 20 - at, amount) for name, told in amounts.items() for at, amount in enumerate(told)]
    forecasts = [forecast(len(told) - 1, len(told) - 1, 20, 0.5, 3.0, 2.0) for told in amounts.values()]
    rows = values(*lines, forecasts=forecasts, spending=SpendingModel(6.25, 3.74, 15.44))
    for name, told in amounts.items():
        again = [float(amount) for amount in told[1:]]
        mean = sum(again) / len(again) if again else 0.0
        expected = theirs.conditional_expected_average_profit(pd.Series([len(again)]), pd.Series([mean])).item()
        assert rows[name]["value_method"] == "bg_nbd_gamma_gamma"
        assert float(rows[name]["expected_purchase_value"]) == pytest.approx(expected, abs=0.00501)
        assert float(rows[name]["clv"]) == pytest.approx(2 * expected, abs=0.00501)


def test_a_refund_larger_than_what_is_kept_leaves_nothing_negative() -> None:
    lines = [bought("c", 5, "10.00"), bought("c", 3, "500.00", status="refunded"), bought("d", 2, status="refunded")]
    rows = values(*lines)
    assert set(rows) == {"c"}
    assert (rows["c"]["total_spent"], rows["c"]["clv"], rows["c"]["repeat_purchases"]) == (Decimal(10), Decimal(10), 0)
