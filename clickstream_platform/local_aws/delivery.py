"""Delivers one batch until every record of it is done: retries, partial failures, bisection, discarding."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from clickstream_platform.local_aws.answers import first_failed
from clickstream_platform.local_aws.failures import Condition, Discarded
from clickstream_platform.local_aws.functions import Invoker, Result
from clickstream_platform.local_aws.mapping import FOREVER, StreamMapping
from clickstream_platform.local_aws.stream_records import StreamRecord, event_of

Records = Sequence[StreamRecord]


def exponential_backoff(failures: int) -> float:
    """Seconds to wait after so many failures in a row: from half a second to half a minute, with jitter."""
    return min(30.0, 0.25 * 2.0 ** min(failures, 10)) * random.uniform(0.75, 1.25)


@dataclass
class _Part:
    """Consecutive records that are tried together.

    Attributes:
        retries: Failures that count against the mapping's attempts; a split does not.
        failures: All failures in a row, for the backoff.
        invocations: How often the function had these records.
    """

    records: Records
    retries: int = 0
    failures: int = 0
    invocations: int = 0
    last: Result | None = None


@dataclass
class Delivery:
    """Delivers the batches of one mapping.

    Attributes:
        discard: Tells the on-failure destination; False where it could not before the stop.
        observe: Is told of every invocation: records and result.
        backoff: Seconds to wait after so many failures in a row.
        clock: Epoch seconds, for the age of records.
    """

    mapping: StreamMapping
    invoker: Invoker
    discard: Callable[[Discarded], bool]
    stop: threading.Event
    observe: Callable[[Records, bool], None] = lambda records, succeeded: None
    backoff: Callable[[int], float] = exponential_backoff
    clock: Callable[[], float] = field(default=time.time)

    def deliver(self, shard_id: str, batch: Records, finished: Callable[[Records], None]) -> None:
        """Deliver a batch; `finished` is called with records, in their order, as they are done.

        It comes back early when it is told to stop: what is not finished then is delivered again by the next start.
        """
        parts = [_Part(batch)]
        while parts and not self.stop.is_set():
            part = parts.pop(0)
            expired = self._expired(part.records)
            if expired:
                self._give_up(shard_id, part, part.records[:expired], "RecordAgeExceeded", finished)
                part.records = part.records[expired:]
            if part.records:
                parts = self._try(shard_id, part, finished) + parts

    def _try(self, shard_id: str, part: _Part, finished: Callable[[Records], None]) -> list[_Part]:
        """Invoke the function with a part; what is left to be tried, in order."""
        part.last = self.invoker.invoke(event_of(part.records))
        part.invocations += 1
        failed = self._first_failed(part.last, part.records)
        self.observe(part.records, failed is None)
        if failed is None:
            finished(part.records)
            return []
        if failed:
            finished(part.records[:failed])
        left = part.records[failed:]
        split = self.mapping.bisect_batch_on_function_error
        exhausted = (
            self.mapping.maximum_retry_attempts != FOREVER and part.retries >= self.mapping.maximum_retry_attempts
        )
        if split and (failed or len(left) > 1):
            # At the number that was returned; without one, or where it is the first, in the middle.
            pieces = [left] if failed else [left[: len(left) // 2], left[len(left) // 2 :]]
            again = [_Part(piece, part.retries, part.failures + 1, part.invocations, part.last) for piece in pieces]
        elif exhausted:
            self._give_up(shard_id, part, left, "RetryAttemptsExhausted", finished)
            return []
        else:
            again = [_Part(left, part.retries + 1, part.failures + 1, part.invocations, part.last)]
        self.stop.wait(self.backoff(part.failures))
        return again

    def _first_failed(self, result: Result, records: Records) -> int | None:
        if result.error is not None:
            return 0
        return first_failed(result.answer, records) if self.mapping.report_batch_item_failures else None

    def _expired(self, records: Records) -> int:
        """How many of the first records are too old."""
        if self.mapping.maximum_record_age_seconds == FOREVER:
            return 0
        horizon = self.clock() - self.mapping.maximum_record_age_seconds
        return next((index for index, record in enumerate(records) if record.arrived >= horizon), len(records))

    def _give_up(
        self, shard_id: str, part: _Part, records: Records, condition: Condition, finished: Callable[[Records], None]
    ) -> None:
        # Records are behind us only once the destination has been told of them.
        if self.discard(Discarded(shard_id, records, condition, part.invocations, part.last)):
            finished(records)
