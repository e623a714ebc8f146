"""The platform's OpenAPI document as API Gateway takes it: with integrations, authorisation and validation.

API Gateway judges what makes a request a request: its parameters, and the form of its body. What an event is, is judged
by the function, one by one, since one bad record must not cost a shop the other 499.
"""

from collections.abc import Mapping
from typing import Any, Final

from aws_cdk import Aws

from clickstream_platform.lambdas.http_routes import ROUTES, Route
from clickstream_platform.lambdas.ingest_api.openapi import openapi_document

_OPEN: Final = {("OPTIONS", "/events"), ("OPTIONS", "/collect"), ("GET", "/health")}
"""What anybody may ask."""

_REMARKS: Final = {"default", "description", "examples", "format", "title"}
_COLLECT: Final = ("POST", "/collect")
_BODIES: Final = {
    "/events": {"anyOf": [{"type": "object"}, {"type": "array", "minItems": 1, "maxItems": 500}]},
}
"""Bodies whose records are judged one by one."""
_INVOKE: Final = f"arn:{Aws.PARTITION}:apigateway:{Aws.REGION}:lambda:path/2015-03-31"
BINARY: Final = ["application/gzip", "application/octet-stream", "application/x-ndjson", "text/csv"]


def gateway_document(functions: Mapping[str, str], *, has_write_keys: bool) -> dict[str, Any]:
    """The document.

    Args:
        functions: ARN of each function by the name that routes have for it.
        has_write_keys: Whether pages may send events with a write key, and no signature.
    """
    document = openapi_document()
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        is_open = (route.method, route.path) in _OPEN or ((route.method, route.path) == _COLLECT and has_write_keys)
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(
            route, functions[route.function], is_open, document
        )
    return {
        "openapi": "3.0.1",
        "info": document["info"],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "iam": {
                    "type": "apiKey",
                    "name": "Authorization",
                    "in": "header",
                    "x-amazon-apigateway-authtype": "awsSigv4",
                }
            }
        },
        "x-amazon-apigateway-binary-media-types": BINARY,
        "x-amazon-apigateway-request-validators": {
            "all": {"validateRequestBody": True, "validateRequestParameters": True}
        },
        "x-amazon-apigateway-request-validator": "all",
        "x-amazon-apigateway-gateway-responses": {
            "BAD_REQUEST_BODY": {
                "statusCode": 400,
                "responseTemplates": {
                    "application/json": '{"error": "the body: $context.error.validationErrorString"}'
                },
            }
        },
    }


def _body(route: Route, document: dict[str, Any]) -> dict[str, Any] | None:
    """The schema of a request's body, as far as API Gateway judges it."""
    if route.path in _BODIES:
        return _BODIES[route.path] if route.method == "POST" else None
    asked = document["paths"][route.path][route.method.lower()].get("requestBody", {}).get("content", {})
    if set(asked) != {"application/json"}:
        return None  # files, and what pages send as text
    return draft4(asked["application/json"]["schema"], document["components"]["schemas"])


def draft4(schema: Any, components: Mapping[str, Any]) -> Any:
    """A schema in the words that API Gateway knows: without references, remarks, and null, which it has not."""
    if isinstance(schema, list):
        return [draft4(one, components) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return draft4(components[schema["$ref"].rpartition("/")[2]], components)
    if "anyOf" in schema:
        options = [one for one in schema["anyOf"] if one != {"type": "null"}]
        return draft4(options[0], components) if len(options) == 1 else {"anyOf": draft4(options, components)}
    kept = {name: value for name, value in schema.items() if name not in _REMARKS and value != []}
    if "properties" in kept:
        known = {name: draft4(value, components) for name, value in kept["properties"].items()}
        return {**{name: value for name, value in kept.items() if name != "properties"}, "properties": known}
    return {name: draft4(value, components) for name, value in kept.items()}


def _operation(route: Route, function: str, is_open: bool, document: dict[str, Any]) -> dict[str, Any]:
    body = _body(route, document)
    return {
        "operationId": route.method.lower() + "".join(part.strip("{}").title() for part in route.path.split("/")),
        "summary": route.summary,
        "parameters": [
            {
                "name": parameter.name,
                "in": parameter.place,
                "required": parameter.is_required,
                "schema": {"type": "string"},
            }
            for parameter in route.parameters
        ],
        **({"requestBody": {"required": True, "content": {"application/json": {"schema": body}}}} if body else {}),
        "responses": {str(status): {"description": one.description} for status, one in route.responses.items()},
        "security": [] if is_open else [{"iam": []}],
        "x-amazon-apigateway-integration": {
            "type": "aws_proxy",
            "httpMethod": "POST",
            "uri": f"{_INVOKE}/functions/{function}/invocations",
            "timeoutInMillis": 29_000,
        },
    }
