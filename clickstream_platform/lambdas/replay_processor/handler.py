"""The entry point: `clickstream_platform.lambdas.replay_processor.handler.handler`."""

import time
from collections.abc import Mapping
from functools import cache
from typing import Any

from clickstream_platform.lambdas.environment import settings
from clickstream_platform.lambdas.observability import correlation_id, emit_metrics, log
from clickstream_platform.lambdas.replay.steps import Bring
from clickstream_platform.lambdas.replay_processor.processor import ReplayProcessor, read_message
from clickstream_platform.realtime.replay_items import Replay, State


@cache
def processor() -> ReplayProcessor:
    """The process' own, with its clients."""
    return ReplayProcessor(settings())


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Work on messages of the replay queue, as an SQS mapping with `ReportBatchItemFailures` brings them.

    Returns:
        `batchItemFailures`: the messages that are to come again, and after the last time become dead letters.

    Raises:
        ValueError: The event has no messages of SQS.
    """
    records = event.get("Records")
    if not isinstance(records, list):
        raise ValueError("not messages of SQS")
    correlation, failures, messages = correlation_id(context), [], []
    for record in records:
        try:
            messages.append((record, read_message(record["body"])))
        except ValueError as error:
            log("ERROR", str(error), message_id=record["messageId"], correlation_id=correlation)
            failures.append(record["messageId"])
    replays = processor().replays.get_many([message.replay_id for _, message in messages]) if messages else {}
    for record, message in messages:
        try:
            _work(record, message, replays.get(message.replay_id), correlation)
        except Exception as error:  # the other messages must not wait for this one
            log(
                "ERROR",
                "events of a replay could not be brought",
                error=repr(error),
                replay_id=message.replay_id,
                object=message.pointers.object,
                page=message.page,
                number=message.number,
                correlation_id=correlation,
            )
            emit_metrics({"replay_failed": (len(message.pointers.rows), "Count")})
            failures.append(record["messageId"])
    return {"batchItemFailures": [{"itemIdentifier": one} for one in failures]}


def _work(record: Mapping[str, Any], message: Bring, replay: Replay | None, correlation: str) -> None:
    name = (message.replay_id, message.page, message.number)
    about = dict(zip(("replay_id", "page", "number"), name, strict=True))
    if replay is None or replay.state == "cancelled":
        log("INFO", "a message of a replay that is over is passed over", **about, correlation_id=correlation)
        return
    pages, begun = processor().pages, time.monotonic()
    if pages.is_done(*name):
        # Once more: whoever did it may have been killed before the replay was told.
        _over(pages.message_done(*name, processed=0, missing=0, refused=0), message)
        return
    is_last = int(record.get("attributes", {}).get("ApproximateReceiveCount", 1)) >= settings().replay_max_receives
    if is_last:
        # Kept now: this attempt may be killed, and then nobody could.
        pages.message_failed(*name, len(message.pointers.rows), "the last attempt was cut short")
    try:
        brought = processor().bring(message, replay.request)
    except Exception as error:
        if is_last:
            pages.message_failed(*name, len(message.pointers.rows), f"{type(error).__name__}: {error}")
        raise
    _over(pages.message_done(*name, **brought._asdict()), message)
    emit_metrics(
        {
            "replay_processed": (brought.processed, "Count"),
            "replay_missing": (brought.missing, "Count"),
            "replay_refused": (brought.refused, "Count"),
            "duration": ((time.monotonic() - begun) * 1000, "Milliseconds"),
        },
        {"target": replay.request.target},
        **about,
        correlation_id=correlation,
    )


def _over(state: State, message: Bring) -> None:
    """Of a replay that is done nothing is sent again."""
    if state == "done":
        processor().forget_plans(message.replay_id)
