"""The OpenAPI document: sound, complete, and kept by the functions for whatever schemathesis makes of it."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from clickstream_platform.contract import DATASETS
from clickstream_platform.lambdas.file_ingest import handler as file_ingest
from clickstream_platform.lambdas.http_route import Route
from clickstream_platform.lambdas.http_routes import FILE_INGEST, INGEST_API, REPLAY, ROUTES
from clickstream_platform.lambdas.ingest_api import handler as ingest_api
from clickstream_platform.lambdas.ingest_api.openapi import openapi_document, openapi_text
from clickstream_platform.lambdas.replay import handler as replay
from clickstream_platform.local_aws.functions import InProcess
from clickstream_platform.local_aws.gateway import Gateway
from clickstream_platform.local_aws.resources import create_all
from clickstream_platform_tests.lambdas.ingest_api.harness import Api, event, events


def schema_of(name: str) -> dict[str, Any]:
    """A component of the document as a JSON Schema of its own."""
    document = openapi_document()
    return {**document["components"]["schemas"][name], "components": document["components"]}


def test_the_function_serves_the_document(api: Api) -> None:
    said = api.ask("GET", "/openapi.json")
    assert (said.status, said.headers["content-type"]) == (200, "application/json")
    assert said.body == openapi_document() == json.loads(openapi_text())
    assert said.body["openapi"] == "3.1.0"


def test_every_route_is_in_it_once() -> None:
    paths = openapi_document()["paths"]
    declared = {(route.path, route.method.lower()) for route in ROUTES}
    assert {(path, method) for path, item in paths.items() for method in item} == declared
    names = [operation["operationId"] for item in paths.values() for operation in item.values()]
    assert len(names) == len(set(names)) == len(ROUTES)
    assert {path for path, item in paths.items() for one in item.values() if "security" in one} == {
        "/events",
        "/collect",
    }
    upload = paths["/upload/{dataset}"]["post"]["parameters"][0]
    assert (upload["in"], upload["required"], sorted(upload["schema"]["enum"])) == ("path", True, sorted(DATASETS))


def test_every_reference_leads_somewhere() -> None:
    document = openapi_document()

    def references(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            yield from [value["$ref"]] if "$ref" in value else []
            for inner in value.values():
                yield from references(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from references(inner)

    for reference in set(references(document)):
        found: Any = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]


def test_events_and_answers_are_of_its_schemas(api: Api) -> None:
    for one in (*events(2), event(user_id="u", anonymous_id=..., extra={"a": 1})):
        jsonschema.validate(one, schema_of("Event"))
    jsonschema.validate({"events": events(1), "idempotency_key": "k"}, schema_of("Events"))
    for wrong in (event(anonymous_id=...), event(event_name="x"), event(value=-1)):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema_of("Event"))
    for body in (events(2), [event(), {}], [{}]):
        jsonschema.validate(api.post(body).body, schema_of("EventsAnswer"))
    jsonschema.validate(api.post(b"{").body, schema_of("ErrorAnswer"))
    jsonschema.validate(api.ask("GET", "/health").body, schema_of("HealthAnswer"))


@pytest.fixture
def served(api: Api) -> Iterator[Any]:
    """The document as a running gateway serves it."""
    made = create_all(api.aws.endpoint).settings()
    api.configure(**{name.removeprefix("CLICKSTREAM_").lower(): value for name, value in made.items()})
    api.configure(cors_origins="https://shop.example")
    _forget_clients()
    functions = {
        INGEST_API: InProcess(ingest_api.handler),
        FILE_INGEST: InProcess(file_ingest.handler),
        REPLAY: InProcess(replay.handler),
    }
    gateway = Gateway(functions).start()
    yield schemathesis.openapi.from_url(f"{gateway.endpoint}/openapi.json")
    gateway.stop()
    _forget_clients()


def _forget_clients() -> None:
    file_ingest.file_ingest.cache_clear()
    replay.service.cache_clear()


VALID, INVALID = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
ASKED = [(route, VALID) for route in ROUTES] + [(route, INVALID) for route in ROUTES if route.bodies]
# All checks but two: a schema can say neither which times are in range nor what a text must hold.
_LEFT_OUT = [positive_data_acceptance, negative_data_rejection]


@pytest.mark.parametrize(
    ("route", "mode"), ASKED, ids=lambda one: one.value if one in (VALID, INVALID) else f"{one.method} {one.path}"
)
def test_no_request_that_schemathesis_makes_is_a_server_error(
    served: Any, route: Route, mode: schemathesis.GenerationMode
) -> None:
    operation = served[route.path][route.method]

    @given(operation.as_strategy(generation_mode=mode))
    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
    def ask(case: schemathesis.Case) -> None:
        case.call_and_validate(excluded_checks=_LEFT_OUT)

    ask()
