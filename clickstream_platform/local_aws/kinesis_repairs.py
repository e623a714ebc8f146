"""Where moto's Kinesis departs from the service's documented behaviour, put right in the server's process.

moto 5.2 loses records that are put at the same time, moves a split shard's records and sends new ones to the closed
parent, never ends a closed shard, numbers every shard from 1 and walks the whole shard for every read and write. What
reads a stream has to meet the real things: numbers of 56 digits that no other shard has, shards that end, limits on a
read.
"""

import threading
import time
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from itertools import count
from typing import Any, Final

from moto.kinesis import models
from moto.kinesis.utils import decompose_shard_iterator
from moto.utilities.utils import md5_hash

READ_BYTES: Final = 10 * 1024 * 1024
"""What one GetRecords gives back at most."""

TRIM_EVERY: Final = 1000

# A later server numbers higher, so that what an earlier one numbered is never taken for the same record.
_numbers = count(int(f"496{time.time_ns():020d}".ljust(56, "0")))
_lock = threading.RLock()
_retention_seconds = 86_400.0


def apply(retention_seconds: float) -> None:
    """Repair moto in this process; records are dropped after `retention_seconds`."""
    global _retention_seconds
    _retention_seconds = retention_seconds
    places: tuple[tuple[Any, str, Any], ...] = (
        (models, "Shard", RepairedShard),
        (models, "Stream", RepairedStream),
        (models.KinesisBackend, "get_records", _get_records),
    )
    for place, name, ours in places:
        setattr(place, name, ours)


class RepairedShard(models.Shard):
    """A shard that finds a record by bisection, numbers it once in the process, and forgets old ones."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._in_order: list[int] = []

    def put_record(self, partition_key: str, data: str, explicit_hash_key: str) -> str:
        """Append a record."""
        with _lock:
            number = next(_numbers)
            self.records[number] = models.Record(partition_key, data, number, explicit_hash_key)
            self._in_order.append(number)
            if len(self._in_order) % TRIM_EVERY == 0:
                self._trim()
            return str(number)

    def get_records(self, last_sequence_id: str, limit: int | None) -> tuple[list[Any], int, int]:
        """Records after a number, that number's successor to go on from, and milliseconds behind the newest."""
        with _lock:
            begin = bisect_right(self._in_order, int(last_sequence_id))
            found: list[Any] = []
            size = 0
            for number in self._in_order[begin : begin + (limit or 10_000)]:
                record = self.records[number]
                size += len(record.data) * 3 // 4
                if found and size > READ_BYTES:
                    break
                found.append(record)
            if not found:
                return [], int(last_sequence_id), 0
            last = found[-1].sequence_number
            if last == self._in_order[-1]:
                return found, last, 0
            behind = self.records[self._in_order[-1]].created_at - found[-1].created_at
            return found, last, max(1, int(behind * 1000))

    def get_min_sequence_number(self) -> int:
        """The oldest record's number."""
        return self._in_order[0] if self._in_order else 0

    def get_max_sequence_number(self) -> int:
        """The newest record's number."""
        return self._in_order[-1] if self._in_order else 0

    def _trim(self) -> None:
        horizon = time.time() - _retention_seconds
        kept = bisect_left(self._in_order, horizon, key=lambda number: self.records[number].created_at)
        for number in self._in_order[:kept]:
            del self.records[number]
        del self._in_order[:kept]


class RepairedStream(models.Stream):
    """A stream whose closed shards keep what they have and get nothing more."""

    def get_shard_for_key(self, partition_key: str, explicit_hash_key: str) -> Any:
        """The open shard that a key belongs to."""
        key = int(explicit_hash_key) if explicit_hash_key else int(md5_hash(partition_key.encode()).hexdigest(), 16)
        return next(
            shard for shard in self.shards.values() if shard.is_open and shard.starting_hash <= key <= shard.ending_hash
        )

    def put_record(self, *arguments: Any, **named: Any) -> tuple[str, str]:
        """Append a record to the shard of its key."""
        with _lock:
            given: tuple[str, str] = super().put_record(*arguments, **named)
            return given

    def split_shard(self, shard_to_split: str, new_starting_hash_key: str) -> None:
        """Close a shard and open two in its place."""
        with _lock, _Kept(self.shards[shard_to_split]):
            super().split_shard(shard_to_split, new_starting_hash_key)

    def merge_shards(self, shard_to_merge: str, adjacent_shard_to_merge: str) -> None:
        """Close two shards and open one in their place."""
        with _lock, _Kept(self.shards[shard_to_merge]), _Kept(self.shards[adjacent_shard_to_merge]):
            super().merge_shards(shard_to_merge, adjacent_shard_to_merge)


class _Kept:
    """Hides a shard's records from moto, which would put them anew into the shard's children."""

    def __init__(self, shard: Any) -> None:
        self._shard = shard
        self._records = shard.records

    def __enter__(self) -> None:
        self._shard.records = OrderedDict()

    def __exit__(self, *error: object) -> None:
        self._shard.records = self._records


_moto_get_records = models.KinesisBackend.get_records


def _get_records(
    self: Any, stream_arn: str | None, shard_iterator: str, limit: int | None
) -> tuple[str | None, list[Any], int]:
    """Without a next iterator where a closed shard has no more."""
    following, records, behind = _moto_get_records(self, stream_arn, shard_iterator, limit)
    name, shard_id, last = decompose_shard_iterator(following)
    shard = self.describe_stream(stream_arn=stream_arn, stream_name=name).get_shard(shard_id)
    ended = not shard.is_open and int(last) >= shard.get_max_sequence_number()
    return (None if ended else following), records, behind
