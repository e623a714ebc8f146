"""What is known of each replay: one item for it, and one for each page of its messages.

A replay walks through positions, a unit (a day, or all) and a step in it. Each step sends one page of messages; the
item moves to the next position in one conditional write, so a step that runs twice is counted once. Whether a message
is done is a member of its page's set, so that is counted once as well.
"""

import hashlib
import time
from collections.abc import Sequence
from typing import Final

import msgspec

from clickstream_platform.realtime.attributes import Item
from clickstream_platform.realtime.dynamodb import ConditionFailed, Dynamo
from clickstream_platform.realtime.replay_items import (
    PAGES_END,
    Counts,
    Page,
    Position,
    Replay,
    State,
    page_of,
    replay_of,
)
from clickstream_platform.realtime.replay_request import ReplayRequest
from clickstream_platform.realtime.tables import REPLAY_PAGES, REPLAYS

_MOST_ERROR: Final = 300


class UnknownReplay(LookupError):
    """There is no such replay, or it was too long ago."""


class WrongState(ValueError):
    """The replay is not in a state that allows this."""


class OtherReplay(ValueError):
    """A replay of the same id asks for something else."""


class Replays:
    """The replays of the live tables, kept for `ttl_days`."""

    def __init__(self, dynamo: Dynamo, ttl_days: int) -> None:
        self._dynamo, self._ttl_seconds = dynamo, ttl_days * 86_400

    def create(self, replay_id: str, request: ReplayRequest) -> Replay:
        """A new replay, queued; the one that is there of the same id and request.

        Raises:
            OtherReplay: There is one of the same id and another request.
            DynamoError: It could not be kept.
        """
        now, text = time.time(), msgspec.json.encode(request)
        item: Item = {
            "replay_id": replay_id,
            "progress": "queued",
            "asked": text.decode(),
            "asked_hash": hashlib.sha256(text).hexdigest(),
            "unit": 0,
            "step": 0,
            "created_ms": int(now * 1000),
            "selected": 0,
            "sent": 0,
            "pages": 0,
            "expires_at": int(now) + self._ttl_seconds,
        }
        try:
            self._dynamo.put(REPLAYS.name, item, "attribute_not_exists(replay_id)", {}, {})
        except ConditionFailed as failed:
            if failed.item is None or failed.item["asked_hash"] != item["asked_hash"]:
                raise OtherReplay("the idempotency key was used for another replay") from None
            return replay_of(failed.item)
        return replay_of(item)

    def get(self, replay_id: str) -> Replay:
        """A replay.

        Raises:
            UnknownReplay: There is none of this id.
            DynamoError: It cannot be had.
        """
        item = self._dynamo.get(REPLAYS.name, {"replay_id": replay_id})
        if item is None:
            raise UnknownReplay(f"there is no replay {replay_id!r}; replays are known for some days after they began")
        return replay_of(item)

    def get_many(self, replay_ids: Sequence[str]) -> dict[str, Replay]:
        """Those of some replays that are known.

        Raises:
            DynamoError: They cannot be had.
        """
        items = self._dynamo.get_many(REPLAYS.name, [{"replay_id": name} for name in dict.fromkeys(replay_ids)])
        return {item["replay_id"]: replay_of(item) for item in items}

    def forget_entity(self, replay: Replay) -> None:
        """Keep a selected replay without the entity: its events are in the plan, and erasure would not find it here."""
        request = msgspec.json.encode(msgspec.structs.replace(replay.request, entity_id="")).decode()
        key = {"replay_id": replay.replay_id}
        self._dynamo.update(REPLAYS.name, key, "SET asked = :asked", "", {":asked": request}, {})

    def advance(self, replay: Replay, to: Position, *, selected: int, sent: int, page: bool) -> Replay | None:
        """Move a replay on from its position.

        Args:
            replay: As it was read.
            to: The next position.
            selected: Events selected in all.
            sent: Events sent in all.
            page: Whether a page was sent.

        Returns:
            The replay as it is now; None where somebody else moved it on, or it was cancelled.

        Raises:
            DynamoError: It could not be kept.
        """
        change = (
            "SET progress = :running, #unit = :unit, step = :step, selected = :selected, sent = :sent, pages = :pages"
        )
        values = {
            ":running": "running",
            ":unit": to.unit,
            ":step": to.step,
            ":selected": selected,
            ":sent": sent,
            ":pages": replay.pages + page,
        }
        return self._moved(replay, change, values, {"#unit": "unit"})

    def finish_selection(self, replay: Replay) -> Replay | None:
        """Nothing is left to be sent. Returns as `advance` does.

        Raises:
            DynamoError: It could not be kept.
        """
        end = ":end" if replay.request.dry_run else ":running"
        values = {end: "done" if replay.request.dry_run else "running", ":true": True}
        return self._moved(replay, f"SET progress = {end}, is_selected = :true", values, {"#unit": "unit"})

    def _moved(self, replay: Replay, change: str, values: Item, names: dict[str, str]) -> Replay | None:
        at = {":at": replay.position.unit, ":at_step": replay.position.step, ":queued": "queued", ":active": "running"}
        condition = "#unit = :at AND step = :at_step AND progress IN (:queued, :active)"
        key = {"replay_id": replay.replay_id}
        try:
            item = self._dynamo.update(REPLAYS.name, key, change, condition, {**values, **at}, names, returns=True)
        except ConditionFailed:
            return None
        return replay_of(item)

    def end(self, replay_id: str, state: State, error: str | None = None) -> Replay:
        """Cancel a replay, or have it failed, unless it has ended.

        Raises:
            UnknownReplay: There is none of this id.
            WrongState: It has ended.
            DynamoError: It could not be kept.
        """
        change = "SET progress = :state" + (", failure = :error" if error else "")
        values = {":state": state, ":queued": "queued", ":active": "running"} | (
            {":error": error[:1000]} if error else {}
        )
        condition = "progress IN (:queued, :active)"
        return self._changed(replay_id, change, condition, values)

    def reopen(self, replay_id: str) -> Replay:
        """Have a failed replay run again, for messages that are sent again; a running one goes on running.

        Raises:
            UnknownReplay: There is none of this id.
            WrongState: It is done, cancelled, or has not begun.
            DynamoError: It could not be kept.
        """
        values = {":active": "running", ":failed": "failed"}
        return self._changed(
            replay_id, "SET progress = :active REMOVE failure", "progress IN (:active, :failed)", values
        )

    def reopen_page(self, replay_id: str, page: Page) -> None:
        """Forget what failed in a page.

        Raises:
            DynamoError: It could not be kept.
        """
        key = {"replay_id": replay_id}
        self._dynamo.update(
            REPLAYS.name, key, "DELETE pages_settled :page, pages_failed :page", "", {":page": {page.name}}, {}
        )
        self._dynamo.update(
            REPLAY_PAGES.name, {**key, "page": page.name}, "SET failures = :none", "", {":none": {}}, {}
        )

    def _changed(self, replay_id: str, change: str, condition: str, values: Item) -> Replay:
        key = {"replay_id": replay_id}
        try:
            return replay_of(self._dynamo.update(REPLAYS.name, key, change, condition, values, {}, returns=True))
        except ConditionFailed as failed:
            if failed.item is None:
                self.get(replay_id)  # says that there is none
                raise
            raise WrongState(f"the replay is {failed.item['progress']}") from None

    def open_page(self, replay_id: str, name: str, messages: int, events: int) -> None:
        """Have a page, with nothing done yet; one that is there stays as it is.

        Raises:
            DynamoError: It could not be kept.
        """
        item: Item = {
            "replay_id": replay_id,
            "page": name,
            "messages": messages,
            "events": events,
            "failures": {},
            "expires_at": int(time.time()) + self._ttl_seconds,
        }
        try:
            self._dynamo.put(REPLAY_PAGES.name, item, "attribute_not_exists(page)", {}, {})
        except ConditionFailed:
            return

    def is_done(self, replay_id: str, name: str, message: int) -> bool:
        """Whether a message of a page is done.

        Raises:
            DynamoError: The page cannot be had.
        """
        item = self._dynamo.get(REPLAY_PAGES.name, {"replay_id": replay_id, "page": name})
        return item is not None and message in item.get("done", ())

    def message_done(
        self, replay_id: str, name: str, message: int, *, processed: int, missing: int, refused: int
    ) -> State:
        """Count a message as done, once; the last one of the last page ends the replay, whose state is returned.

        Raises:
            DynamoError: It could not be kept.
        """
        change = "ADD done :one, processed_events :p, missing_events :m, refused_events :r REMOVE failures.#n"
        values = {":one": {message}, ":n": message, ":p": processed, ":m": missing, ":r": refused}
        return self._settle(replay_id, name, message, change, values, "NOT contains(done, :n)")

    def message_failed(self, replay_id: str, name: str, message: int, events: int, error: str) -> None:
        """Keep that a message failed for good, unless it is done.

        Raises:
            DynamoError: It could not be kept.
        """
        values: Item = {":n": message, ":why": {"events": events, "error": error[:_MOST_ERROR]}}
        self._settle(replay_id, name, message, "SET failures.#n = :why", values, "NOT contains(done, :n)")

    def _settle(self, replay_id: str, name: str, message: int, change: str, values: Item, condition: str) -> State:
        key, names = {"replay_id": replay_id, "page": name}, {"#n": f"m{message}"}
        wanted = {word: value for word, value in values.items() if word in f"{change} {condition}"}
        try:
            item = self._dynamo.update(REPLAY_PAGES.name, key, change, condition, wanted, names, returns=True)
        except ConditionFailed as failed:
            # Done before: but whoever did it may have been killed before the replay was told.
            if failed.item is None:
                raise
            item = failed.item
        page = page_of(item)
        return self._page_settled(replay_id, page) if page.is_settled else "running"

    def _page_settled(self, replay_id: str, page: Page) -> State:
        failed = (
            "ADD pages_settled :page, pages_failed :page"
            if page.failed
            else ("ADD pages_settled :page DELETE pages_failed :page")
        )
        key = {"replay_id": replay_id}
        item = self._dynamo.update(
            REPLAYS.name, key, failed, "attribute_exists(replay_id)", {":page": {page.name}}, {}, returns=True
        )
        return self.settle(replay_of(item))

    def settle(self, replay: Replay) -> State:
        """End a replay whose every message is done or has failed; its state.

        Raises:
            DynamoError: It could not be kept.
        """
        if replay.state != "running" or not replay.is_selected or replay.pages_settled < replay.pages:
            return replay.state
        state: State = "failed" if replay.pages_failed else "done"
        try:
            return self.end(replay.replay_id, state).state
        except WrongState:
            return self.get(replay.replay_id).state

    def pages(self, replay_id: str) -> list[Page]:
        """All pages in their order.

        Raises:
            DynamoError: They cannot be had.
        """
        where, values = "replay_id = :id AND page < :end", {":id": replay_id, ":end": PAGES_END}
        return [page_of(item) for item in self._dynamo.query(REPLAY_PAGES.name, where, values)]

    def counts(self, replay: Replay) -> Counts:
        """Events of a replay, by what became of them.

        Raises:
            DynamoError: They cannot be had.
        """
        pages = self.pages(replay.replay_id)
        return Counts(
            replay.selected,
            replay.sent,
            sum(page.processed for page in pages),
            sum(page.missing for page in pages),
            sum(page.refused for page in pages),
            sum(why["events"] for page in pages for why in page.failed.values()),
        )
