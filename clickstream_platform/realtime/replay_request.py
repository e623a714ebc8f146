"""What can be replayed, and where to: the body of `POST /replay` and the options of `clickstream replay`."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final, Literal, get_args

import msgspec
from msgspec import Meta, Struct

from clickstream_platform.contract.meaning import FIRST_YEAR, LAST_YEAR
from clickstream_platform.contract.records import EventName

Target = Literal["domain", "stream", "bronze", "queue"]
TARGETS: Final[tuple[str, ...]] = get_args(Target)

MOST_EVENTS: Final = 10_000_000
MOST_EVENTS_PER_SECOND: Final = 10_000
MOST_OBJECTS: Final = 1_000
MOST_DAYS: Final = 3_660
_OBJECT = re.compile(r"bronze/events/year=(\d{4})/month=(\d{2})/day=(\d{2})/[^/]+\.parquet")


class BadReplay(ValueError):
    """A replay that cannot be asked for; the message names the field and says what would do."""


class Days(Struct, frozen=True, forbid_unknown_fields=True, rename={"first": "from", "last": "to"}):
    """Event days (UTC), both included."""

    first: date
    last: date


class ReplayRequest(
    Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename={"start": "from", "end": "to"},
):
    """Which events to bring again, and where to.

    One of `entity_id`, a window, `days` and `objects` says which; with an entity, a window narrows it. `event_names`
    narrows any of them.

    Attributes:
        entity_id: A user id, or the anonymous id of somebody without one.
        start: Event times from here on (`from` in JSON) ...
        end: ... and before this (`to`).
        days: Event days.
        objects: Bronze objects, as paths in the lake.
        event_names: Only these.
        target: `domain` adds up per entity, `stream` puts the events on the stream again, `bronze` writes them to a
            lake, `queue` sends them to a queue.
        include_duplicates: Bring each copy of an event that bronze has, instead of one.
        limit: At most so many events, the earliest days first.
        events_per_second: At most so many a second.
        dry_run: Count and estimate the cost only.
    """

    entity_id: Annotated[str, Meta(min_length=1, max_length=256)] | None = None
    start: Annotated[datetime, Meta(tz=True)] | None = None
    end: Annotated[datetime, Meta(tz=True)] | None = None
    days: Days | None = None
    objects: Annotated[list[str], Meta(min_length=1, max_length=MOST_OBJECTS)] | None = None
    event_names: Annotated[list[EventName], Meta(min_length=1)] | None = None
    target: Target = "domain"
    include_duplicates: bool = False
    limit: Annotated[int, Meta(ge=1, le=MOST_EVENTS)] = MOST_EVENTS
    events_per_second: Annotated[int, Meta(ge=1, le=MOST_EVENTS_PER_SECOND)] = 1_000
    dry_run: bool = False

    @property
    def uses_index(self) -> bool:
        """Whether the event index knows where the events are; it knows each event once."""
        return self.entity_id is not None and not self.include_duplicates

    @property
    def window(self) -> tuple[datetime, datetime]:
        """The event times that are meant: from, and before."""
        if self.days:
            after = self.days.last + timedelta(days=1)
            return _midnight(self.days.first), _midnight(after)
        assert self.start and self.end
        return self.start, self.end

    @property
    def units(self) -> int:
        """In how many parts the events are selected: days, or all at once."""
        if self.uses_index or self.objects:
            return 1
        start, end = self.window
        return (_last_day(end) - start.astimezone(UTC).date()).days + 1

    def day_of(self, unit: int) -> date:
        """The event day of a part."""
        return self.window[0].astimezone(UTC).date() + timedelta(days=unit)

    @property
    def days_touched(self) -> Iterator[date]:
        """The event days that may hold the events."""
        return (self.day_of(unit) for unit in range(self.units))


def read_replay(body: bytes) -> ReplayRequest:
    """A checked request.

    Raises:
        BadReplay: It is none, or asks for something that cannot be.
    """
    try:
        request = msgspec.json.decode(body, type=ReplayRequest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadReplay(f"the request cannot be read: {error}") from None
    check_replay(request)
    return request


def check_replay(request: ReplayRequest) -> None:
    """Let a sound request pass.

    Raises:
        BadReplay: It asks for something that cannot be.
    """
    has_window = request.start is not None or request.end is not None
    scopes = [
        name
        for name, given in (
            ("entity_id", request.entity_id is not None),
            ("from and to", has_window and request.entity_id is None),
            ("days", request.days is not None),
            ("objects", request.objects is not None),
        )
        if given
    ]
    if len(scopes) != 1:
        said = f"not {' and '.join(scopes)} together" if scopes else "none is given"
        raise BadReplay(f"say which events by one of entity_id, from and to, days, objects: {said}")
    if request.entity_id is not None and not has_window:
        raise BadReplay(
            "from, to: say which event times of the entity, e.g. 2024-03-01T00:00:00Z to 2024-03-02T00:00:00Z"
        )
    if has_window and (request.start is None or request.end is None):
        raise BadReplay(f"{'from' if request.start is None else 'to'}: a window has both ends")
    for moment in (request.start, request.end, request.days and request.days.first, request.days and request.days.last):
        if moment and not FIRST_YEAR <= moment.year <= LAST_YEAR:
            raise BadReplay(f"{moment.isoformat()} can be no time of an event")
    if request.start and request.end and request.start >= request.end:
        what = "reversed" if request.start > request.end else "empty"
        raise BadReplay(f"from, to: the window is {what}; events are taken at from <= event time < to")
    if request.days and request.days.first > request.days.last:
        raise BadReplay("days: the first day comes after the last one")
    if (has_window or request.days) and not request.uses_index and request.units > MOST_DAYS:
        raise BadReplay(f"{request.units} days are more than {MOST_DAYS}: replay them in parts")
    for path in request.objects or ():
        if not _is_object(path):
            raise BadReplay(
                f"objects: {path[:200]!r} is no object of bronze events, such as "
                "bronze/events/year=2024/month=03/day=01/NAME.parquet"
            )


def _is_object(path: str) -> bool:
    found = _OBJECT.fullmatch(path)
    if not found:
        return False
    try:
        date(*(int(part) for part in found.groups()))
    except ValueError:
        return False
    return ".." not in path


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _last_day(end: datetime) -> date:
    return (end.astimezone(UTC) - timedelta(microseconds=1)).date()
