"""Feeds a Kinesis stream to a function the way that Lambda's event source mappings do.

moto keeps event source mappings and does not run them. This follows the Lambda Developer Guide ("Using Lambda to
process records from Amazon Kinesis Data Streams"): shards in order, parents before children, checkpoints, retries.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from clickstream_platform.local_aws.checkpoints import Checkpoint, Checkpoints, MemoryCheckpoints
from clickstream_platform.local_aws.delivery import Delivery, Records, exponential_backoff
from clickstream_platform.local_aws.failures import Discarded, failure_document, send_failure
from clickstream_platform.local_aws.functions import Invoker
from clickstream_platform.local_aws.mapping import StreamMapping
from clickstream_platform.local_aws.resources import stream_arn
from clickstream_platform.local_aws.server import client
from clickstream_platform.local_aws.shard_reader import ShardReader
from clickstream_platform.local_aws.shard_worker import Lag, ShardWorker
from clickstream_platform.local_aws.shards import Shards, list_shards, ready_shards

_log = logging.getLogger(__name__)


@dataclass
class Counts:
    """What a poller has done since it was started."""

    batches_succeeded: int = 0
    batches_failed: int = 0
    records_delivered: int = 0
    records_discarded: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, **more: int) -> None:
        """Count on."""
        with self._lock:
            for name, number in more.items():
                setattr(self, name, getattr(self, name) + number)


class Poller:
    """Runs one event source mapping.

    Args:
        endpoint: Where the emulated AWS is.
        queue_url: URL of the mapping's on-failure queue.
        checkpoints: Where a poller that is started again goes on; by default it begins anew.
        poll_seconds: How often a shard without news is read.
        refresh_seconds: How often the list of shards is read.
        backoff: Seconds to wait after so many failures in a row.
        clock: Epoch seconds, for the age of records.
    """

    def __init__(
        self,
        mapping: StreamMapping,
        invoker: Invoker,
        endpoint: str,
        *,
        queue_url: str | None = None,
        checkpoints: Checkpoints | None = None,
        poll_seconds: float = 0.25,
        refresh_seconds: float = 2.0,
        backoff: Callable[[int], float] = exponential_backoff,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.mapping = mapping
        self.counts = Counts()
        self._arn = stream_arn(mapping.stream)
        self._invoker = invoker
        self._kinesis = client("kinesis", endpoint)
        self._sqs = client("sqs", endpoint)
        self._queue_url = queue_url
        self._checkpoints: Checkpoints = MemoryCheckpoints() if checkpoints is None else checkpoints
        self._poll_seconds = poll_seconds
        self._refresh_seconds = refresh_seconds
        self._clock = clock
        self._stop = threading.Event()
        self._look = threading.Event()
        self._workers: dict[str, ShardWorker] = {}
        self._shards: Shards = {}
        self._listings = 0
        self._thread = threading.Thread(target=self._run, name=f"shards of {mapping.stream}", daemon=True)
        self._delivery = Delivery(mapping, invoker, self._discard, self._stop, self._observe, backoff, clock)

    def start(self) -> "Poller":
        """Begin."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Begin no more batches, and wait until those under way are done and their checkpoints kept."""
        self._stop.set()
        self._look.set()
        self._thread.join()
        for worker in self._workers.values():
            worker.stop()
        for worker in self._workers.values():
            worker.join()

    def lags(self) -> dict[str, Lag]:
        """How far behind each shard is."""
        return {shard_id: worker.lag() for shard_id, worker in list(self._workers.items())}

    def wait_until_caught_up(self, seconds: float = 60.0) -> bool:
        """Wait until everything that was in the stream when this was called is done; False when time is up."""
        deadline = time.monotonic() + seconds
        # Two more: the first may have been under way already. The same holds of reads.
        listings, reads = self._listings + 2, {shard_id: lag.reads + 2 for shard_id, lag in self.lags().items()}
        while time.monotonic() < deadline:
            if self._listings < listings:
                self._look.set()
            elif self._caught_up(reads):
                return True
            time.sleep(0.005)
        return False

    def _caught_up(self, reads: Mapping[str, int]) -> bool:
        checkpoints, lags = self._checkpoints.all(), self.lags()
        for shard_id in self._shards:
            lag = lags.get(shard_id)
            if shard_id in checkpoints and checkpoints[shard_id].ended:
                continue
            if lag is None or lag.records or lag.unread_milliseconds or lag.reads < reads.get(shard_id, 2):
                return False
        return True

    def _run(self) -> None:
        while not self._stop.is_set():
            self._look.clear()
            try:
                self._shards = list_shards(self._kinesis, self.mapping.stream)
                self._start_workers()
                self._listings += 1
            except Exception as error:
                # The stream may not be there yet, or the server be restarted.
                _log.warning("the shards of %s could not be listed: %s", self.mapping.stream, error)
            self._look.wait(self._refresh_seconds)

    def _start_workers(self) -> None:
        if self.mapping.starting_position == "LATEST" and not self._checkpoints.all():
            now = Checkpoint(since=self._clock())
            for shard_id in self._shards:
                self._checkpoints.save(shard_id, now)
        checkpoints = self._checkpoints.all()
        for shard_id in ready_shards(self._shards, checkpoints):
            if shard_id not in self._workers:
                self._begin(shard_id, checkpoints.get(shard_id, Checkpoint()))

    def _begin(self, shard_id: str, start: Checkpoint) -> None:
        worker = ShardWorker(
            shard_id,
            ShardReader(self._kinesis, self.mapping.stream, self._arn, shard_id, start),
            self._delivery,
            self._checkpoints,
            start,
            poll_seconds=self._poll_seconds,
            on_end=self._look.set,
        )
        self._workers[shard_id] = worker
        worker.start()

    def _observe(self, records: Records, succeeded: bool) -> None:
        self.counts.add(
            batches_succeeded=int(succeeded),
            batches_failed=int(not succeeded),
            records_delivered=len(records) * succeeded,
        )

    def _discard(self, discarded: Discarded) -> bool:
        """Tell the on-failure queue, however often that takes."""
        self.counts.add(records_discarded=len(discarded.records))
        document = failure_document(discarded, self._arn, self._invoker.function.arn, self._clock())
        while self._queue_url is not None:
            try:
                send_failure(self._sqs, self._queue_url, document)
                return True
            except Exception as error:
                _log.warning("the on-failure queue could not be told: %s", error)
                if self._stop.wait(1.0):
                    return False
        return True
