"""Sending to SQS queues, many messages at once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from clickstream_platform.realtime.aws_calls import SQS, AwsCalls, AwsError

MOST_DELAY_SECONDS = 900
"""No message can be held back for longer."""

_MOST_MESSAGES, _MOST_BYTES = 10, 256 * 1024


class Message(NamedTuple):
    """A message, and how many seconds it is held back."""

    body: bytes
    delay_seconds: int = 0


class Queue:
    """One queue.

    Args:
        url: Its address.
        patience: Seconds that one call is tried again.
    """

    def __init__(self, url: str, patience: float) -> None:
        self._url, self._calls = url, AwsCalls(SQS, patience)

    def send(self, messages: Iterable[Message]) -> int:
        """Send messages; their number. One may arrive twice where an answer was lost.

        Raises:
            AwsError: Some could not be sent.
        """
        sent = 0
        for batch in _batches(messages):
            self._send(batch)
            sent += len(batch)
        return sent

    def _send(self, batch: Sequence[Message]) -> None:
        waiting = {str(place): message for place, message in enumerate(batch)}
        why: Mapping[str, Any] = {}
        for pause in self._calls.pauses():
            entries = [
                {"Id": name, "MessageBody": message.body.decode(), "DelaySeconds": message.delay_seconds}
                for name, message in waiting.items()
            ]
            answer = self._calls.call("SendMessageBatch", {"QueueUrl": self._url, "Entries": entries})
            failed = answer.get("Failed") or []
            if not failed:
                return
            why = failed[0]
            if any(one.get("SenderFault") for one in failed):
                break
            waiting = {one["Id"]: waiting[one["Id"]] for one in failed}
            pause()
        raise AwsError(str(why.get("Code")), f"{len(waiting)} messages to {self._url}: {why.get('Message') or ''}")


def _batches(messages: Iterable[Message]) -> Iterator[list[Message]]:
    batch: list[Message] = []
    held = 0
    for message in messages:
        if batch and (len(batch) == _MOST_MESSAGES or held + len(message.body) > _MOST_BYTES):
            yield batch
            batch, held = [], 0
        batch.append(message)
        held += len(message.body)
    if batch:
        yield batch
