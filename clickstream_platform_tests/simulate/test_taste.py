"""What invented people put into their baskets."""

import numpy as np
import pytest

from clickstream_platform.simulate.block import draw_goods
from clickstream_platform.simulate.draws import generator
from clickstream_platform.simulate.taste import BY_PRICE, spending_factor, tastes
from clickstream_platform.simulate.world import PRICES, PRODUCTS

ALL_TASTES = np.arange(1024, dtype=np.int64)


def test_baskets_cost_what_the_taste_says() -> None:
    taste = np.repeat(ALL_TASTES, 200)
    goods = draw_goods(generator(1, 2), np.full(len(taste), 2), PRODUCTS, taste)
    cost = np.bincount(taste[goods.unit] // 64, weights=goods.price * goods.quantity) / (64 * 200 * 2)

    known = spending_factor(ALL_TASTES).reshape(16, 64).mean(axis=1)
    assert cost / cost.mean() == pytest.approx(known, rel=0.04)


def test_tastes_range_from_a_third_to_almost_three_times_the_average() -> None:
    factor = spending_factor(ALL_TASTES)

    assert (np.diff(factor) > 0).all()
    assert factor.mean() == pytest.approx(1)
    assert (factor[0], factor[-1]) == (pytest.approx(0.31, abs=0.02), pytest.approx(2.69, abs=0.02))


def test_a_unit_has_no_product_twice_whatever_the_taste() -> None:
    counts = np.full(20_000, 6)
    for available in (PRODUCTS, PRODUCTS - 4):
        goods = draw_goods(generator(3, 4), counts, available, tastes(np.arange(20_000)))

        assert goods.product.max() < available
        assert len(np.unique(goods.unit * PRODUCTS + goods.product)) == len(goods.unit)
        assert len(np.unique(goods.product)) == available
        assert 1 <= goods.quantity.min() <= goods.quantity.max() <= 4


def test_shelves_hold_every_product_once_the_cheapest_first() -> None:
    assert sorted(BY_PRICE.ravel().tolist()) == list(range(PRODUCTS))
    assert (np.diff(PRICES[BY_PRICE], axis=1) >= 0).all()
