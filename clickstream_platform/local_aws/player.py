"""Plays an invented shop to a stream as it happens: every record at about the time that it is of."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

from clickstream_platform.local_aws.server import client
from clickstream_platform.simulate import SLOT, LiveRecord, LiveShop, records_of_slot

SLOT_SECONDS: Final = SLOT // 1_000_000
LARGEST_RATE: Final = 50
"""Events a second of one shop; more come from several shops, as drawing a larger one takes too long."""

STEP_SECONDS: Final = 0.5
_AT_ONCE: Final = 500

_log = logging.getLogger(__name__)


def shops_of(rate: float, seed: int = 1) -> list[LiveShop]:
    """Shops that together send about `rate` events a second."""
    count = max(1, -(-int(rate) // LARGEST_RATE))
    return [LiveShop(max(1, round(rate / count * SLOT_SECONDS)), seed + number) for number in range(count)]


class Player:
    """Puts the shops' records on a stream as their time comes.

    Args:
        whole: Begin with the five minutes that are under way, not with this moment.

    Attributes:
        sent: Records put so far.
    """

    def __init__(
        self,
        endpoint: str,
        stream: str,
        shops: Sequence[LiveShop],
        *,
        whole: bool = True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.sent = 0
        self._kinesis = client("kinesis", endpoint)
        self._stream = stream
        self._shops = shops
        self._clock = clock
        self._begin = 0.0 if whole else clock()
        self._stop = threading.Event()
        self._drawing = ThreadPoolExecutor(1, thread_name_prefix="draw")
        self._thread = threading.Thread(target=self._run, name="player", daemon=True)

    def start(self) -> "Player":
        """Begin."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Put nothing more."""
        self._stop.set()
        self._thread.join()
        self._drawing.shutdown(cancel_futures=True)

    def _run(self) -> None:
        slot = int(self._clock()) // SLOT_SECONDS
        drawn = self._draw(slot)
        while not self._stop.is_set():
            parts, drawn = drawn.result(), self._draw(slot + 1)
            sizes = [len(records) for records in parts]
            for records in parts:
                records.reverse()
            self._due(slot, parts, sizes, self._begin)  # before this shop was looked at
            self._play(slot, parts, sizes)
            slot += 1

    def _draw(self, slot: int) -> "Future[list[list[LiveRecord]]]":
        return self._drawing.submit(lambda: [records_of_slot(shop, slot) for shop in self._shops])

    def _play(self, slot: int, parts: list[list[LiveRecord]], sizes: list[int]) -> None:
        """Put what is due every half second until the slot is over."""
        while any(parts) and not self._stop.is_set():
            self._put(self._due(slot, parts, sizes, self._clock()))
            self._stop.wait(STEP_SECONDS)

    def _due(self, slot: int, parts: list[list[LiveRecord]], sizes: list[int], now: float) -> list[LiveRecord]:
        """Take what has happened until now; records are evenly spread over the slot, near enough."""
        past = max(0.0, now / SLOT_SECONDS - slot)
        return [
            records.pop()
            for records, size in zip(parts, sizes, strict=True)
            for _ in range(len(records) - max(0, int(size * (1 - past))))
        ]

    def _put(self, records: Sequence[LiveRecord]) -> None:
        for begin in range(0, len(records), _AT_ONCE):
            entries: list[dict[str, Any]] = [
                {"Data": record.data, "PartitionKey": record.entity} for record in records[begin : begin + _AT_ONCE]
            ]
            while entries and not self._stop.is_set():
                try:
                    answers = self._kinesis.put_records(StreamName=self._stream, Records=entries)["Records"]
                except Exception as error:
                    _log.warning("the stream took no records: %s", error)
                    self._stop.wait(1.0)
                    continue
                refused = [entry for entry, answer in zip(entries, answers, strict=True) if answer.get("ErrorCode")]
                self.sent += len(entries) - len(refused)
                entries = refused
