"""The ingest API: which request is answered how."""

from collections.abc import Callable, Mapping
from typing import Any

from clickstream_platform.lambdas.environment import LambdaSettings
from clickstream_platform.lambdas.http_api import Answer, Refusal, answer, read_head, refused
from clickstream_platform.lambdas.ingest_api.access import Cors
from clickstream_platform.lambdas.ingest_api.answers import ErrorAnswer, HealthAnswer
from clickstream_platform.lambdas.ingest_api.ingest import Incoming, Ingest
from clickstream_platform.lambdas.ingest_api.telemetry import Told
from clickstream_platform.realtime.aws_calls import AwsError
from clickstream_platform.realtime.put_records import NotTaken

_RETRY_LATER = {"retry-after": "5"}


class IngestApi:
    """Answers requests; holds the clients.

    Raises:
        ValueError: A setting is wrong.
    """

    def __init__(self, settings: LambdaSettings) -> None:
        self._cors, ingest = Cors(settings.cors_origins), Ingest(settings)
        self._routes: dict[str, dict[str, Callable[[Incoming], Answer]]] = {
            "/events": {"POST": ingest.events, "OPTIONS": self._preflight},
            "/collect": {"POST": ingest.beacon, "OPTIONS": self._preflight},
            "/openapi.json": {"GET": _openapi},
            "/health": {"GET": lambda incoming: answer(200, HealthAnswer(status="ok"))},
        }

    def answer(self, event: Mapping[str, Any], correlation_id: str, seconds_left: float) -> Answer:
        """The answer to a request; whatever goes wrong with it is one too.

        Args:
            event: As API Gateway hands it over.
            correlation_id: Finds it in the log.
            seconds_left: Until the invocation is killed.
        """
        told, request = Told(correlation_id), read_head(event)
        try:
            said = self._handler(request.route, request.method)(Incoming(request, event, told, seconds_left))
        except Refusal as refusal:
            told.refused(refusal.status, str(refusal))
            said = refused(refusal, correlation_id)
        except (NotTaken, AwsError) as error:
            told.failed(error)
            said = _failed(correlation_id, is_transient=error.is_transient)
        except Exception as error:
            told.failed(error)
            said = _failed(correlation_id, is_transient=False)
        return {**said, "headers": {**said["headers"], **self._cors.headers(request)}}

    def _handler(self, route: str, method: str) -> Callable[[Incoming], Answer]:
        methods = self._routes.get(route.rstrip("/"))
        if methods is None:
            raise Refusal(404, "no such route; GET /openapi.json tells of all")
        if method not in methods:
            allowed = ", ".join(methods)
            raise Refusal(405, f"use {allowed}", {"allow": allowed})
        return methods[method]

    def _preflight(self, incoming: Incoming) -> Answer:
        return answer(204, None, self._cors.preflight(incoming.request, "POST, OPTIONS"))


def _openapi(incoming: Incoming) -> Answer:
    from clickstream_platform.lambdas.ingest_api.openapi import openapi_text  # events do not wait for it

    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": openapi_text()}


def _failed(correlation_id: str, *, is_transient: bool) -> Answer:
    """What a fault of ours is told as: nothing but an id, and whether to try again."""
    said = ErrorAnswer(correlation_id=correlation_id)
    return answer(503, said, _RETRY_LATER) if is_transient else answer(500, said)
