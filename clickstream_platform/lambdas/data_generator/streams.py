"""Which stream a record goes to, and putting many records on a stream."""

import time
from collections.abc import Iterable, Sequence
from typing import Any

from clickstream_platform.realtime.streams import CHECKOUTS, batches, stream_names
from clickstream_platform.simulate import LiveRecord

__all__ = ["NotPut", "batches", "by_stream", "put_all", "stream_names"]

_FIRST_WAIT, _LONGEST_WAIT = 0.1, 3.2


class NotPut(Exception):
    """Kinesis did not take all records in time. Putting them all again is harmless: silver takes each event once."""


def by_stream(records: Iterable[LiveRecord], streams: tuple[str, str]) -> dict[str, list[LiveRecord]]:
    """The records of each stream, in their order."""
    clicks, checkouts = streams
    routed: dict[str, list[LiveRecord]] = {}
    for record in records:
        routed.setdefault(checkouts if record.event in CHECKOUTS else clicks, []).append(record)
    return routed


def put_all(kinesis: Any, stream: str, records: Sequence[LiveRecord], patience: float) -> int:
    """Put records on a stream; those that Kinesis refuses (a shard has too much to do) are put again.

    The partition key is the entity, so that one shard has all that a person does.

    Args:
        kinesis: The client.
        stream: Its name.
        records: In their order; one that is put again comes behind later ones.
        patience: Seconds that refused records are put again and again.

    Returns:
        How often records had to be put again.

    Raises:
        NotPut: Kinesis still refuses some.
    """
    deadline, repeats = time.monotonic() + patience, 0
    for batch in batches([{"Data": record.data, "PartitionKey": record.entity} for record in records]):
        waiting, wait = batch, _FIRST_WAIT
        while True:
            answers = kinesis.put_records(StreamName=stream, Records=waiting)["Records"]
            refused = [place for place, answer in enumerate(answers) if answer.get("ErrorCode")]
            if not refused:
                break
            if time.monotonic() + wait > deadline:
                why = answers[refused[0]]["ErrorCode"]
                raise NotPut(f"{stream}: {len(refused)} record(s) not taken within {patience:g} s ({why})")
            time.sleep(wait)
            waiting, wait = [waiting[place] for place in refused], min(2 * wait, _LONGEST_WAIT)
            repeats += len(refused)
    return repeats
