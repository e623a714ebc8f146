"""Requests that come again under the same key: answered once, and with that answer ever after, within a window.

One item a key in the table `idempotency`. Whoever puts the item first has the key for as long as the attempt may live
(a lease); the answer ends the attempt. An attempt that died leaves its lease to run out, and the next one with the same
content takes over. DynamoDB deletes items late, so the window is held by time as well.
"""

import math
import os
import time
from hashlib import sha256
from typing import Any, Final, NamedTuple, TypeAlias

from clickstream_platform.realtime.attributes import Item
from clickstream_platform.realtime.dynamodb import ConditionFailed, Dynamo
from clickstream_platform.realtime.tables import IDEMPOTENCY

LONGEST_KEY: Final = 256

_FREE = (
    "attribute_not_exists(request_key) OR expires_at <= :now"
    " OR (attribute_not_exists(answer) AND lease_until <= :instant AND body_hash = :body)"
)


class Mine(NamedTuple):
    """The key is this attempt's: work, then `finish` or `release` it."""

    request_key: str
    attempt: str


class Answered(NamedTuple):
    """The same content was answered before, with this."""

    answer: str


class InProgress(NamedTuple):
    """Another attempt has the key, for so many seconds at most."""

    seconds: int


class OtherContent(NamedTuple):
    """The key belongs to a request with another content."""


Claim: TypeAlias = Mine | Answered | InProgress | OtherContent


class Idempotency:
    """The keys of one platform.

    Args:
        dynamo: The live tables.
        hours: So long a key is known, from its first attempt on.
    """

    def __init__(self, dynamo: Dynamo, hours: float) -> None:
        self._dynamo, self._seconds = dynamo, int(hours * 3600)

    def claim(self, source: str, key: str, content: bytes, lease_seconds: float, now: float | None = None) -> Claim:
        """Take a key for an attempt.

        Args:
            source: Whose key it is: keys of different sources never meet.
            key: Of 1 to `LONGEST_KEY` characters.
            content: What the request is about.
            lease_seconds: The attempt is dead after so long.
            now: Epoch seconds.

        Raises:
            DynamoError: It cannot be told whose the key is; nothing has been done.
        """
        now = time.time() if now is None else now
        # The lengths keep ("a", "b:c") and ("a:b", "c") apart.
        request_key = sha256(f"{len(source)}:{source}:{key}".encode("utf-8", "surrogatepass")).hexdigest()
        attempt, body_hash = os.urandom(8).hex(), sha256(content).hexdigest()
        item: Item = {
            "request_key": request_key,
            "attempt": attempt,
            "body_hash": body_hash,
            "lease_until": int((now + lease_seconds) * 1000),
            "expires_at": int(now) + self._seconds,
        }
        values: dict[str, Any] = {":now": int(now), ":instant": int(now * 1000), ":body": body_hash}
        try:
            self._dynamo.put(IDEMPOTENCY.name, item, _FREE, values, {})
        except ConditionFailed as refused:
            return _of_another(refused.item or {}, request_key, attempt, body_hash, now)
        return Mine(request_key, attempt)

    def finish(self, mine: Mine, answer: str) -> None:
        """Keep the answer of an attempt; one that another has taken over meanwhile changes nothing.

        Raises:
            DynamoError: It is not kept, so the request would be carried out again.
        """
        self._change(mine, "SET answer = :value", answer)

    def release(self, mine: Mine) -> None:
        """Give the key back without an answer: the next attempt with the same content has it at once.

        Raises:
            DynamoError: It is not given back before its lease ends.
        """
        self._change(mine, "SET lease_until = :value", 0)

    def _change(self, mine: Mine, change: str, value: Any) -> None:
        key, values = {"request_key": mine.request_key}, {":value": value, ":attempt": mine.attempt}
        try:
            self._dynamo.update(IDEMPOTENCY.name, key, change, "attempt = :attempt", values, {})
        except ConditionFailed:
            return


def _of_another(item: Item, request_key: str, attempt: str, body_hash: str, now: float) -> Claim:
    """What an item that is in the way means."""
    if item.get("attempt") == attempt:  # the answer to our own put was lost, and the call tried again
        return Mine(request_key, attempt)
    if item.get("body_hash", body_hash) != body_hash:
        return OtherContent()
    if "answer" in item:
        return Answered(item["answer"])
    return InProgress(max(1, math.ceil(item.get("lease_until", 0) / 1000 - now)))
