"""Every route of the platform's HTTP interface: which function answers it, and what it takes and gives.

The one place that declares them. The OpenAPI document is made of it, the local gateway goes by it, and so does whoever
deploys: a path is handed over with any method, as the functions answer wrong ones themselves.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from clickstream_platform.contract import Dataset, Event
from clickstream_platform.lambdas.http_route import Parameter, Response, Route, Text
from clickstream_platform.lambdas.ingest_api.answers import ErrorAnswer, EventsAnswer, HealthAnswer
from clickstream_platform.lambdas.replay.answers import ReplayAnswer
from clickstream_platform.realtime.replay_request import ReplayRequest

INGEST_API: Final = "ingest-api"
FILE_INGEST: Final = "file-ingest"
REPLAY: Final = "replay"


EventList = Annotated[list[Event], Meta(min_length=1, max_length=500)]


class Events(Struct):
    """Several events under an idempotency key of their own."""

    events: EventList
    idempotency_key: Annotated[str, Meta(min_length=1, max_length=256)] | None = None


class UploadAnswer(Struct, kw_only=True):
    """What became of a file."""

    dataset: Dataset
    source_id: str
    status: Annotated[str, Meta(description="`new`, `already_ingested`; `stored`: it is ingested within minutes.")]
    rows_read: int = 0
    accepted: int = 0
    rejected: Annotated[dict[str, int], Meta(description="Records by reason of refusal.")] = {}
    where: Annotated[dict[str, Any], Meta(description="Paths in the lake.")]
    correlation_id: str


_RETRY_AFTER = {"retry-after": "Seconds to wait."}
_EVENTS_REFUSED: Mapping[int, Response] = {
    400: Response("The body cannot be read, or no record is acceptable.", (EventsAnswer, ErrorAnswer)),
    401: Response("No write key, or a wrong one."),
    409: Response("The idempotency key belongs to another body, or its request is being worked on.", ErrorAnswer),
    413: Response("The body is longer than 6 MB, packed or unpacked, or has more than 500 events."),
    415: Response("Another content encoding than gzip."),
    429: Response("The stream has too much to do. Sending all of it again is harmless.", EventsAnswer, _RETRY_AFTER),
    500: Response("A fault of ours."),
    503: Response("A fault of ours that passes.", ErrorAnswer, _RETRY_AFTER),
}
_KEY = Annotated[str, Meta(min_length=1, max_length=256)]
_IDEMPOTENCY = Parameter(
    "idempotency-key",
    "header",
    "The same key with the same body is carried out once, and has the same answer for CLICKSTREAM_IDEMPOTENCY_HOURS.",
    _KEY,
)
_ENCODING = Parameter("content-encoding", "header", "`gzip`, where the body is packed.")
_PREFLIGHT = {204: Response("The page's origin may call where the answer names it.", None)}
_TAKEN = Response(
    "What became of each record.", EventsAnswer, {"idempotent-replayed": "`true`: answered before, nothing was done."}
)

_FAULTS: Mapping[int, Response] = {
    500: Response("A fault of ours."),
    503: Response("A fault of ours that passes.", ErrorAnswer, _RETRY_AFTER),
}
_UNKNOWN_REPLAY = Response("There is no such replay.")
_REPLAY_ID = Parameter("replay_id", "path", "As the answer to POST /replay says.", is_required=True)

ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/events",
        INGEST_API,
        "Send events, up to 500.",
        {202: _TAKEN, **_EVENTS_REFUSED},
        "One event, an array, an envelope, or lines. Each record is judged by itself. The server says `received_at`, "
        "and `user_agent` and `country` of events that do not.",
        (_IDEMPOTENCY, _ENCODING),
        {"application/json": (Event, EventList, Events), "application/x-ndjson": Text},
        needs_key=True,
    ),
    Route(
        "POST",
        "/collect",
        INGEST_API,
        "Send events from a page, also with navigator.sendBeacon.",
        {204: Response("All records are taken.", None), 202: _TAKEN, **_EVENTS_REFUSED},
        "As `/events`, with the write key as `?key=`, since beacons have no headers.",
        (_IDEMPOTENCY, _ENCODING),
        {"text/plain": Text, "application/json": (Event, EventList, Events)},
        needs_key=True,
    ),
    Route("OPTIONS", "/events", INGEST_API, "May a page call?", _PREFLIGHT),
    Route("OPTIONS", "/collect", INGEST_API, "May a page call?", _PREFLIGHT),
    Route("GET", "/openapi.json", INGEST_API, "This document.", {200: Response("OpenAPI 3.1.", dict)}),
    Route("GET", "/health", INGEST_API, "Is it there?", {200: Response("It is.", HealthAnswer)}),
    Route(
        "POST",
        "/upload/{dataset}",
        FILE_INGEST,
        "Upload a file of events, customers, products, orders or marketing spend.",
        {
            200: Response("Ingested, now or before.", UploadAnswer),
            202: Response("Stored; it is ingested within minutes.", UploadAnswer),
            400: Response("No such dataset, or the body cannot be read."),
            413: Response("The body is too long: compress it, or put the file into landing/."),
            500: Response("A fault of ours."),
        },
        "JSON lines, a JSON array or CSV, plain, gzip or zstd, told from the content.",
        (
            Parameter("dataset", "path", "What the records are.", Dataset, is_required=True),
            Parameter("name", "query", "Name of the file."),
            Parameter("x-file-name", "header", "The same."),
        ),
        {"application/x-ndjson": Text, "text/csv": Text, "application/octet-stream": Text},
    ),
    Route(
        "POST",
        "/replay",
        REPLAY,
        "Bring events of the past again.",
        {
            200: Response("It is done: a dry run, or one that the key began before.", ReplayAnswer),
            202: Response("It has begun.", ReplayAnswer, {"location": "Where its state is told."}),
            400: Response("It cannot be asked for; the error names the field."),
            404: Response("There are no such events, or no such object."),
            409: Response("The idempotency key was used for another replay."),
            410: Response("The person was erased."),
            413: Response("The body is too long."),
            **_FAULTS,
        },
        "By entity and window, window, days or objects.",
        (Parameter("idempotency-key", "header", "The same key with the same body begins one replay.", _KEY),),
        {"application/json": ReplayRequest},
    ),
    Route(
        "GET",
        "/replay/{replay_id}",
        REPLAY,
        "State and counts of a replay.",
        {200: Response("What is known of it.", ReplayAnswer), 404: _UNKNOWN_REPLAY, **_FAULTS},
        parameters=(_REPLAY_ID,),
    ),
    Route(
        "POST",
        "/replay/{replay_id}/cancel",
        REPLAY,
        "Bring no more events of a replay.",
        {
            200: Response("It is cancelled.", ReplayAnswer),
            404: _UNKNOWN_REPLAY,
            409: Response("It has ended."),
            **_FAULTS,
        },
        parameters=(_REPLAY_ID,),
    ),
    Route(
        "POST",
        "/replay/{replay_id}/redrive",
        REPLAY,
        "Send again what failed.",
        {
            202: Response("It runs again.", ReplayAnswer),
            404: _UNKNOWN_REPLAY,
            409: Response("There is nothing to send again."),
            **_FAULTS,
        },
        parameters=(_REPLAY_ID,),
    ),
)
