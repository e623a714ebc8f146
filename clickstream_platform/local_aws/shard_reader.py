"""Reads one shard from where its checkpoint stands."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from clickstream_platform.local_aws.checkpoints import Checkpoint
from clickstream_platform.local_aws.stream_records import StreamRecord, stream_record


class ShardReader:
    """GetRecords over one shard; what goes wrong in between is tried again from the last record read.

    Attributes:
        behind_milliseconds: How far the last read was behind the shard's newest record.
    """

    def __init__(self, kinesis: Any, stream: str, stream_arn: str, shard_id: str, start: Checkpoint) -> None:
        self._kinesis = kinesis
        self._stream = stream
        self._arn = stream_arn
        self._shard_id = shard_id
        self._position = start
        self._iterator: str | None = None
        self.behind_milliseconds = 0

    def read(self, most: int) -> tuple[list[StreamRecord], bool]:
        """Up to `most` next records, and whether the shard has ended.

        Raises:
            BotoCoreError, ClientError: The stream could not be read; the next call goes on from the same place.
        """
        iterator, self._iterator = self._iterator or self._begin(), None
        answer = self._kinesis.get_records(ShardIterator=iterator, Limit=most)
        self._iterator = answer.get("NextShardIterator")
        self.behind_milliseconds = answer["MillisBehindLatest"]
        records = [stream_record(self._shard_id, self._arn, record) for record in answer["Records"]]
        if records:
            self._position = replace(self._position, after=str(records[-1].number))
        return records, self._iterator is None

    def _begin(self) -> str:
        where: dict[str, Any] = {"ShardIteratorType": "TRIM_HORIZON"}
        if self._position.after is not None:
            where = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": self._position.after}
        elif self._position.since is not None:
            where = {
                "ShardIteratorType": "AT_TIMESTAMP",
                "Timestamp": datetime.fromtimestamp(self._position.since, UTC),
            }
        answer = self._kinesis.get_shard_iterator(StreamName=self._stream, ShardId=self._shard_id, **where)
        iterator: str = answer["ShardIterator"]
        return iterator
