"""The entry point: `clickstream_platform.lambdas.replay.handler.handler`."""

import time
from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from clickstream_platform.lambdas.environment import settings
from clickstream_platform.lambdas.http_api import is_request
from clickstream_platform.lambdas.observability import correlation_id, log
from clickstream_platform.lambdas.replay.routes import respond
from clickstream_platform.lambdas.replay.service import ReplayService
from clickstream_platform.lambdas.replay.steps import Step
from clickstream_platform.realtime.replay_state import UnknownReplay, WrongState

_SPARE_SECONDS = 30.0
_LONGEST_SECONDS = 240.0


@cache
def service() -> ReplayService:
    """The process' own, with its clients."""
    return ReplayService(settings())


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Answer a request of API Gateway, or take replays further that the queue of steps names.

    Returns:
        For API Gateway, its answer; for SQS, `batchItemFailures`.

    Raises:
        ValueError: The event is neither.
    """
    correlation = correlation_id(context)
    if is_request(event):
        return respond(service, event, correlation)
    records = event.get("Records")
    if not isinstance(records, list):
        raise ValueError("neither a request of API Gateway nor messages of SQS")
    failures = []
    for record in records:
        try:
            _run(record, _until(context), correlation)
        except Exception as error:  # the other replays must not wait for this one
            log("ERROR", "a replay's step failed", error=repr(error), correlation_id=correlation)
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def _run(record: Mapping[str, Any], until: float, correlation: str) -> None:
    replay_id = msgspec.json.decode(record["body"], type=Step).replay_id
    try:
        service().steps.run(replay_id, until)
    except UnknownReplay as error:
        log("WARNING", str(error), correlation_id=correlation)
    except Exception as error:
        if int(record.get("attributes", {}).get("ApproximateReceiveCount", 1)) >= settings().replay_max_receives:
            _give_up(replay_id, error)
        raise


def _give_up(replay_id: str, error: Exception) -> None:
    try:
        service().replays.end(replay_id, "failed", f"its events could not be selected or sent: {error}")
    except WrongState:
        return


def _until(context: object) -> float:
    """How long steps may be taken, with time left for the last one."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    seconds = remaining() / 1000 if remaining else _LONGEST_SECONDS
    return time.time() + max(0.0, min(_LONGEST_SECONDS, seconds - _SPARE_SECONDS))
