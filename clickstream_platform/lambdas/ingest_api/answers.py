"""What the ingest API answers: the types that answers are made of, and that the OpenAPI document tells of."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from clickstream_platform.contract import Reason

_LONGEST_ANSWER = 256 << 10


class RefusedRecord(Struct, kw_only=True):
    """A record that was refused, and why."""

    index: Annotated[int, Meta(ge=0, description="Its place in the request, from 0; of lines, empty ones not counted.")]
    event_id: Annotated[str | None, Meta(description="Where it can be read.")] = None
    reason: Reason
    field: Annotated[str | None, Meta(description="What the reason is about; null: the record as a whole.")] = None
    detail: Annotated[str | None, Meta(description="Left out of answers that would be very long.")] = None
    meaning: Annotated[str, Meta(description="What the reason means.")]


class EventsAnswer(Struct, kw_only=True, omit_defaults=True):
    """What became of the records of a request."""

    error: Annotated[str | UnsetType, Meta(description="Why the request as a whole did not succeed.")] = UNSET
    accepted: Annotated[int, Meta(ge=0, description="Records that are on the stream.")]
    refused: Annotated[int, Meta(ge=0, description="Records that the contract refuses.")]
    refusals: list[RefusedRecord]
    taken: Annotated[
        list[int] | UnsetType, Meta(description="With status 429: places of the records that are on the stream.")
    ] = UNSET
    correlation_id: str


class ErrorAnswer(Struct, kw_only=True, omit_defaults=True):
    """A request that was refused as a whole, or a fault of ours, of which only the id is told."""

    error: Annotated[str | UnsetType, Meta(description="Why; not told where the fault is ours.")] = UNSET
    correlation_id: Annotated[str, Meta(description="Finds the request in the log.")]


class HealthAnswer(Struct, kw_only=True):
    """The function runs and its settings are sound."""

    status: str


def bounded(answer: EventsAnswer) -> EventsAnswer:
    """An answer that is no longer than an item of DynamoDB may be: without ids and details where it would be."""
    if len(msgspec.json.encode(answer)) <= _LONGEST_ANSWER:
        return answer
    short = [msgspec.structs.replace(one, event_id=None, detail=None) for one in answer.refusals]
    return msgspec.structs.replace(answer, refusals=short)
