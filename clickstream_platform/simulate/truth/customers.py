"""What only the simulator knows of its customers, to hold forecasts against."""

import numpy as np
import polars as pl

from clickstream_platform.simulate.config import ShopConfig
from clickstream_platform.simulate.ids import user_ids
from clickstream_platform.simulate.population import Population, dropout_probability, purchases_a_day
from clickstream_platform.simulate.taste import spending_factor, tastes
from clickstream_platform.simulate.truth.columns import moments, typed

_PLACES = 9


def customer_traits(config: ShopConfig, people: Population) -> pl.DataFrame:
    """One row a person who has bought on a visit.

    `purchase_rate` is purchases a day on average while they stay, `dropout_probability` the chance to leave after each
    purchase but the first, `spending_factor` what they spend on a product over what all do on average; `left_at` (UTC)
    the end of their last visit, null for those who have not left. Figures are rounded, as processors may differ in
    their last bit.
    """
    who = np.flatnonzero(people.purchases)
    left = people.left_at[who]
    frame = pl.DataFrame(
        {
            "customer_id": user_ids(who),
            "purchases": people.purchases[who],
            "purchase_rate": purchases_a_day(config, people.place[who]).round(_PLACES),
            "dropout_probability": dropout_probability(who).round(_PLACES),
            "spending_factor": spending_factor(tastes(who)).round(_PLACES),
            "left_at": moments(left, left >= 0),
        }
    )
    return typed("customer_traits", frame)
