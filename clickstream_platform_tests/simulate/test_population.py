"""How often invented people come and buy, and that nobody comes back after leaving."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from clickstream_platform.simulate import population
from clickstream_platform.simulate.config import ShopConfig
from clickstream_platform.simulate.draws import generator
from clickstream_platform.simulate.population import (
    SHAPE,
    Population,
    crawlers,
    dropout_probability,
    first_newcomer,
    is_crawler,
    visited_from,
    visits_a_day,
)
from clickstream_platform_tests.simulate.conftest import MakeShop, Shop

SHOP = ShopConfig(days=1, shoppers=5_000)


def test_the_table_of_visits_is_the_gamma_distribution() -> None:
    fewer = 1 - population._OFTEN[1:-1] / 4_096
    at_most = special.gammainc(SHAPE + 1, special.gammaincinv(SHAPE, fewer))

    assert population._SHARE[1:-1].tolist() == np.rint(1e6 * (1 - at_most)).tolist()
    assert (population._SHARE[[0, -1]].tolist(), population._OFTEN[[0, -1]].tolist()) == ([0, 1_000_000], [0, 4_096])


@pytest.mark.parametrize("shoppers", [1, 2, 7, 5_000, 20_000_000])
def test_visits_come_from_every_place_as_often_as_they_should(shoppers: int) -> None:
    shop = ShopConfig(shoppers=shoppers)
    place = visited_from(generator(1, 2), shop, 200_000)
    assert 0 <= place.min() <= place.max() < shoppers

    groups = min(shoppers, 20)
    edges = np.arange(groups + 1) * shoppers // groups
    found = np.histogram(place, edges)[0] / 200_000
    known = np.diff([_visits_before(shop, each) for each in edges.tolist()])

    assert known.sum() == pytest.approx(1)
    assert found == pytest.approx(known, rel=0.05, abs=0.001)


def _visits_before(shop: ShopConfig, place: int) -> float:
    """Share of the visits that come from the places before this one."""
    whole = ShopConfig(shoppers=1)
    if place <= 5_000:
        return float(visits_a_day(shop, np.arange(place)).sum()) / (shop.shoppers * 0.1)
    # Too many places to be added up one by one: the curve they follow, which for one shopper is all of it.
    assert visits_a_day(whole, np.zeros(1, dtype=np.int64))[0] == pytest.approx(0.1)
    return float(np.interp(place / shop.shoppers, population._OFTEN / 4_096, population._SHARE / 1e6))


def test_chances_to_leave_are_beta() -> None:
    chances = dropout_probability(np.arange(200_000, dtype=np.int64))

    assert stats.kstest(chances, stats.beta(1, 3).cdf).statistic < 0.005


def test_crawlers_kiosks_and_newcomers_have_numbers_of_their_own() -> None:
    numbers = np.arange(first_newcomer(SHOP) + 1, dtype=np.int64)
    bots = np.flatnonzero(is_crawler(SHOP, numbers))

    assert (bots.min(), bots.max() + 1) == (SHOP.shoppers, SHOP.shoppers + crawlers(SHOP))
    assert first_newcomer(SHOP) >= bots.max() + SHOP.days


def visits_of(people: Population, seed: int, day: int) -> tuple[np.ndarray, np.ndarray]:
    """Who comes when on a day: the same ones often, so that they buy again and leave."""
    rng = np.random.default_rng([seed, day])
    shopper = people.holder[rng.integers(0, len(people.holder), 60)]
    return shopper, 1_000_000 * (1 + day) + np.sort(rng.integers(0, 999_000, 60))


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**32), shoppers=st.integers(1, 30), days=st.integers(1, 12))
def test_everybody_has_one_place_and_who_left_has_none(seed: int, shoppers: int, days: int) -> None:
    people = Population.fresh(ShopConfig(shoppers=shoppers))
    before, bought = people.size, 0
    for day in range(days):
        shopper, start = visits_of(people, seed, day)
        buys = np.arange(60) % 2 == 0
        stays = people.stays(
            np.random.default_rng(seed), shopper, start, start + 1, buys=buys, errand=np.zeros(60, dtype=np.bool_)
        )
        bought += int((stays & buys).sum())
        left = people.left_at[shopper] >= 0
        assert (start[stays & left] < people.left_at[shopper[stays & left]]).all()

        assert sorted(people.place[people.holder].tolist()) == list(range(shoppers))
        assert (people.place[people.holder] == np.arange(shoppers)).all()
        assert (people.left_at[people.holder] == -1).all()
    leavers = np.flatnonzero(people.left_at >= 0)
    assert people.size - before == len(leavers)
    assert (people.purchases[leavers] >= 2).all()
    assert people.purchases.sum() == bought


def test_who_left_comes_for_errands_alone() -> None:
    people = Population.fresh(SHOP)
    people.left_at[[3, 4]] = 100
    shopper = np.array([3, 4, 5])

    stays = people.stays(
        np.random.default_rng(1),
        shopper,
        np.array([200, 201, 202]),
        np.array([300, 301, 302]),
        buys=np.array([True, False, True]),
        errand=np.array([False, True, False]),
    )

    assert stays.tolist() == [False, True, True]
    assert people.purchases[shopper].tolist() == [0, 0, 1]


def test_how_often_customers_come_has_nothing_to_do_with_how_often_they_came() -> None:
    people = Population.fresh(SHOP)
    keen = np.arange(400, dtype=np.int64)  # the first places have the most visits
    time = np.arange(400, dtype=np.int64)

    people.stays(np.random.default_rng(1), keen, time, time + 1, buys=time >= 0, errand=time < 0)

    now = people.place[keen] / SHOP.shoppers
    assert stats.kstest(now, "uniform").pvalue > 0.01
    assert (people.left_at[keen] == -1).all()


@pytest.fixture(scope="module")
def months(make_shop: MakeShop) -> Shop:
    """Days enough for customers to buy again and leave."""
    return make_shop(seed=3, dirty_rate=0.2, days=75, shoppers=600)


@pytest.mark.slow
def test_nobody_orders_after_leaving(months: Shop) -> None:
    months.con.register("traits", pl.read_parquet(months.out / "truth" / "customer_traits.parquet"))

    assert months.ask("SELECT count(*) > 10 FROM traits WHERE left_at IS NOT NULL") == [(True,)]
    assert months.ask("SELECT count(*) FROM orders JOIN traits USING (customer_id) WHERE order_time > left_at") == [
        (0,)
    ]


@pytest.mark.slow
def test_who_left_is_seen_for_refunds_alone(months: Shop) -> None:
    months.con.register("traits", pl.read_parquet(months.out / "truth" / "customer_traits.parquet"))

    later = "FROM events_clean JOIN traits ON customer_id = user_id WHERE event_time > left_at"
    names = dict(months.ask(f"SELECT event_name, count(*) {later} GROUP BY ALL"))
    assert set(names) <= {"page_view", "refund"}
    assert names.get("page_view", 0) == names.get("refund", 0)


@pytest.mark.slow
def test_purchases_of_the_traits_are_those_of_the_events(months: Shop) -> None:
    traits = pl.read_parquet(months.out / "truth" / "customer_traits.parquet")

    assert traits["purchases"].sum() == months.counts["notes"]["purchases"]
    assert (traits.filter(pl.col("left_at").is_not_null())["purchases"] >= 2).all()
    assert traits["customer_id"].n_unique() == traits.height


@pytest.mark.slow
def test_new_people_come_for_those_who_leave(months: Shop) -> None:
    newcomers = first_newcomer(ShopConfig(shoppers=600))

    came = "SELECT count(DISTINCT customer_id) FROM customers_clean WHERE customer_id[2:]::BIGINT >= "
    assert months.ask(f"{came} {newcomers}")[0][0] > 3
