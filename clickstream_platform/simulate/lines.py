"""Events as JSON lines, a column of text at a time: strings are only ever picked from lists and joined."""

import numpy as np
import polars as pl

from clickstream_platform.simulate.block import Block
from clickstream_platform.simulate.campaigns import CAMPAIGNS, EMAIL_CAMPAIGN
from clickstream_platform.simulate.consent import ANSWERS
from clickstream_platform.simulate.draws import (
    Ints,
    amounts,
    hexadecimal,
    joined,
    mix,
    strings,
    timestamps,
    trait,
)
from clickstream_platform.simulate.goods_lines import items_of_events
from clickstream_platform.simulate.ids import anonymous_ids, event_ids, order_ids, user_ids
from clickstream_platform.simulate.journey import STEP
from clickstream_platform.simulate.pages import PATHS, QUERIES, pages_of_events, search_of
from clickstream_platform.simulate.people import email_of
from clickstream_platform.simulate.world import (
    BROWSERS,
    CODE,
    COUNTRIES,
    CRAWLERS,
    CURRENCY,
    EVENT_NAMES,
    SEARCHES,
    SHOP,
)

_SESSION_SALT, _CLICK_SALT, _VARIANT_SALT = 54, 55, 56
_MONEY_STEPS = ("cart", "checkout", "shipping", "payment")
_CONSENTS = pl.Series([f'","consent":{answer.consent}' if answer.consent else '"' for answer in ANSWERS])
_NAMES = pl.Series([f'","event_name":"{name}","event_time":"' for name in EVENT_NAMES])
_PAGES = pl.Series([f',"url":"{SHOP}{path}{query}' for path, query in zip(PATHS, QUERIES, strict=True)])
_REFERRERS = pl.Series(['"', *(f'","referrer":"{SHOP}{path}"' for path in PATHS[:20])])


def event_lines(block: Block, received: Ints) -> pl.Series:
    """One JSON object a line and event. `received` is in microseconds, 0 where the shop does not say."""
    events = block.events
    said = np.flatnonzero(received)
    arrivals = pl.concat([pl.Series(['"']), '","received_at":"' + timestamps(received[said]) + '"'])
    columns = [
        _constant('{"event_id":"', len(events)),
        event_ids(events.number),
        _NAMES.gather(events.kind),
        timestamps(events.time),
        arrivals.gather(_places(said, len(events))),
        _who(block).gather(events.unit),
        _where(block),
        items_of_events(block),
        _extras(block),
        _constant("}\n", len(events)),
    ]
    return joined(columns)


def _constant(text: str, size: int) -> pl.Series:
    return pl.Series([text]).new_from_index(0, size)


def _places(rows: Ints, size: int) -> Ints:
    """For a list with "nothing" first and then one entry a row: where every event finds its own."""
    places = np.zeros(size, dtype=np.int64)
    places[rows] = np.arange(1, len(rows) + 1)
    return places


def _who(block: Block) -> pl.Series:
    """Person, session, device and consent of each unit."""
    units = block.units
    agents = pl.Series(
        [f'","user_agent":"{agent}"' if agent else '"' for _, agent, _ in BROWSERS]
        + [f'","user_agent":"{agent}"' for agent in CRAWLERS]
    )
    places = [""]
    offsets = []
    for country, regions, _, _ in COUNTRIES:
        offsets.append(len(places))
        places.append(f',"country":"{country}"')
        places.extend(f',"country":"{country}","region":"{region}"' for region in regions)
    place = np.where(units.country < 0, 0, np.array(offsets)[units.country] + units.region + 1)
    users = pl.concat([pl.Series([""]), ',"user_id":"' + user_ids(units.shopper) + '"'])
    host = trait(units.shopper, _CLICK_SALT + 1, 254) + 1
    parts = [
        users.gather(np.where(units.identified, np.arange(len(units)) + 1, 0)),
        _constant(',"anonymous_id":"', len(units)),
        anonymous_ids(units.shopper),
        _constant('","session_id":"s', len(units)),
        strings(hexadecimal(mix(units.number, _SESSION_SALT))),
        agents.gather(np.where(units.bot, len(BROWSERS) + units.browser, units.browser)),
        pl.Series(places).gather(place),
        _constant(',"ip":"203.0.113.', len(units)),
        pl.Series(host).cast(pl.String),
        _CONSENTS.gather(units.consent),
    ]
    return joined(parts)


def _where(block: Block) -> pl.Series:
    """Address and referrer: landings carry their campaign in the address."""
    events, units = block.events, block.units
    page = pages_of_events(block)
    landing = np.flatnonzero(events.step == STEP["landing"])
    unit = events.unit[landing]
    campaign = units.campaign[unit]
    heads = [f"?{c.query}" if c.query else "" for c in CAMPAIGNS]
    names = [("&" if c.query else "?") + c.click_id + "=Cj" if c.click_id else "" for c in CAMPAIGNS]
    clicks = strings(hexadecimal(mix(events.number[landing], _CLICK_SALT)))
    with_id = np.array([bool(c.click_id) for c in CAMPAIGNS])[campaign]
    mailed = (campaign == EMAIL_CAMPAIGN) & (events.number[landing] % 3 == 0) & ~units.bot[unit]
    address = pl.concat(
        [pl.Series([""]), "&email=" + email_of(units.shopper[unit]).str.replace("@", "%40", literal=True)]
    )
    ends = pl.Series([f'","referrer":"{c.referrer}"' if c.referrer else '"' for c in CAMPAIGNS])
    tails = joined(
        [
            pl.Series(heads).gather(campaign),
            pl.Series(names).gather(campaign),
            pl.concat([pl.Series([""]), clicks]).gather(np.where(with_id, np.arange(len(landing)) + 1, 0)),
            address.gather(np.where(mailed, np.arange(len(landing)) + 1, 0)),
            ends.gather(campaign),
        ]
    )
    inside = np.where(events.number % 10 == 0, 0, 1 + events.number % (len(_REFERRERS) - 1))
    inside[events.kind == CODE["click"]] = 0
    inside[landing] = len(_REFERRERS) + np.arange(len(landing))
    return _PAGES.gather(page) + pl.concat([_REFERRERS, tails]).gather(inside)


def _extras(block: Block) -> pl.Series:
    """What only some events say: money, orders, e-mail addresses, campaign fields, searches, experiments."""
    events, units = block.events, block.units
    value = block.cart_value()
    money = np.flatnonzero(np.isin(events.step, [STEP[name] for name in _MONEY_STEPS]))
    bought = np.flatnonzero(events.kind == CODE["purchase"])
    buyer = events.unit[bought]
    named = pl.concat([pl.Series([""]), ',"value":' + amounts(value[buyer] + units.value_error[buyer])])
    given_back = np.flatnonzero(events.kind == CODE["refund"])
    returner = events.unit[given_back]
    account = np.flatnonzero((events.kind == CODE["login"]) | (events.kind == CODE["sign_up"]))
    clicks = np.flatnonzero(events.kind == CODE["click"])
    searches = np.flatnonzero(events.kind == CODE["search"])
    tested = np.flatnonzero((events.step == STEP["landing"]) & (events.number % 2 == 0))
    fields = pl.Series(
        [f',"utm_source":"{c.source}","utm_medium":"{c.medium}","utm_campaign":"{c.campaign}"' for c in CAMPAIGNS]
    )
    variants = pl.Series(
        [
            f',"experiments":{{"checkout_button":"{one}","free_delivery":"{two}"}}'
            for one in "AB"
            for two in ("no", "yes")
        ]
    )
    parts = [
        (money, ',"value":' + amounts(value[events.unit[money]]) + f',"currency":"{CURRENCY}"'),
        (
            bought,
            joined(
                [
                    ',"order_id":"' + order_ids(units.order[buyer]) + '"',
                    named.gather(np.where(units.no_value[buyer], 0, np.arange(len(buyer)) + 1)),
                    f',"currency":"{CURRENCY}","email":"' + email_of(units.shopper[buyer]) + '"',
                ]
            ),
        ),
        (
            given_back,
            ',"order_id":"' + order_ids(units.order[returner]) + '","value":' + amounts(value[returner]),
        ),
        (account, ',"email":"' + email_of(units.shopper[events.unit[account]]) + '"'),
        (clicks, fields.gather(block.own_campaign()[clicks])),
        (
            searches,
            pl.Series([f',"search_term":"{term}"' for term in SEARCHES]).gather(
                search_of(pages_of_events(block)[searches])
            ),
        ),
        (tested, variants.gather(trait(units.shopper[events.unit[tested]], _VARIANT_SALT, 4))),
    ]
    place = np.zeros(len(events), dtype=np.int64)
    offset = 1
    for rows, texts in parts:
        place[rows] = offset + np.arange(len(rows))
        offset += len(texts)
    return pl.concat([pl.Series([""]), *(texts for _, texts in parts)]).gather(place)
