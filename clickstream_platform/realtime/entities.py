"""What live state remembers of one entity between batches, as one item that is replaced as a whole.

An item holds the entity's session parts of the last days (of events that may be analysed), the metric cells that its
recent events were the first of, and its checkouts that are not final yet; and for each shard the position up to which
its events are in. Because all of that changes in one conditional write, an event is in it once, however often it is
tried.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

import msgspec

from clickstream_platform.realtime.attributes import Item
from clickstream_platform.realtime.event_index import place_of
from clickstream_platform.realtime.live_events import LiveEvent, moment_of, time_text
from clickstream_platform.realtime.metrics import cell_of
from clickstream_platform.realtime.session_parts import sessions_of, with_event

_CELLS_KEPT = timedelta(hours=2)
"""So far back from an entity's newest event its cells are known; before that the event index is asked."""

_MOST_CELLS, _MOST_CHECKOUTS, _MOST_PART_BYTES = 500, 50, 200_000
"""An item of DynamoDB has 400 kB at most; what a machine does under one entity's name must not reach that."""


class Checkout(NamedTuple):
    """A checkout whose first click is to be told, or told again.

    Attributes:
        final_at: Epoch seconds; clicks that arrive later do not count live.
        is_attributed: Whether the person allows it to be led back to a click.
        position: Of the record that asks for it.
    """

    entity_id: str
    time: str
    checkout_id: str
    order_id: str | None
    revenue_cents: int
    final_at: int
    is_attributed: bool
    position: str


class Rules(NamedTuple):
    """Durations that live state follows.

    Attributes:
        timeout: The longest pause within a session.
        kept: How far back from an entity's newest event its sessions are kept, and how long after the last arrival.
        final_after: Seconds from a checkout's arrival until its first click is final.
        window: How long before a checkout a click may lie.
    """

    timeout: timedelta
    kept: timedelta
    final_after: int
    window: timedelta


class Applied(NamedTuple):
    """What an entity's events do beyond its item.

    Attributes:
        item: The item to write; None when all events were in it before.
        firsts: Positions of events that are the first of their cell.
        unsure: Events so late that the index has to tell whether they are.
        checkouts: Checkouts whose first click is to be told, or may be another now.
    """

    item: Item | None
    firsts: set[str]
    unsure: list[LiveEvent]
    checkouts: list[Checkout]


def apply_events(before: Item | None, shard: str, events: Sequence[LiveEvent], rules: Rules) -> Applied:
    """Take an entity's events of one batch, in the order of the stream, into its item."""
    item: Item = dict(before or {"entity_id": events[0].entity_id, "version": 0})
    seen, parts = f"seen#{shard}", item.get("parts", [])
    cells, waiting = dict(item.get("cells", {})), list(item.get("checkouts", []))
    analysed_to: str = item.get("last_event_time", "")
    newest: str = item.get("newest", analysed_to)
    counted_to = item.get(seen, "")
    applied = Applied(None, set(), [], [])
    cells_from = item.get("cells_from", "")
    for event in events:
        newest = max(newest, event.time) if event.position > counted_to else newest
        _count_cell(cells, max(cells_from, _cells_from(newest)), shard, event, applied)
        _note_checkouts(waiting, event, applied, rules)
        if event.position > counted_to and event.is_analysed:
            parts = with_event(parts, event, rules.timeout)
            analysed_to = max(analysed_to, event.time)
    if events[-1].position <= counted_to:
        return applied
    arrived = max(int(events[-1].arrived_at), item.get("arrived_at", 0))
    oldest_part = time_text(moment_of(newest) - rules.kept)
    cells_from = max(cells_from, _cells_from(newest), *sorted(cells)[:-_MOST_CELLS][-1:])
    item |= {
        seen: events[-1].position,
        "version": item["version"] + 1,
        "parts": _fitting([part for part in parts if part["ended_at"] >= oldest_part]),
        "cells": {cell: place for cell, place in cells.items() if cell > cells_from},
        "cells_from": cells_from,
        "checkouts": [one for one in waiting if one["final_at"] >= arrived][-_MOST_CHECKOUTS:],
        "newest": newest,
        "arrived_at": arrived,
        "expires_at": arrived + int(rules.kept.total_seconds()),
    }
    current = sessions_of(item["entity_id"], item["parts"], rules.timeout)[-1:]
    item |= {"session": current[0]} if current else {}
    # Who allows no analytics is in no index of who is there.
    item |= {"last_event_time": analysed_to, "active_hour": analysed_to[:13]} if analysed_to else {}
    return applied._replace(item=item)


def _count_cell(cells: dict[str, str], known_from: str, shard: str, event: LiveEvent, applied: Applied) -> None:
    """Whether the event is the first of its entity in its cell, now or when it was first taken."""
    cell, place = cell_of(event).name, place_of(shard, event.position)
    if cell in cells:
        if cells[cell] == place:
            applied.firsts.add(event.position)
    elif cell > known_from:
        cells[cell] = place
        applied.firsts.add(event.position)
    else:
        applied.unsure.append(event)


def _note_checkouts(waiting: list[Item], event: LiveEvent, applied: Applied, rules: Rules) -> None:
    """A checkout is to be attributed; so are those that a click may have led to, while they are not final."""
    if event.event_name == "purchase":
        known = {
            "time": event.time,
            "id": event.event_id,
            "order_id": event.order_id,
            "revenue_cents": event.revenue_cents,
            "final_at": int(event.arrived_at) + rules.final_after,
        }
        if event.is_attributed and not any(one["id"] == event.event_id for one in waiting):
            waiting.append(known)
        applied.checkouts.append(_asked(known, event)._replace(is_attributed=event.is_attributed))
    if event.is_touch:
        for one in waiting:
            is_before = event.time < one["time"] and moment_of(one["time"]) - event.moment <= rules.window
            if is_before and event.arrived_at <= one["final_at"]:
                applied.checkouts.append(_asked(one, event))


def _asked(checkout: Item, event: LiveEvent) -> Checkout:
    return Checkout(
        event.entity_id,
        checkout["time"],
        checkout["id"],
        checkout.get("order_id"),
        checkout["revenue_cents"],
        checkout["final_at"],
        True,
        event.position,
    )


def _cells_from(newest: str) -> str:
    """From here on an entity's cells are kept."""
    return time_text(moment_of(newest) - _CELLS_KEPT)


def _fitting(parts: list[Item]) -> list[Item]:
    """The newest parts that an item has room for."""
    room = _MOST_PART_BYTES
    for place in range(len(parts) - 1, -1, -1):
        room -= len(msgspec.json.encode(parts[place]))
        if room < 0:
            return parts[place + 1 :]
    return parts
