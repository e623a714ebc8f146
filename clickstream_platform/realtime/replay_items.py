"""A replay and a page of its messages, as their items in the live tables say."""

from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple

import msgspec

from clickstream_platform.realtime.attributes import Item
from clickstream_platform.realtime.replay_request import ReplayRequest

State = Literal["queued", "running", "done", "failed", "cancelled"]
PAGES_END: Final = "~"
"""Sorts after all pages, and before the marks of messages."""


class Position(NamedTuple):
    """How far the selection is: the next step of a unit."""

    unit: int
    step: int

    @property
    def page(self) -> str:
        """The name of the page that this step sends."""
        return f"{self.unit:06d}.{self.step:06d}"


class Replay(NamedTuple):
    """A replay's item.

    Attributes:
        request: What was asked for; without the entity once its events are selected.
        selected: Events selected so far.
        sent: Events in messages that were sent.
        pages: Pages that were sent.
        is_selected: Nothing is left to be sent.
    """

    replay_id: str
    state: State
    request: ReplayRequest
    position: Position
    created_at: float
    selected: int
    sent: int
    pages: int
    is_selected: bool
    pages_settled: int
    pages_failed: int
    error: str | None


class Page(NamedTuple):
    """A page's item: so many messages with so many events, and what became of them."""

    name: str
    messages: int
    events: int
    done: frozenset[int]
    failed: dict[int, dict[str, Any]]
    processed: int
    missing: int
    refused: int

    @property
    def is_settled(self) -> bool:
        """Whether each message is done or has failed."""
        return len(self.done) + len(self.failed) >= self.messages


class Counts(NamedTuple):
    """Events of a replay.

    Attributes:
        processed: That reached the target.
        missing: That are no longer where the index says; erased, most likely.
        refused: Of erased persons.
        failed: In messages that failed for good, until they are sent again.
    """

    selected: int
    sent: int
    processed: int
    missing: int
    refused: int
    failed: int


def mark_of(name: str, message: int) -> str:
    """The sort key of a mark that a message of a page is done."""
    return f"{PAGES_END}{name}.{message:06d}"


def replay_of(item: Item) -> Replay:
    """The replay of an item."""
    return Replay(
        item["replay_id"],
        item["progress"],
        msgspec.json.decode(item["asked"], type=_Kept),
        Position(item["unit"], item["step"]),
        item["created_ms"] / 1000,
        item["selected"],
        item["sent"],
        item["pages"],
        item.get("is_selected", False),
        len(item.get("pages_settled", ())),
        len(item.get("pages_failed", ())),
        item.get("failure"),
    )


class _Kept(ReplayRequest, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """A request as it is kept: the entity may have been taken out."""

    entity_id: str | None = None


def page_of(item: Item) -> Page:
    """The page of an item."""
    return Page(
        item["page"],
        item["messages"],
        item["events"],
        frozenset(item.get("done", ())),
        {int(name[1:]): why for name, why in item.get("failures", {}).items()},
        item.get("processed_events", 0),
        item.get("missing_events", 0),
        item.get("refused_events", 0),
    )


def moment_text(seconds: float) -> str:
    """Epoch seconds as a UTC text."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
