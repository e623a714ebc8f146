"""The OpenAPI 3.1 document, made of the routes and of the types that validation and answers use."""

from functools import cache
from typing import Any, Final

import msgspec

from clickstream_platform.contract.schema import complete_event
from clickstream_platform.lambdas.http_route import Parameter, Response, Route, Text
from clickstream_platform.lambdas.http_routes import ROUTES

_REFERENCE: Final = "#/components/schemas/{name}"
_KEYS: Final[list[dict[str, list[str]]]] = [{"writeKeyHeader": []}, {"writeKeyQuery": []}, {}]


def openapi_document() -> dict[str, Any]:
    """The document as plain values."""
    types = _types()
    schemas, components = msgspec.json.schema_components(types, ref_template=_REFERENCE)
    schema_of = dict(zip(map(repr, types), schemas, strict=True))
    complete_event(components["Event"])
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Clickstream Platform",
            "version": "1",
            "description": "Events and files of shops. Generated from the contract and the routes of the functions.",
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "writeKeyHeader": {"type": "apiKey", "in": "header", "name": "x-write-key"},
                "writeKeyQuery": {"type": "apiKey", "in": "query", "name": "key"},
            },
        },
    }


@cache
def openapi_text() -> str:
    """The same as it is served, and kept in docs/openapi.json."""
    return msgspec.json.format(msgspec.json.encode(openapi_document())).decode() + "\n"


def _types() -> list[Any]:
    """Every type that a route names, once."""
    named = [
        one
        for route in ROUTES
        for types in (
            *route.bodies.values(),
            *(parameter.type for parameter in route.parameters),
            *(response.type for response in route.responses.values()),
        )
        for one in _each(types)
    ]
    return list({repr(one): one for one in named}.values())


def _operation(route: Route, schema_of: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": _operation_id(route),
        "summary": route.summary,
        **({"description": route.description} if route.description else {}),
        "tags": [route.function],
        **({"parameters": [_parameter(one, schema_of) for one in route.parameters]} if route.parameters else {}),
        **({"requestBody": _request_body(route, schema_of)} if route.bodies else {}),
        "responses": {str(status): _response(one, schema_of) for status, one in sorted(route.responses.items())},
        **({"security": _KEYS} if route.needs_key else {}),
    }


def _operation_id(route: Route) -> str:
    words = route.path.replace("{", "").replace("}", "").replace(".", "/").replace("-", "/").split("/")
    return route.method.lower() + "".join(word.capitalize() for word in words)


def _parameter(parameter: Parameter, schema_of: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.description,
        **({"required": True} if parameter.is_required else {}),
        "schema": _schema(parameter.type, schema_of),
    }


def _request_body(route: Route, schema_of: dict[str, Any]) -> dict[str, Any]:
    content = {kind: {"schema": _schema(body, schema_of)} for kind, body in route.bodies.items()}
    return {"required": True, "content": content}


def _response(response: Response, schema_of: dict[str, Any]) -> dict[str, Any]:
    headers = {
        name: {"description": meaning, "schema": {"type": "string"}} for name, meaning in response.headers.items()
    }
    body = None if response.type is None else {"application/json": {"schema": _schema(response.type, schema_of)}}
    return {
        "description": response.description,
        **({"headers": headers} if headers else {}),
        **({"content": body} if body else {}),
    }


def _schema(types: Any, schema_of: dict[str, Any]) -> dict[str, Any]:
    found = [schema_of[repr(one)] for one in _each(types)]
    if not found:
        return {"type": "string"}
    return found[0] if len(found) == 1 else {"anyOf": found}


def _each(types: Any) -> tuple[Any, ...]:
    """The types that something is one of; none for plain text and for no body."""
    return types if isinstance(types, tuple) else () if types in (None, Text) else (types,)
