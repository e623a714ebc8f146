"""Which stream a record goes to, and putting many records on a stream."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from clickstream_platform.simulate import LiveRecord

CHECKOUTS = frozenset({"begin_checkout", "purchase", "refund"})
"""What goes to the second stream where there are two; clicks, landings and everything else go to the first."""

MOST_RECORDS, MOST_BYTES = 500, 5 << 20
"""What one `PutRecords` takes."""

_FIRST_WAIT, _LONGEST_WAIT = 0.1, 3.2


class NotPut(Exception):
    """Kinesis did not take all records in time. Putting them all again is harmless: silver takes each event once."""


def stream_names(setting: str) -> tuple[str, str]:
    """The streams of clicks and of checkouts, often the same one.

    Raises:
        ValueError: The setting names no stream, or more than two.
    """
    names = [name.strip() for name in setting.split(",") if name.strip()]
    if not 1 <= len(names) <= 2:
        raise ValueError(f"CLICKSTREAM_STREAMS: {setting!r} is neither one stream nor two (clicks,checkouts)")
    return names[0], names[-1]


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


def batches(entries: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """The entries in their order, in lists that one `PutRecords` takes."""
    batch: list[Mapping[str, Any]] = []
    held = 0
    for entry in entries:
        size = len(entry["Data"]) + len(entry["PartitionKey"].encode())
        if batch and (len(batch) == MOST_RECORDS or held + size > MOST_BYTES):
            yield batch
            batch, held = [], 0
        batch.append(entry)
        held += size
    if batch:
        yield batch
