"""Sessions of one entity out of its events, whatever order they come in.

What is kept are parts: what the entity did within one day without a rest longer than the timeout. An event joins the
parts that lie within the timeout of it, so parts grow together where a late event fills a gap. Sessions follow from
parts as `transforms/sessions.py` says: across midnight, but over two days at most.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from clickstream_platform.realtime.attributes import Item
from clickstream_platform.realtime.live_events import LiveEvent, moment_of

_DAY = timedelta(days=1)
_SUMS = ("events", "page_views", "purchases", "revenue_cents")
_ID_END = 12  # of two events at one moment, the one whose id ends lower is first (transforms/_first_event.py)


def part_of(event: LiveEvent) -> Item:
    """The part that one event is."""
    order = f"{event.time}#{event.event_id[-_ID_END:]}"
    origin = {name: getattr(event, name) for name in ("channel", "source", "medium", "campaign")}
    first = {
        "order": order,
        "user_id": event.entity_id if event.is_known_user else None,
        "landing_page": event.page_path,
        "device_type": event.device_type,
        "country": event.country,
    }
    return {
        "started_at": event.time,
        "ended_at": event.time,
        "events": 1,
        "page_views": int(event.event_name == "page_view"),
        "purchases": int(event.event_name == "purchase"),
        "revenue_cents": event.revenue_cents,
        "first": first,
        "origin": {"order": order, **origin} if event.has_source else None,
    }


def with_event(parts: Sequence[Item], event: LiveEvent, timeout: timedelta) -> list[Item]:
    """An entity's parts in the order of time, with one event more."""
    new, day = part_of(event), event.time[:10]
    near = [
        part
        for part in parts
        if part["started_at"][:10] == day
        and moment_of(part["started_at"]) - timeout <= event.moment <= moment_of(part["ended_at"]) + timeout
    ]
    apart = [part for part in parts if all(part is not other for other in near)]
    return sorted([*apart, _joined([*near, new])], key=lambda part: part["started_at"])


def _joined(parts: Sequence[Item]) -> Item:
    """Several parts, or a session's parts, as one."""
    origins = [part["origin"] for part in parts if part.get("origin")]
    return {
        "started_at": min(part["started_at"] for part in parts),
        "ended_at": max(part["ended_at"] for part in parts),
        **{name: sum(part[name] for part in parts) for name in _SUMS},
        "first": min((part["first"] for part in parts), key=lambda first: first["order"]),
        "origin": min(origins, key=lambda origin: origin["order"], default=None),
    }


def sessions_of(entity: str, parts: Iterable[Item], timeout: timedelta) -> list[dict[str, Any]]:
    """An entity's sessions, the oldest first, with the columns that live state has of silver `sessions`."""
    groups: list[tuple[str, str, list[Item]]] = []
    before, rested_day, session_day = None, "", ""
    for part in parts:
        day = part["started_at"][:10]
        if before is None or moment_of(part["started_at"]) > moment_of(before["ended_at"]) + timeout:
            is_back = before is not None and _days_between(before["started_at"][:10], day) <= 1
            rested_day = session_day = day
            groups.append((session_day, "timeout" if is_back else "first_event", []))
        elif _days_between(rested_day, day) > 1 and session_day != day:
            session_day = day
            groups.append((session_day, "max_duration", []))
        groups[-1][2].append(part)
        before = part
    return [_session(entity, reason, _joined(members)) for _, reason, members in groups]


def _session(entity: str, reason: str, whole: Item) -> dict[str, Any]:
    first = {name: whole["first"].get(name) for name in ("user_id", "landing_page", "device_type", "country")}
    direct = {"channel": "Direct", "source": "(direct)", "medium": "(none)", "campaign": None}
    origin = {name: (whole["origin"] or direct).get(name) for name in direct}
    start = whole["started_at"]
    return {
        "session_id": f"{entity}@{start[:10].replace('-', '')}T{start[11:26].replace(':', '').replace('.', '')}",
        "started_at": start,
        "ended_at": whole["ended_at"],
        "start_reason": reason,
        **{name: whole[name] for name in _SUMS},
        **origin,
        **first,
    }


def _days_between(earlier: str, later: str) -> int:
    return (date.fromisoformat(later) - date.fromisoformat(earlier)) // _DAY
