"""A kiosk in a shop's foyer: someone is always at it, for days, and never away for half an hour.

Its sessions end by the rule that an activity lasts until the end of the day after it began at most.
"""

import numpy as np
import numpy.typing as npt

from clickstream_platform.simulate.block import Block, Events, Units, draw_goods, goods_of_events
from clickstream_platform.simulate.config import ShopConfig
from clickstream_platform.simulate.consent import NOT_ASKED
from clickstream_platform.simulate.draws import chance, generator, positions
from clickstream_platform.simulate.journey import DAY, HOUR, KIND_OF_STEP, MINUTE, STEP, STEPS
from clickstream_platform.simulate.population import crawlers
from clickstream_platform.simulate.taste import tastes
from clickstream_platform.simulate.visits import KIOSK
from clickstream_platform.simulate.world import CATEGORIES, KIOSK_BROWSER, ghosts

KIOSK_BLOCK = (1 << 20) - 1
"""Block number of the day's kiosk: far above those of visits."""

_EVERY, _FIRST, _LASTS = 10, 1, 4
_STAYS = 120


def kiosk_block(config: ShopConfig, day: int) -> tuple[Block, npt.NDArray[np.str_]] | None:
    """The kiosk that is put up on this day, if one is, with the reasons why its sessions began."""
    if day % _EVERY != _FIRST or day + _LASTS > config.days:
        return None
    rng = generator(config.seed, KIOSK, day)
    counts = np.zeros((_STAYS, len(STEPS)), dtype=np.int64)
    for name, per_million in (
        ("look_around", 900_000),
        ("list", 700_000),
        ("search", 200_000),
        ("view_0", 1_000_000),
        ("add_0", 500_000),
        ("cart", 300_000),
        ("checkout", 200_000),
    ):
        counts[:, STEP[name]] = chance(rng, per_million, _STAYS)
    cell, _ = positions(counts.ravel())
    unit, step = np.divmod(cell, len(STEPS))
    time = (config.epoch_day + day) * DAY + int(rng.integers(9 * HOUR, 15 * HOUR))
    times = time + np.cumsum(rng.integers(3 * MINUTE, 20 * MINUTE, len(unit)))
    stays = times < (config.epoch_day + day + _LASTS) * DAY
    unit, step, times = unit[stays], step[stays], times[stays]
    shopper = config.shoppers + crawlers(config) + day
    number = ((day + 1) << 40) + (KIOSK_BLOCK << 20) + np.arange(len(unit), dtype=np.int64)
    same = np.zeros(_STAYS, dtype=np.int64)
    units = Units(
        visit=same,
        shopper=same + shopper,
        identified=same > 0,
        campaign=same,
        second_campaign=same,
        browser=same + KIOSK_BROWSER,
        country=same,
        region=same - 1,
        bot=same > 0,
        consent=same + NOT_ASKED,
        landing=same,
        category=rng.integers(0, len(CATEGORIES), _STAYS),
        order=same - 1,
        no_value=same > 0,
        no_prices=same > 0,
        value_error=same,
        goods=same + 1,
        in_cart=counts[:, STEP["add_0"]],
        before=same - 1,
        number=same + number[0],
    )
    session = np.maximum(0, times // DAY - config.epoch_day - day - 1)
    goods = draw_goods(rng, units.goods, ghosts(config.dirt_per_million), tastes(units.shopper))
    events = Events(number, unit, session, step, KIND_OF_STEP[step], times, goods_of_events(step, unit, units))
    reasons = np.where(np.arange(int(session[-1]) + 1) == 0, "first_event", "max_duration")
    return Block(units, events, goods), reasons
