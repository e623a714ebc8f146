"""Truth of a block: its sessions, attributed checkouts, product figures and five-minute windows."""

import numpy as np
import numpy.typing as npt
import polars as pl

from clickstream_platform.simulate.block import Block, shows_cart
from clickstream_platform.simulate.campaigns import CAMPAIGNS
from clickstream_platform.simulate.consent import ADS, ANALYTICS
from clickstream_platform.simulate.draws import Flags, Ints, timestamps
from clickstream_platform.simulate.ids import entity_ids, event_ids, order_ids, user_ids
from clickstream_platform.simulate.journey import DAY, MINUTE, STEP, WINDOW
from clickstream_platform.simulate.pages import PATHS, pages_of_events
from clickstream_platform.simulate.truth.columns import dates, moments, money, typed
from clickstream_platform.simulate.world import BROWSERS, CODE, COUNTRIES, EVENT_NAMES, PRODUCTS

FUNNEL = ("view_item", "add_to_cart", "begin_checkout", "purchase")
_CHANNELS, _SOURCES, _MEDIA = (
    pl.Series([getattr(campaign, name) for campaign in CAMPAIGNS]) for name in ("channel", "source", "medium")
)
_CAMPAIGNS = pl.Series([campaign.campaign for campaign in CAMPAIGNS])
_DEVICES = pl.Series([device for device, _, _ in BROWSERS])
_COUNTRIES = pl.Series(["unknown", *(code for code, *_ in COUNTRIES)])
_NEVER = np.iinfo(np.int64).max

VIEWS, CARTS, PURCHASES, UNITS, REVENUE, REFUNDS, REFUNDED = range(7)
"""Columns of `product_figures`."""


def revenue(block: Block) -> Ints:
    """Cents that each event brings: purchases what they say (else what their items cost), refunds the same negative."""
    units, events = block.units, block.events
    cart = block.cart_value()
    paid = cart + np.where(units.no_value, 0, units.value_error)
    return np.where(
        events.kind == CODE["purchase"],
        paid[events.unit],
        np.where(events.kind == CODE["refund"], -cart[events.unit], 0),
    )


def origin(campaign: Ints) -> dict[str, pl.Series]:
    """Channel, source, medium and campaign of these origins."""
    return {
        "channel": _CHANNELS.gather(campaign),
        "source": _SOURCES.gather(campaign),
        "medium": _MEDIA.gather(campaign),
        "campaign": _CAMPAIGNS.gather(campaign),
    }


def sessions(block: Block, reason: npt.NDArray[np.str_]) -> pl.DataFrame:
    """One row a session of people who allow analytics; `reason` says for each session of the block why it began."""
    units, events = block.units, block.events
    count = int(events.session[-1]) + 1
    first = np.searchsorted(events.session, np.arange(count))
    last = np.append(first[1:], len(events)) - 1
    unit = events.unit[first]
    own = block.own_campaign()
    sourced = np.flatnonzero(own)
    session, where = np.unique(events.session[sourced], return_index=True)
    campaign = np.zeros(count, dtype=np.int64)
    campaign[session] = own[sourced[where]]
    begins, ends = events.time[first], events.time[last]
    entity = entity_ids(units.shopper[unit], units.identified[unit])
    total = np.zeros(count, dtype=np.int64)
    np.add.at(total, events.session, revenue(block))
    users = user_ids(units.shopper[unit]).zip_with(
        pl.Series(units.identified[unit]), pl.Series([None], dtype=pl.String)
    )
    steps = _funnel(block, count)
    frame = pl.DataFrame(
        {
            "session_id": entity + "@" + timestamps(begins).str.replace_all("[-:.Z]", ""),
            "entity_id": entity,
            "user_id": users,
            "session_date": dates(begins // DAY),
            "started_at": moments(begins),
            "ended_at": moments(ends),
            "duration_seconds": (ends - begins) / 1e6,
            "start_reason": pl.Series(reason.tolist(), dtype=pl.String),
            "events": last - first + 1,
            "page_views": np.bincount(events.session[events.kind == CODE["page_view"]], minlength=count),
            **origin(campaign),
            "landing_page": pl.Series(PATHS).gather(pages_of_events(block)[first]),
            "device_type": _DEVICES.gather(np.where(units.bot[unit], 0, units.browser[unit])),
            "country": _COUNTRIES.gather(units.country[unit] + 1),
            **{f"{name}_at": moments(np.where(at == _NEVER, 0, at), at < _NEVER) for name, at in steps.items()},
            "purchases": np.bincount(events.session[events.kind == CODE["purchase"]], minlength=count),
            "revenue": money(total),
        }
    )
    return typed("sessions", frame.filter(pl.Series(~units.bot[unit] & ANALYTICS[units.consent[unit]])))


def _funnel(block: Block, count: int) -> dict[str, Ints]:
    """When each session reached each step: the step's first event after the step before."""
    events = block.events
    reached: dict[str, Ints] = {}
    after = np.full(count, -1, dtype=np.int64)
    for name in FUNNEL:
        rows = np.flatnonzero((events.kind == CODE[name]) & (events.time > after[events.session]))
        session, where = np.unique(events.session[rows], return_index=True)
        after = np.full(count, _NEVER, dtype=np.int64)
        after[session] = events.time[rows[where]]
        reached[name] = after
    return reached


def attributed_checkouts(block: Block) -> pl.DataFrame:
    """One row a checkout of people, with the first marketing touch of the same visit in the hour before it.

    People who do not allow both analytics and advertising are credited to nothing.
    """
    units, events = block.units, block.events
    people = ~units.bot[events.unit]
    own = block.own_campaign()
    tagged = np.array([campaign.is_touch for campaign in CAMPAIGNS])
    consents = (ANALYTICS & ADS)[units.consent[events.unit]]
    touching = people & consents & ((events.kind == CODE["click"]) | ((events.step == STEP["landing"]) & tagged[own]))
    touch = np.flatnonzero(touching)
    checkout = np.flatnonzero(people & (events.kind == CODE["purchase"]))
    touches = pl.DataFrame({"visit": units.visit[events.unit[touch]], "touch": touch, "touched": events.time[touch]})
    checkouts = pl.DataFrame(
        {"visit": units.visit[events.unit[checkout]], "row": checkout, "time": events.time[checkout]}
    )
    pairs = checkouts.join(touches, on="visit").filter(
        (pl.col("touched") < pl.col("time")) & (pl.col("touched") >= pl.col("time") - WINDOW)
    )
    pairs = pairs.with_columns(id=event_ids(events.number[pairs["touch"].to_numpy()]))
    won = pairs.sort("row", "touched", "id").unique("row", keep="first", maintain_order=True)
    found = np.full(len(events), -1, dtype=np.int64)
    found[won["row"].to_numpy()] = won["touch"].to_numpy()
    click = found[checkout]
    hit = click >= 0
    unit = events.unit[checkout]
    time = events.time[checkout]
    clicked = np.where(hit, events.time[click], 0)
    frame = pl.DataFrame(
        {
            "checkout_id": event_ids(events.number[checkout]),
            "checkout_time": moments(time),
            "date": dates(time // DAY),
            "entity_id": entity_ids(units.shopper[unit], units.identified[unit]),
            "order_id": order_ids(units.order[unit]),
            "revenue": money(revenue(block)[checkout]),
            "is_attributed": hit,
            "click_id": _where(hit, event_ids(events.number[click])),
            "click_time": moments(clicked, hit),
            "seconds_from_click": _where(hit, pl.Series((time - clicked) / 1e6)),
            **origin(np.where(hit, own[click], 0)),
        }
    )
    return typed("attributed_checkouts", frame)


def _where(known: Flags, values: pl.Series) -> pl.Series:
    return values.zip_with(pl.Series(known), pl.Series([None], dtype=values.dtype))


def windows(block: Block) -> pl.DataFrame:
    """Events, sessions and cents for each five minutes, event, channel and country; keys still as numbers."""
    units, events = block.units, block.events
    people = np.flatnonzero(~units.bot[events.unit])
    frame = pl.DataFrame(
        {
            "window": events.time[people] // (5 * MINUTE),
            "kind": events.kind[people],
            "channel": _CHANNELS.gather(block.own_campaign()[people]),
            "country": units.country[events.unit[people]],
            "session": events.session[people],
            "cents": revenue(block)[people],
        }
    )
    return frame.group_by("window", "kind", "channel", "country").agg(
        events=pl.len().cast(pl.Int64),
        sessions=pl.col("session").n_unique().cast(pl.Int64),
        cents=pl.col("cents").sum(),
    )


def traffic_summary(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """A day's windows, joined. Sessions add up: nobody has two sessions within five minutes."""
    merged = (
        pl.concat(parts)
        .group_by("window", "kind", "channel", "country")
        .agg(pl.col("events").sum(), pl.col("sessions").sum(), pl.col("cents").sum())
    )
    start = merged["window"].to_numpy() * (5 * MINUTE)
    frame = merged.select("channel", "events", "sessions").with_columns(
        window_start=moments(start),
        date=dates(start // DAY),
        event_name=pl.Series(EVENT_NAMES).gather(merged["kind"]),
        country=_COUNTRIES.gather(merged["country"] + 1),
        revenue=money(merged["cents"].to_numpy()),
    )
    return typed("traffic_summary", frame.sort("window_start", "event_name", "channel", "country"))


def product_figures(block: Block) -> dict[int, Ints]:
    """For each day (since 1970) a row a product: views, carts, purchases, units, cents, refunds, cents refunded."""
    units, events, goods = block.units, block.events, block.goods
    people = ~units.bot[events.unit]
    result: dict[int, Ints] = {}

    def add(day: Ints, product: Ints, column: int, amount: Ints) -> None:
        for each in np.unique(day).tolist():
            figures = result.setdefault(each, np.zeros((PRODUCTS, 7), dtype=np.int64))
            np.add.at(figures[:, column], product[day == each], amount[day == each])

    for kind, column in (("view_item", VIEWS), ("add_to_cart", CARTS)):
        rows = np.flatnonzero(people & (events.kind == CODE[kind]))
        add(events.time[rows] // DAY, goods.product[events.goods[rows]], column, np.ones(len(rows), dtype=np.int64))
    for kind, count, cents in (("purchase", PURCHASES, REVENUE), ("refund", REFUNDS, REFUNDED)):
        rows = np.flatnonzero(people & (events.kind == CODE[kind]) & shows_cart(events.step))
        size = units.in_cart[events.unit[rows]]
        row = np.repeat(rows, size)
        at = block.first_goods[events.unit[row]] + np.arange(len(row)) - np.repeat(np.cumsum(size) - size, size)
        day, product = events.time[row] // DAY, goods.product[at]
        priced = ~units.no_prices[events.unit[row]]
        add(day, product, count, np.ones(len(row), dtype=np.int64))
        add(day, product, cents, goods.price[at] * goods.quantity[at] * priced)
        if kind == "purchase":
            add(day, product, UNITS, goods.quantity[at])
    return result
