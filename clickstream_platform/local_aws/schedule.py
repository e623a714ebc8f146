"""Invokes a function on a schedule, as an EventBridge rule does."""

import json
import logging
import threading
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from clickstream_platform.local_aws.environment import ACCOUNT, REGION
from clickstream_platform.local_aws.functions import Invoker

EVERY = timedelta(minutes=5)
RETRIES = 2
"""How often Lambda tries a failed asynchronous invocation again."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_log = logging.getLogger(__name__)


def scheduled_event(time: datetime, rule: str) -> dict[str, Any]:
    """EventBridge's event of a rule's scheduled time."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{rule}"],
        "detail": {},
    }


class Schedule:
    """Invokes a function for every mark of the clock: those since `begin` at once, then each when it comes.

    Args:
        begin: First time that counts; now by default.
        end: Last time that counts; without it the schedule goes on.
        pause_seconds: Between invocations that are made up for.
        retry_seconds: Before a failed one is tried again.

    Attributes:
        succeeded: Marks that the function was invoked for.
        failed: Marks that were given up.
    """

    def __init__(
        self,
        invoker: Invoker,
        *,
        begin: datetime | None = None,
        end: datetime | None = None,
        every: timedelta = EVERY,
        pause_seconds: float = 1.0,
        retry_seconds: float = 60.0,
    ) -> None:
        self.succeeded = self.failed = 0
        self._invoker = invoker
        self._every = every
        self._mark = _EPOCH + -((_EPOCH - (begin or datetime.now(UTC))) // every) * every
        self._end = end
        self._pause_seconds = pause_seconds
        self._retry_seconds = retry_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"schedule of {invoker.function.name}", daemon=True)

    def start(self) -> "Schedule":
        """Begin."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Invoke no more, and wait for the invocation under way."""
        self._stop.set()
        self._thread.join()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until the end was reached; whether it was."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while self._end is None or self._mark <= self._end:
            until = (self._mark - datetime.now(UTC)).total_seconds()
            if self._stop.wait(max(until, 0.0)):
                return
            self._invoke(self._mark)
            self._mark += self._every
            if until <= 0:
                self._stop.wait(self._pause_seconds)

    def _invoke(self, mark: datetime) -> None:
        event = json.dumps(scheduled_event(mark, self._invoker.function.name)).encode()
        for left in range(RETRIES, -1, -1):
            result = self._invoker.invoke(event)
            if result.error is None:
                self.succeeded += 1
                return
            _log.warning("%s failed at %s: %s", self._invoker.function.name, mark, result.error)
            if left and self._stop.wait(self._retry_seconds):
                return
        self.failed += 1
