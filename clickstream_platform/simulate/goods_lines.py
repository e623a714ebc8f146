"""The goods in events' JSON: one, a whole cart, or a list of what is for sale."""

import numpy as np
import polars as pl

from clickstream_platform.simulate.block import Block, shows_cart
from clickstream_platform.simulate.draws import amounts, joined
from clickstream_platform.simulate.world import CATEGORIES, CATEGORY_OF, CODE, PRODUCTS, product_id

_LISTS = 40


def items_of_events(block: Block) -> pl.Series:
    """The `items` of each event, nothing for events without goods."""
    events, units, goods = block.events, block.units, block.goods
    shown = [""] + [
        ',"items":['
        + ",".join(f'{{"product_id":"{product_id((7 * number + 31 * place) % PRODUCTS)}"}}' for place in range(4))
        + "]"
        for number in range(_LISTS)
    ]
    priced = ~units.no_prices[goods.unit]
    quantities = pl.Series(["", "", *(f',"quantity":{count}' for count in range(2, 10))])
    single = joined(
        [
            pl.Series([f'{{"product_id":"{product_id(number)}"' for number in range(PRODUCTS)]).gather(goods.product),
            pl.concat([pl.Series([""]), ',"price":' + amounts(goods.price)]).gather(
                np.where(priced, np.arange(len(goods.product)) + 1, 0)
            ),
            quantities.gather(goods.quantity),
            pl.Series([_category(number) for number in range(PRODUCTS)]).gather(goods.product),
        ]
    )
    cart = block.cart
    carts = (
        pl.DataFrame({"unit": goods.unit[cart], "item": single.filter(pl.Series(cart))})
        .group_by("unit", maintain_order=True)
        .agg(pl.col("item").str.join(",").alias("items"))
    )
    place = np.zeros(len(events), dtype=np.int64)
    listing = events.kind == CODE["view_item_list"]
    place[listing] = 1 + events.number[listing] % _LISTS
    one = events.goods >= 0
    place[one] = len(shown) + events.goods[one]
    at = np.full(len(units), -1, dtype=np.int64)
    at[carts["unit"].to_numpy()] = np.arange(len(carts))
    whole = shows_cart(events.step) & (at[events.unit] >= 0)
    place[whole] = len(shown) + len(single) + at[events.unit[whole]]
    pool = pl.concat([pl.Series(shown), ',"items":[' + single + "]", ',"items":[' + carts["items"] + "]"])
    return pool.gather(place)


def _category(number: int) -> str:
    """The category as events name it: now and then not at all, and never for the last two goods."""
    silent = number % 10 == 9 or number >= PRODUCTS - 2
    return "}" if silent else f',"category":"{CATEGORIES[int(CATEGORY_OF[number])]}"}}'
