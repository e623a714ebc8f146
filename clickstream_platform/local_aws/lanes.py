"""What is read from a shard and waits: in order for each lane, and what of it is done over all lanes."""

import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice

from clickstream_platform.local_aws.mapping import StreamMapping
from clickstream_platform.local_aws.stream_records import StreamRecord, batch_length


class Lane:
    """Records of some of a shard's keys, given out in batches: one at a time, so that keys stay in order."""

    def __init__(self, mapping: StreamMapping) -> None:
        self._mapping = mapping
        self._waiting: deque[StreamRecord] = deque()
        self._changed = threading.Condition()
        self._ended = self._stopped = False
        self._window_began = 0.0

    def add(self, records: Sequence[StreamRecord]) -> None:
        """Append records of the stream."""
        with self._changed:
            if records and not self._waiting:
                self._window_began = time.monotonic()
            self._waiting.extend(records)
            self._changed.notify_all()

    def end(self) -> None:
        """No more will come: what waits is given out without a window."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def stop(self) -> None:
        """Give out nothing more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def take(self) -> list[StreamRecord] | None:
        """The next batch, as soon as it is full or its window has passed; None when there will be none.

        The window begins when the batch before is done or, later, when its first record comes: callers ask for the
        next batch when they are done with one.
        """
        with self._changed:
            self._window_began = time.monotonic()
            while not self._stopped:
                length, full = batch_length(
                    list(islice(self._waiting, self._mapping.batch_size + 1)), self._mapping.batch_size
                )
                left = self._window_began + self._mapping.batching_window_seconds - time.monotonic()
                if length and (full or self._ended or left <= 0):
                    return [self._waiting.popleft() for _ in range(length)]
                if self._ended:
                    return None
                self._changed.wait(left if length else None)
            return None


class Progress:
    """How far a shard is done without a gap, whatever order its lanes finish in.

    Attributes:
        size: Bytes of the records that were read and are not behind the checkpoint.
    """

    def __init__(self) -> None:
        self.size = 0
        self._lock = threading.Lock()
        self._order: deque[StreamRecord] = deque()
        self._done: set[int] = set()

    def began(self, records: Sequence[StreamRecord]) -> None:
        """Records were read, in the stream's order."""
        with self._lock:
            self.size += sum(len(record.encoded) for record in records)
            self._order.extend(records)

    def finished(self, records: Iterable[StreamRecord]) -> int | None:
        """Records are done; the number that everything is done up to, if that has moved."""
        with self._lock:
            self._done.update(record.number for record in records)
            reached = None
            while self._order and self._order[0].number in self._done:
                passed = self._order.popleft()
                self.size -= len(passed.encoded)
                self._done.discard(passed.number)
                reached = passed.number
            return reached

    def outstanding(self) -> tuple[int, float | None]:
        """How many records were read and are not behind the checkpoint, and when the oldest of them arrived."""
        with self._lock:
            return len(self._order), self._order[0].arrived if self._order else None
