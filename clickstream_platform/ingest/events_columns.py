"""Events as bronze columns: enriched with traffic source, channel and device, and without e-mail and ip."""

from collections.abc import Iterable, Sequence
from itertools import islice
from operator import attrgetter
from typing import Any

import pyarrow as pa

from clickstream_platform.contract import Event
from clickstream_platform.contract.agents import read_agent
from clickstream_platform.contract.consent import ads_granted, analytics_granted
from clickstream_platform.contract.privacy import clean_properties, email_hash, redact_emails
from clickstream_platform.contract.traffic import (
    Origin,
    Page,
    Referrer,
    Tags,
    read_origin,
    read_page,
    read_referrer,
)
from clickstream_platform.ingest.arrow_arrays import cents_of, days_of, money, money_column, offsets_of, times_of
from clickstream_platform.ingest.arrow_compute import any_matches, either, equals, first_of, take
from clickstream_platform.ingest.bronze_schemas import EXPERIMENTS, ITEMS

_TEXT = pa.string()
_tags = attrgetter("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
_FLAGS = ("has_source", "touched")
_MEMO = 50_000


class EventColumns:
    """Builds the columns of event batches; remembers readings, since addresses and agents repeat."""

    def __init__(self, pii_key: bytes | None, shop_domains: tuple[str, ...]) -> None:
        self._pii_key = pii_key
        self._shop_domains = tuple(domain.lower() for domain in shop_domains)
        self._pages: dict[str | None, tuple[Page, int]] = {}
        self._kinds: dict[tuple[Any, ...], int] = {}
        self._origins: dict[tuple[Any, ...], Origin] = {}

    def build(self, events: Sequence[Event], times: pa.Array) -> dict[str, pa.Array]:
        """All columns but the lineage; `times` are the events' times."""
        names = pa.array([event.event_name for event in events], _TEXT)
        columns: dict[str, pa.Array] = {
            "event_id": pa.array([event.event_id for event in events], _TEXT),
            "event_name": names,
            "event_time": times,
            "received_at": times_of([event.received_at for event in events]),
            "user_id": pa.array([event.user_id for event in events], _TEXT),
            "anonymous_id": pa.array([event.anonymous_id for event in events], _TEXT),
            "client_session_id": pa.array([event.session_id for event in events], _TEXT),
            "country": pa.array([event.country for event in events], _TEXT),
            "region": _free_text([event.region or None for event in events]),
            "order_id": pa.array([event.order_id for event in events], _TEXT),
            "value": money_column([event.value for event in events]),
            "currency": pa.array([event.currency for event in events], _TEXT),
            "email_hash": pa.array([event.email and email_hash(event.email, self._pii_key) for event in events], _TEXT),
            "properties": pa.array([_properties(event) for event in events], _TEXT),
            "event_date": days_of(times),
        }
        columns["entity_id"] = first_of(columns["user_id"], columns["anonymous_id"])
        columns.update(self._traffic_columns(events, names))
        columns.update(_agent_columns(events))
        columns.update(_item_columns(events))
        columns["experiments"] = _experiments(events)
        columns["analytics_consent"] = pa.array([analytics_granted(event.consent) for event in events], pa.bool_())
        columns["ads_consent"] = pa.array([ads_granted(event.consent) for event in events], pa.bool_())
        return columns

    def _traffic_columns(self, events: Sequence[Event], names: pa.Array) -> dict[str, pa.Array]:
        """Page, referrer and origin. The origin is read once for each kind of page, referrer and set of tags."""
        urls, url_places = _distinct([event.url for event in events])
        referrers, referrer_places = _distinct([event.referrer for event in events])
        tags, tag_places = _distinct([_tags(event) for event in events])
        known = self._pages
        readings = [known.get(url) or self._read_page(url) for url in urls]
        pages = [page for page, _ in readings]
        kinds = [kind for _, kind in readings]
        keys, origin_places = _distinct(
            list(zip([kinds[place] for place in url_places], referrer_places, tag_places, strict=True))
        )
        example = dict(zip(kinds, pages, strict=True))
        seen = [read_referrer(referrer) for referrer in referrers]
        origins = [self._origin(example[kind], seen[referrer], tags[tag]) for kind, referrer, tag in keys]
        columns = _taken(pages, ("page_url", "page_path", "click_id", "click_id_type"), _places(url_places))
        columns |= _taken(seen, Referrer._fields, _places(referrer_places))
        columns |= _taken(origins, Origin._fields, _places(origin_places))
        columns["is_touch"] = either(columns.pop("touched"), equals(names, "click"))
        return columns

    def _read_page(self, url: str | None) -> tuple[Page, int]:
        """A page, and the number of its kind: pages of one kind have the same origin."""
        if len(self._pages) >= _MEMO:
            self._pages.clear()
        page = read_page(url)
        reading = page, self._kinds.setdefault((page.host, page.tags, page.click_id_type), len(self._kinds))
        self._pages[url] = reading
        return reading

    def _origin(self, page: Page, referrer: Referrer, tags: Tags) -> Origin:
        key = (page.host, page.tags, page.click_id_type, referrer.referrer_host, tags)
        origin = self._origins.get(key)
        if origin is None:
            if len(self._origins) >= _MEMO:
                self._origins.clear()
            origin = self._origins[key] = read_origin(page, referrer, tags, self._shop_domains)
        return origin


def _distinct(values: list[Any]) -> tuple[list[Any], list[int]]:
    """The distinct values, and where each value is among them."""
    index: dict[Any, int] = {}
    place = index.setdefault
    places = [place(value, len(index)) for value in values]
    return list(index), places


def _places(places: list[int]) -> pa.Array:
    return pa.array(places, pa.int32())


def _taken(readings: Sequence[tuple[Any, ...]], names: Sequence[str], places: pa.Array) -> dict[str, pa.Array]:
    """The first columns of readings, spread over the rows."""
    columns = list(zip(*readings, strict=True))
    kinds = [pa.bool_() if name in _FLAGS else _TEXT for name in names]
    return {
        name: take(pa.array(values, kind), places) for name, kind, values in zip(names, kinds, columns, strict=False)
    }


def _agent_columns(events: Sequence[Event]) -> dict[str, pa.Array]:
    texts, places = _distinct([event.user_agent for event in events])
    rows = _places(places)
    agents = [read_agent((text or "").strip()) for text in texts]
    return {
        "user_agent": take(_free_text([text or None for text in texts]), rows),
        "device_type": take(pa.array([agent.device_type for agent in agents], _TEXT), rows),
        "is_bot": take(pa.array([agent.is_bot for agent in agents], pa.bool_()), rows),
    }


def _item_columns(events: Sequence[Event]) -> dict[str, pa.Array]:
    lists = [event.items or () for event in events]
    items = [item for items in lists for item in items]
    cents = cents_of([item.price for item in items])
    quantities = [item.quantity for item in items]
    fields = [
        _free_text([item.product_id for item in items]),
        money(cents),
        pa.array(quantities, pa.int64()),
        _free_text([item.category or None for item in items]),
    ]
    rows = pa.StructArray.from_arrays(fields, fields=list(ITEMS.value_type))
    worth = iter([None if each is None else each * number for each, number in zip(cents, quantities, strict=True)])
    values = [
        None if not items else next(worth) if len(items) == 1 else _total(islice(worth, len(items))) for items in lists
    ]
    return {
        "items": pa.ListArray.from_arrays(offsets_of(map(len, lists)), rows, type=ITEMS),
        "items_value": money(values),
    }


def _total(worth: Iterable[int | None]) -> int | None:
    """What priced items cost together; None where none is priced."""
    priced = [cents for cents in worth if cents is not None]
    return sum(priced) if priced else None


def _experiments(events: Sequence[Event]) -> pa.Array:
    shown = [sorted(event.experiments.items()) if event.experiments else () for event in events]
    pairs = [pair for seen in shown for pair in seen]
    rows = pa.StructArray.from_arrays(
        [_free_text([name for name, _ in pairs]), _free_text([variant for _, variant in pairs])],
        fields=list(EXPERIMENTS.value_type),
    )
    return pa.ListArray.from_arrays(offsets_of(map(len, shown)), rows, type=EXPERIMENTS)


def _free_text(values: list[str | None]) -> pa.Array:
    """Texts in which nobody expects an e-mail address, and in which none is kept."""
    texts = pa.array(values, _TEXT)
    if any_matches(texts, "@|%40"):
        return pa.array([text and redact_emails(text) for text in values], _TEXT)
    return texts


def _properties(event: Event) -> str | None:
    raw = event.properties
    if not raw:
        return None
    text = bytes(raw).decode()
    return None if text in ("{}", "null") else clean_properties(text)
