"""What is known of each replay: one item for it; `replay_pages` has one for each page of its messages.

A replay walks through positions, a unit (a day, or all) and a step in it. Each step sends one page of messages; the
item moves to the next position in one conditional write, so a step that runs twice is counted once.
"""

import hashlib
import time
from collections.abc import Sequence

import msgspec

from clickstream_platform.realtime.attributes import Item
from clickstream_platform.realtime.dynamodb import ConditionFailed, Dynamo
from clickstream_platform.realtime.replay_items import (
    Page,
    Position,
    Replay,
    State,
    replay_of,
)
from clickstream_platform.realtime.replay_request import ReplayRequest
from clickstream_platform.realtime.tables import REPLAYS


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

    def mark_settled(self, replay_id: str, page: Page) -> State:
        """Keep that nothing of a page is left to be done, and whether messages of it failed; the replay's state.

        Raises:
            DynamoError: It could not be kept.
        """
        failed = "ADD pages_settled :page, pages_failed :page"
        whole = "ADD pages_settled :page DELETE pages_failed :page"
        key, values = {"replay_id": replay_id}, {":page": {page.name}}
        item = self._dynamo.update(
            REPLAYS.name,
            key,
            failed if page.failed else whole,
            "attribute_exists(replay_id)",
            values,
            {},
            returns=True,
        )
        return self.settle(replay_of(item))

    def mark_reopened(self, replay_id: str, page: Page) -> None:
        """Keep that something of a page is to be done again.

        Raises:
            DynamoError: It could not be kept.
        """
        change = "DELETE pages_settled :page, pages_failed :page"
        self._dynamo.update(REPLAYS.name, {"replay_id": replay_id}, change, "", {":page": {page.name}}, {})

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

    def _changed(self, replay_id: str, change: str, condition: str, values: Item) -> Replay:
        key = {"replay_id": replay_id}
        try:
            return replay_of(self._dynamo.update(REPLAYS.name, key, change, condition, values, {}, returns=True))
        except ConditionFailed as failed:
            if failed.item is None:
                self.get(replay_id)  # says that there is none
                raise
            raise WrongState(f"the replay is {failed.item['progress']}") from None
