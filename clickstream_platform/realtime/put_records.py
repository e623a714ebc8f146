"""Putting records on Kinesis: in as few calls as its limits allow, and what it refuses once more, for a while."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from clickstream_platform.realtime.aws_calls import KINESIS, AwsCalls, AwsError
from clickstream_platform.realtime.streams import batches

_THROTTLED = {
    "KMSThrottlingException",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "ThrottlingException",
}


class OutgoingRecord(NamedTuple):
    """A record for a stream; the entity is its partition key, so that one shard has all that a person does."""

    stream: str
    entity: str
    data: bytes


class NotTaken(Exception):
    """Kinesis did not take all records. Putting all of them again is harmless: silver takes each event once.

    Attributes:
        left: Places of the records that are not known to be on their stream.
        is_throttled: Only a shard or a quota that is exhausted stands in the way.
        is_transient: A later try may succeed.
    """

    def __init__(self, left: Sequence[int], error: AwsError) -> None:
        super().__init__(f"{len(left)} record(s) not taken: {error}")
        self.left = tuple(left)
        self.is_throttled, self.is_transient = error.code in _THROTTLED, error.is_transient


class StreamWriter:
    """Puts records on streams of one account and region.

    Args:
        patience: Seconds that what Kinesis refuses is put again, for one `put` altogether.
    """

    def __init__(self, patience: float) -> None:
        self._calls = _Calls(KINESIS, patience)

    def put(self, records: Sequence[OutgoingRecord]) -> int:
        """Put records on their streams.

        Those of one stream go in their order; one that is put again comes behind later ones.

        Returns:
            How often records had to be put again.

        Raises:
            NotTaken: Kinesis still refuses some, or refuses them for good.
        """
        left, repeats = list(range(len(records))), 0
        error: AwsError | None = None
        for pause in self._calls.attempts():
            left, error = self._attempt(records, left)
            if error is None:
                return repeats
            if not error.is_transient:
                break
            repeats += len(left)
            pause()
        assert error is not None
        raise NotTaken(left, error)

    def _attempt(self, records: Sequence[OutgoingRecord], places: list[int]) -> tuple[list[int], AwsError | None]:
        """Put some of the records; those that were not taken, and why (the gravest reason)."""
        left: list[int] = []
        errors: list[AwsError] = []
        for stream in dict.fromkeys(records[place].stream for place in places):
            own = [place for place in places if records[place].stream == stream]
            waiting = iter(own)
            entries = [{"Data": records[place].data, "PartitionKey": records[place].entity} for place in own]
            for batch in batches(entries):
                sent = list(islice(waiting, len(batch)))
                try:
                    answer = self._calls.call("PutRecords", {"StreamName": stream, "Records": batch})
                except AwsError as error:
                    left += sent
                    errors.append(error)
                    continue
                for place, said in zip(sent, answer["Records"], strict=True):
                    if said.get("ErrorCode"):
                        left.append(place)
                        errors.append(_error_of(stream, said))
        return sorted(left), min(errors, key=_lightness) if errors else None


class _Calls(AwsCalls):
    """Calls that are tried once: the writer tries again itself, and then only what was refused."""

    def pauses(self) -> Iterator[Callable[[], None]]:
        """A single attempt."""
        yield lambda: None

    def attempts(self) -> Iterator[Callable[[], None]]:
        """Attempts until patience ends, with growing pauses."""
        return super().pauses()


def _error_of(stream: str, said: dict[str, Any]) -> AwsError:
    message = f"PutRecords on {stream}: {said.get('ErrorMessage', '')}"
    return AwsError(str(said["ErrorCode"]), message, is_transient=True)


def _lightness(error: AwsError) -> int:
    return 2 if error.code in _THROTTLED else int(error.is_transient)
