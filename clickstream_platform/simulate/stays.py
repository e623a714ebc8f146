"""From visits to a block: draws what happens on each, and remembers what it means for later ones."""

import numpy as np

from clickstream_platform.simulate.block import Block, Events, Goods, Units, draw_goods, goods_of_events
from clickstream_platform.simulate.campaigns import AD_CAMPAIGNS, CAMPAIGNS, DIRECT
from clickstream_platform.simulate.config import ShopConfig
from clickstream_platform.simulate.consent import NOT_ASKED, answer_of
from clickstream_platform.simulate.draws import (
    Flags,
    Ints,
    chance,
    generator,
    positions,
    trait,
    weighted,
    weighted_trait,
)
from clickstream_platform.simulate.journey import (
    CHECKOUT,
    DAY,
    KIND_OF_STEP,
    STEP,
    Plan,
    plan,
    stages,
)
from clickstream_platform.simulate.memory import Memory, Refunds
from clickstream_platform.simulate.pages import landings
from clickstream_platform.simulate.population import is_crawler
from clickstream_platform.simulate.taste import tastes
from clickstream_platform.simulate.timing import kept_visits, outlined, visits_of_those_who_stay
from clickstream_platform.simulate.visits import SESSIONS, Visits, country_of, crawler_kind
from clickstream_platform.simulate.world import BROWSERS, CATEGORIES, CODE, COUNTRIES, CRAWLERS, ghosts

_BROWSER_SALT, _REGION_SALT = 41, 42


def make_block(config: ShopConfig, memory: Memory, day: int, number: int, visits: Visits, refunds: Refunds) -> Block:
    """Draw one block of a day's visits and remember what it means for later ones."""
    rng = generator(config.seed, SESSIONS, day, number)
    size = len(visits.start)
    bot, refund = is_crawler(config, visits.shopper), visits.refund >= 0
    known = np.zeros(size, dtype=np.bool_)
    known[~bot] = memory.known[visits.shopper[~bot]]
    campaign = np.where(bot | refund, DIRECT, weighted(rng, [c.weight for c in CAMPAIGNS], size))
    stage = np.where(refund, 0, stages(rng, memory.customers(visits.shopper)))
    wants_account = ((stage >= CHECKOUT) & chance(rng, 600_000, size)) | chance(rng, 30_000, size)
    identified = ~bot & np.where(known, chance(rng, 700_000, size), wants_account)
    identified[refund] = refunds.identified[visits.refund[refund]]
    account = identified & (~known | chance(rng, 350_000, size))
    planned = plan(rng, campaign, account, bot, stage)
    _plan_refunds(planned, visits, refunds)
    outline = outlined(rng, planned, visits, bot | refund)
    kept = kept_visits(config, memory, visits, outline)
    kept = visits_of_those_who_stay(config, memory, day, number, visits, outline, kept)
    units_kept = kept[outline.visit]
    visit, main = outline.visit[units_kept], outline.main[units_kept]
    count = len(visit)
    second = np.array(AD_CAMPAIGNS, dtype=np.int64)[rng.integers(0, len(AD_CAMPAIGNS), count)]
    shopper = visits.shopper[visit]
    buys = planned.counts[visit, STEP["purchase"]].astype(np.bool_) & main
    goods_count = np.where(main, planned.goods[visit], 0)
    units = Units(
        visit=visit,
        shopper=shopper,
        identified=identified[visit],
        campaign=np.where(main, campaign[visit], np.roll(second, 1)),
        second_campaign=second,
        browser=_browsers(rng, shopper, bot[visit]),
        country=np.where(chance(rng, 30_000, count), -1, country_of(shopper)),
        region=np.where(chance(rng, 600_000, count), -1, regions_of(shopper)),
        bot=bot[visit],
        consent=np.where(bot[visit], NOT_ASKED, answer_of(shopper)),
        landing=landings(rng, count),
        category=rng.integers(0, len(CATEGORIES), count),
        order=_orders(memory, day, buys),
        no_value=buys & chance(rng, 50_000, count),
        no_prices=buys & chance(rng, 15_000, count),
        value_error=buys * chance(rng, config.dirt_per_million // 2, count) * rng.integers(1, 500, count),
        goods=goods_count,
        in_cart=np.where(main, planned.in_cart[visit], 0),
        before=np.full(count, -1, dtype=np.int64),
        number=np.zeros(count, dtype=np.int64),
    )
    units.no_prices &= ~units.no_value
    goods = draw_goods(rng, goods_count, ghosts(config.dirt_per_million), tastes(shopper))
    _give_back(units, goods, visits, refunds)
    events_kept = units_kept[outline.unit]
    unit = (np.cumsum(units_kept) - 1)[outline.unit[events_kept]]
    step, time = outline.step[events_kept], outline.time[events_kept]
    events = Events(
        number=((day + 1) << 40) + (number << 20) + np.arange(len(unit), dtype=np.int64),
        unit=unit,
        session=unit,
        step=step,
        kind=KIND_OF_STEP[step],
        time=time,
        goods=goods_of_events(step, unit, units),
    )
    units.number = events.number[np.searchsorted(unit, np.arange(count))]
    block = Block(units, events, goods)
    _remember(config, memory, block, outline.end[units_kept], buys)
    return block


def regions_of(shopper: Ints) -> Ints:
    """Where in their country each shopper lives."""
    regions: Ints = np.array([len(names) for _, names, _, _ in COUNTRIES], dtype=np.int64)
    return np.remainder(trait(shopper, _REGION_SALT, 1 << 16), regions[country_of(shopper)])


def _plan_refunds(planned: Plan, visits: Visits, refunds: Refunds) -> None:
    """People with a refund due come for it and for nothing else."""
    rows = np.flatnonzero(visits.refund >= 0)
    planned.counts[rows] = 0
    planned.counts[rows, STEP["landing"]] = 1
    planned.counts[rows, STEP["refund"]] = 1
    planned.goods[rows] = planned.in_cart[rows] = refunds.count[visits.refund[rows]]


def _browsers(rng: np.random.Generator, shopper: Ints, bot: Flags) -> Ints:
    weights = [weight for *_, weight in BROWSERS]
    usual = weighted_trait(shopper, _BROWSER_SALT, weights)
    other = weighted(rng, weights, len(shopper))
    person = np.where(chance(rng, 150_000, len(shopper)), other, usual)
    return np.where(bot, crawler_kind(shopper, len(CRAWLERS)), person)


def _orders(memory: Memory, day: int, buys: Flags) -> Ints:
    number = (day + 1) * 10_000_000 + memory.orders + np.cumsum(buys)
    memory.orders += int(buys.sum())
    return np.where(buys, number, -1)


def _give_back(units: Units, goods: Goods, visits: Visits, refunds: Refunds) -> None:
    """Refund units carry their order's number and goods."""
    due = visits.refund[units.visit]
    rows = np.flatnonzero(due >= 0)
    units.order[rows] = refunds.order[due[rows]]
    unit, place = positions(refunds.count[due[rows]])
    to = (np.cumsum(units.goods) - units.goods)[rows][unit] + place
    of = (np.cumsum(refunds.count) - refunds.count)[due[rows]][unit] + place
    goods.product[to], goods.quantity[to], goods.price[to] = (
        refunds.product[of],
        refunds.quantity[of],
        refunds.price[of],
    )


def _remember(config: ShopConfig, memory: Memory, block: Block, end: Ints, buys: Flags) -> None:
    """Keep who was there until when, who signed up, and whose customer record is due."""
    units, events = block.units, block.events
    start = events.time[np.searchsorted(events.unit, np.arange(len(units)))]
    entity = 2 * units.shopper + units.identified
    order = np.lexsort((start, entity))
    same = np.append(False, entity[order][1:] == entity[order][:-1])
    units.before[order] = np.where(same, np.append(-1, end[order][:-1]), memory.last_seen[entity[order]])
    np.maximum.at(memory.busy_until, units.shopper, end)
    np.maximum.at(memory.last_seen, entity, end)
    accounts = np.flatnonzero(events.step == STEP["account"])
    accounts = accounts[~memory.known[units.shopper[events.unit[accounts]]]]
    accounts = accounts[np.argsort(events.time[accounts], kind="stable")]
    who, first = np.unique(units.shopper[events.unit[accounts]], return_index=True)
    events.kind[accounts[first]] = CODE["sign_up"]
    memory.known[who] = True
    rows = np.flatnonzero((units.identified | buys) & ~units.bot)
    rows = rows[~memory.recorded[units.shopper[rows]]]
    rows = rows[np.argsort(start[rows], kind="stable")]
    who, first = np.unique(units.shopper[rows], return_index=True)
    memory.recorded[who] = True
    day = start[rows[first]] // DAY - config.epoch_day
    for each in np.unique(day):
        memory.new_customers[int(each)].append(who[day == each])
