"""One shard of a mapping: a thread that reads it, and a thread for each lane that delivers its batches."""

import logging
import threading
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from clickstream_platform.local_aws.checkpoints import Checkpoint, Checkpoints
from clickstream_platform.local_aws.delivery import Delivery
from clickstream_platform.local_aws.lanes import Lane, Progress
from clickstream_platform.local_aws.shard_reader import ShardReader
from clickstream_platform.local_aws.stream_records import PAYLOAD_BYTES, StreamRecord

READ_AT_ONCE = 10_000
READ_AHEAD = 1_000
"""Records that may wait here at least: what one stuck lane does not hold up for the others."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Lag:
    """How far a shard's processing is behind.

    Attributes:
        records: Read and not done.
        oldest_arrival: Epoch seconds of the oldest of them.
        unread_milliseconds: How far reading itself is behind the newest record.
        reads: Reads of the shard so far.
    """

    records: int
    oldest_arrival: float | None
    unread_milliseconds: int
    reads: int


class ShardWorker:
    """Processes one shard until it has ended or the worker is stopped."""

    def __init__(
        self,
        shard_id: str,
        reader: ShardReader,
        delivery: Delivery,
        checkpoints: Checkpoints,
        start: Checkpoint,
        *,
        poll_seconds: float,
        on_end: Callable[[], None],
    ) -> None:
        self.shard_id = shard_id
        self._reader = reader
        self._delivery = delivery
        self._checkpoints = checkpoints
        self._checkpoint = start
        self._poll_seconds = poll_seconds
        self._on_end = on_end
        self._stop = delivery.stop
        self._lanes = [Lane(delivery.mapping) for _ in range(delivery.mapping.parallelization_factor)]
        self._progress = Progress()
        self._saving = threading.Lock()
        self._reads = 0
        self._threads = [threading.Thread(target=self._read, name=f"read {shard_id}", daemon=True)] + [
            threading.Thread(target=self._deliver, args=(lane,), name=f"deliver {shard_id}", daemon=True)
            for lane in self._lanes
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Give out no more batches; `join` waits for those under way."""
        for lane in self._lanes:
            lane.stop()

    def join(self, seconds: float | None = None) -> None:
        """Wait for the threads."""
        for thread in self._threads:
            thread.join(seconds)

    def lag(self) -> Lag:
        """How far behind this shard is."""
        reads = self._reads
        return Lag(*self._progress.outstanding(), self._reader.behind_milliseconds, reads)

    def _read(self) -> None:
        # Two batches a lane wait here, or a little more; the rest waits in the stream.
        lanes = len(self._lanes)
        most = min(READ_AT_ONCE, max(READ_AHEAD, 2 * self._delivery.mapping.batch_size * lanes))
        most_bytes = 2 * PAYLOAD_BYTES * lanes
        ended = False
        while not (ended or self._stop.is_set()):
            room = most - self._progress.outstanding()[0] if self._progress.size < most_bytes else 0
            records: Sequence[StreamRecord] = ()
            if room > 0:
                try:
                    records, ended = self._reader.read(room)
                except Exception as error:
                    # Whatever it was: the shard is read again from the same place, as Lambda does.
                    _log.warning("%s could not be read: %s", self.shard_id, error)
                    self._stop.wait(1.0)
                    continue
                self._progress.began(records)
                for index, lane in enumerate(self._lanes):
                    lane.add([record for record in records if self._lane_of(record) == index])
                self._reads += 1
            if not records and not ended:
                self._stop.wait(self._poll_seconds)
        for lane in self._lanes:
            lane.end() if ended else lane.stop()
        if ended:
            for thread in self._threads[1:]:
                thread.join()
            self._end()

    def _lane_of(self, record: StreamRecord) -> int:
        return zlib.crc32(record.partition_key.encode()) % len(self._lanes)

    def _deliver(self, lane: Lane) -> None:
        while (batch := lane.take()) is not None:
            self._delivery.deliver(self.shard_id, batch, self._finished)

    def _finished(self, records: Sequence[StreamRecord]) -> None:
        with self._saving:
            reached = self._progress.finished(records)
            if reached is not None:
                self._checkpoint = replace(self._checkpoint, after=str(reached))
                self._checkpoints.save(self.shard_id, self._checkpoint)

    def _end(self) -> None:
        if self._progress.outstanding()[0] == 0:
            self._checkpoint = replace(self._checkpoint, ended=True)
            self._checkpoints.save(self.shard_id, self._checkpoint)
            self._on_end()
