"""What is known of each page of a replay's messages: which of them are done, and which failed.

Whether a message is done is a member of its page's set, so a message that is done twice is counted once.
"""

import time
from typing import Final

from clickstream_platform.realtime.attributes import Item
from clickstream_platform.realtime.dynamodb import ConditionFailed, Dynamo
from clickstream_platform.realtime.replay_items import PAGES_END, Counts, Page, Replay, State, page_of
from clickstream_platform.realtime.replay_state import Replays
from clickstream_platform.realtime.tables import REPLAY_PAGES

_MOST_ERROR: Final = 300


class ReplayPages:
    """The pages of all replays, kept for `ttl_days`; the replays are told when one is settled."""

    def __init__(self, dynamo: Dynamo, ttl_days: int, replays: Replays) -> None:
        self._dynamo, self._ttl_seconds, self._replays = dynamo, ttl_days * 86_400, replays

    def open(self, replay_id: str, name: str, messages: int, events: int) -> None:
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

    def reopen(self, replay_id: str, page: Page) -> None:
        """Forget what failed in a page.

        Raises:
            DynamoError: It could not be kept.
        """
        self._replays.mark_reopened(replay_id, page)
        key = {"replay_id": replay_id, "page": page.name}
        self._dynamo.update(REPLAY_PAGES.name, key, "SET failures = :none", "", {":none": {}}, {})

    def of(self, replay_id: str) -> list[Page]:
        """All pages of a replay in their order.

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
        pages = self.of(replay.replay_id)
        return Counts(
            replay.selected,
            replay.sent,
            sum(page.processed for page in pages),
            sum(page.missing for page in pages),
            sum(page.refused for page in pages),
            sum(why["events"] for page in pages for why in page.failed.values()),
        )

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
        return self._replays.mark_settled(replay_id, page) if page.is_settled else "running"
