"""Replays over HTTP: `POST /replay`, `GET /replay/{id}`, `POST /replay/{id}/cancel`, `POST /replay/{id}/redrive`."""

from collections.abc import Callable, Mapping
from typing import Any

from clickstream_platform.lambdas.http_api import Answer, Refusal, Request, answer, read_request, refused
from clickstream_platform.lambdas.observability import emit_metrics, log
from clickstream_platform.lambdas.replay.service import Erased, NothingFound, ReplayService
from clickstream_platform.realtime.aws_calls import AwsError
from clickstream_platform.realtime.replay_request import BadReplay, read_replay
from clickstream_platform.realtime.replay_state import OtherReplay, UnknownReplay, WrongState

_MOST_BODY_BYTES = 1 << 20
_MOST_KEY = 256
_STATUS: tuple[tuple[type[Exception], int], ...] = (
    (BadReplay, 400),
    (Erased, 410),
    (NothingFound, 404),
    (UnknownReplay, 404),
    (WrongState, 409),
    (OtherReplay, 409),
)


def respond(service: Callable[[], ReplayService], event: Mapping[str, Any], correlation_id: str) -> Answer:
    """The answer to a request: 2xx, 4xx with what is wrong, 503 where trying again helps, 500 with an id only."""
    try:
        return _routed(service, read_request(event, _MOST_BODY_BYTES))
    except Refusal as refusal:
        return _refused(refusal, correlation_id)
    except Exception as error:
        for kind, status in _STATUS:
            if isinstance(error, kind):
                return _refused(Refusal(status, str(error)), correlation_id)
        log("ERROR", "a request about a replay failed", error=repr(error), correlation_id=correlation_id)
        if isinstance(error, AwsError) and error.is_transient:
            return answer(503, {"correlation_id": correlation_id}, {"retry-after": "5"})
        return answer(500, {"correlation_id": correlation_id})


def _routed(service: Callable[[], ReplayService], request: Request) -> Answer:
    parts = [part for part in request.path.split("/") if part]
    if not parts or parts[0] != "replay" or len(parts) > 3:
        raise Refusal(404, f"there is no {request.path[:100]}; replays are at /replay")
    if len(parts) == 1:
        _require(request, "POST")
        return _started(service(), request)
    replay_id = parts[1]
    if len(parts) == 2:
        _require(request, "GET")
        return answer(200, service().get(replay_id))
    _require(request, "POST")
    if parts[2] == "cancel":
        return answer(200, service().cancel(replay_id))
    if parts[2] == "redrive":
        return answer(202, service().redrive(replay_id))
    raise Refusal(404, f"there is no {request.path[:100]}; a replay can be asked for cancel and redrive")


def _started(service: ReplayService, request: Request) -> Answer:
    key = request.headers.get("idempotency-key")
    if key is not None and not 1 <= len(key) <= _MOST_KEY:
        raise Refusal(400, f"idempotency-key: has 1 to {_MOST_KEY} characters")
    started = service.start(read_replay(request.body), key)
    emit_metrics({"replays": (1, "Count")}, {"target": started["target"]}, replay_id=started["replay_id"])
    if started["state"] == "done":
        return answer(200, started)
    return answer(202, started, {"location": f"/replay/{started['replay_id']}"})


def _require(request: Request, method: str) -> None:
    if request.method != method:
        raise Refusal(405, f"use {method}", {"allow": method})


def _refused(refusal: Refusal, correlation_id: str) -> Answer:
    log("WARNING", "a request about a replay was refused", why=str(refusal), correlation_id=correlation_id)
    emit_metrics({"refused_requests": (1, "Count")}, {"status": str(refusal.status)})
    return refused(refusal, correlation_id)
