"""What is told of a replay, as its HTTP answers have it."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from clickstream_platform.realtime.replay_request import Target


class ReplayCounts(Struct, kw_only=True):
    """Events of a replay, by what became of them."""

    selected: int
    sent: Annotated[int, Meta(description="In messages to the processor.")]
    processed: Annotated[int, Meta(description="That reached the target.")]
    missing: Annotated[int, Meta(description="That are no longer in bronze where they were.")]
    refused: Annotated[int, Meta(description="Of erased persons.")]
    failed: Annotated[int, Meta(description="In messages that failed for good, until a redrive.")]


class ReplayEstimate(Struct, kw_only=True):
    """What bringing the events takes."""

    requests: Annotated[dict[str, int], Meta(description="Billed requests and units by kind.")]
    usd: Annotated[float, Meta(description="By list prices of us-east-1.")]
    messages: int
    pages: int
    seconds: Annotated[float, Meta(description="At the least, by events_per_second.")]


class ReplayAnswer(Struct, kw_only=True, omit_defaults=True):
    """State and counts of a replay."""

    replay_id: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    target: Target
    dry_run: bool
    created_at: str
    counts: ReplayCounts
    estimate: Annotated[ReplayEstimate | None, Meta(description="Of a dry run.")] = None
    error: Annotated[str | None, Meta(description="Why its events could not be selected or sent.")] = None
    failures: Annotated[list[str], Meta(description="The first messages that failed, and why.")] = []
    messages_sent_again: Annotated[int | None, Meta(description="By this redrive.")] = None
