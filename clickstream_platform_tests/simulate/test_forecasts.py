"""What the platform forecasts of customers, held against what the simulator knows of them.

Half a year and two more months, drawn without their files. The models see the orders of the half year alone.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import narwhals as nw
import numpy as np
import polars as pl
import pytest
from scipy.stats import spearmanr

from clickstream_platform.lib.customer_value import fitted_models, holdout_by_frequency, valued_customers
from clickstream_platform.simulate.blocks import blocks_of_day
from clickstream_platform.simulate.config import ShopConfig
from clickstream_platform.simulate.ids import order_ids, user_ids
from clickstream_platform.simulate.journey import DAY
from clickstream_platform.simulate.memory import Memory
from clickstream_platform.simulate.orders import STATUSES, orders_of_block, plan_refunds
from clickstream_platform.simulate.population import Population
from clickstream_platform.simulate.tally import Tally
from clickstream_platform.simulate.truth.columns import dates, moments, money
from clickstream_platform.simulate.truth.customers import customer_traits

pytestmark = pytest.mark.slow

HORIZON = 61
SHOP = ShopConfig(days=184 + HORIZON, shoppers=8_000, seed=1, dirty_rate=0.0)
TODAY = date(2024, 8, 31)
"""Six whole months of history: the models are fitted up to the month's end before the newest order, a month earlier."""
TOMORROW = datetime.combine(TODAY + timedelta(days=1), datetime.min.time(), UTC)


@dataclass(frozen=True)
class Known:
    """A shop's past as the platform sees it, and everything else.

    Attributes:
        past: Order lines until today.
        models: What was fitted on them.
        customers: Today's `customer_lifetime_value`, with the traits of each and whether they have left.
        bought: Purchases (days with a sale) of today's customers after today.
    """

    past: pl.DataFrame
    models: pl.DataFrame
    customers: pl.DataFrame
    bought: int


@pytest.fixture(scope="module")
def known() -> Known:
    people = Population.fresh(SHOP)
    orders = _orders(people)
    past = orders.filter(pl.col("order_date") <= TODAY)
    models = fitted_models(nw.from_native(past.lazy())).to_native().collect()
    valued = valued_customers(
        nw.from_native(past.lazy()), nw.from_native(models.lazy()), horizon_days=HORIZON, discount_rate=0.1
    )
    customers = valued.to_native().collect().join(customer_traits(SHOP, people), on="customer_id", how="left")
    assert customers["purchase_rate"].null_count() == 0
    later = (
        orders.filter(pl.col("order_date") > TODAY, ~pl.col("status").is_in(["cancelled", "refunded"]))
        .join(customers, on="customer_id", how="semi")
        .select("customer_id", "order_date")
    )
    stayed = pl.col("left_at").is_null() | (pl.col("left_at") >= TOMORROW)
    return Known(past, models, customers.with_columns(stayed=stayed), later.n_unique())


def _orders(people: Population) -> pl.DataFrame:
    """All order lines of the shop, with their final status."""
    memory, tally, parts = Memory.fresh(SHOP, people), Tally(SHOP), []
    for day in range(SHOP.days):
        for block in blocks_of_day(SHOP, memory, day):
            plan_refunds(SHOP, memory, block)
            lines = orders_of_block(SHOP, tally, block)
            parts.append(
                pl.DataFrame(
                    {
                        "order_id": order_ids(lines.order),
                        "customer_id": user_ids(lines.customer),
                        "order_time": moments(lines.time),
                        "order_date": dates(lines.time // DAY),
                        "status": pl.Series(STATUSES).gather(lines.final),
                        "total_amount": money(lines.total),
                    }
                )
            )
    return pl.concat(parts)


def repeaters(known: Known) -> pl.DataFrame:
    """Customers who bought again: of all others BG/NBD says that they are alive."""
    return known.customers.filter(pl.col("repeat_purchases") > 0)


def test_both_models_hold(known: Known) -> None:
    assert known.models["converged"].all()
    assert known.customers["value_method"].unique().to_list() == ["bg_nbd_gamma_gamma"]


def test_who_has_left_is_less_probably_alive(known: Known) -> None:
    alive = pl.col("probability_alive").mean()
    everybody = dict(known.customers.group_by("stayed").agg(alive).iter_rows())
    came_back = dict(repeaters(known).group_by("stayed").agg(alive).iter_rows())

    assert everybody[False] < 0.6 < 0.8 < everybody[True]
    assert came_back[True] > came_back[False] + 0.12
    assert repeaters(known)["stayed"].mean() == pytest.approx(repeaters(known)["probability_alive"].mean(), abs=0.06)


def test_the_share_of_those_who_stayed_rises_with_the_probability(known: Known) -> None:
    alive = repeaters(known)
    assert alive.height > 1_000
    tenths = (
        alive.with_columns(tenth=(pl.col("probability_alive").rank("ordinal") - 1) * 10 // alive.height)
        .group_by("tenth")
        .agg(pl.col("probability_alive").mean(), pl.col("stayed").mean())
        .sort("tenth")
    )

    said, stayed = tenths["probability_alive"].to_numpy(), tenths["stayed"].to_numpy()
    assert said[0] < 0.2
    assert said[-1] > 0.8
    assert (np.diff(stayed.reshape(5, 2).mean(axis=1)) > 0.05).all(), (
        tenths
    )  # a tenth alone has a standard error of 4 %
    assert spearmanr(said, stayed).statistic > 0.95
    assert stayed == pytest.approx(said, abs=0.08)


def test_as_many_purchases_come_as_were_expected(known: Known) -> None:
    assert known.bought > 1_000
    assert known.customers["expected_purchases"].sum() == pytest.approx(known.bought, rel=0.08)


def test_the_holdout_lies_on_the_diagonal(known: Known) -> None:
    table = holdout_by_frequency(nw.from_native(known.past.lazy()), horizon_days=HORIZON).to_native().collect()
    sums = table.with_columns(pl.col("actual_purchases", "expected_purchases") * pl.col("customers"))
    actual, expected = sums["actual_purchases"], sums["expected_purchases"]

    assert expected.sum() == pytest.approx(actual.sum(), rel=0.1)
    many = sums["customers"] > 100
    assert many.sum() >= 3
    assert expected.filter(many).to_numpy() == pytest.approx(actual.filter(many).to_numpy(), rel=0.2)


def test_the_fit_finds_how_the_customers_were_made(known: Known) -> None:
    """Rates are Gamma(1/3), chances to leave Beta(1, 3); of a hundred purchases 88 are sales."""
    (row,) = known.models.filter(pl.col("model") == "bg_nbd").iter_rows(named=True)

    assert row["r"] == pytest.approx(1 / 3, rel=0.2)
    assert row["r"] / row["alpha"] == pytest.approx(0.1 * 0.15 * 0.88, rel=0.2)
    assert row["a"] / (row["a"] + row["b"]) == pytest.approx(1 / 4, abs=0.06)


def test_forecasts_of_spending_follow_what_people_spend(known: Known) -> None:
    often = known.customers.filter(pl.col("repeat_purchases") >= 4)
    once = known.customers.filter(pl.col("repeat_purchases") == 1)

    assert _rank_correlation(often) > 0.6
    assert 0.3 < _rank_correlation(once) < _rank_correlation(often)


def _rank_correlation(customers: pl.DataFrame) -> float:
    value = pl.col("expected_purchase_value").cast(pl.Float64)
    return float(customers.select(pl.corr(value, "spending_factor", method="spearman")).item())
